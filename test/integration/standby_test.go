package integration

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/daemon"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// leaseDuration is the default: how long a standby waits for a leader that is silent.
const leaseDuration = 15 * time.Second

// TestAStandbyTakesOverInTheMiddleOfAnEdit kills the leader while it carries an edit of many objects to the members. The standby has the Lease
// once it has run out, brings what is missing, and writes nothing twice: no copy's generation moves more than once for the edit.
func TestAStandbyTakesOverInTheMiddleOfAnEdit(t *testing.T) {
	quiet(t)
	s := newScene(t, "standby")
	const objects = 60
	concurrently(t, objects, func(i int) error {
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON(fmt.Appendf(nil, `{"apiVersion": "types.kubefed.io/v1beta1", "kind": "FederatedDeployment", "metadata": {"name": "d%d"}, "spec": {"placement": {"clusterSelector": {}},
			"template": {"spec": {"replicas": 0, "selector": {"matchLabels": {"app": "d%[1]d"}}, "template": {"metadata": {"labels": {"app": "d%[1]d"}}, "spec": {"containers": [{"name": "c", "image": "before"}]}}}}}}`, i)); err != nil {
			return err
		}
		_, err := s.host.of("federateddeployment").Create(t.Context(), o, metav1.CreateOptions{})
		return err
	})
	for i := range objects {
		s.settled(t, "federateddeployment", fmt.Sprintf("d%d", i))
	}
	before := s.generations(t)
	standby, err := daemon.Start(context.WithoutCancel(t.Context()), daemon.Options{
		Binary: fleet.raceBinary, Kubeconfig: fleet.lab.Kubeconfig(), Log: filepath.Join(fleet.lab.Dir(), "fedsyncd.log"), Args: []string{"-v=1"}, ReadyPath: "/healthz",
	})
	if err != nil {
		t.Fatal(err)
	}
	leader := fleet.daemon
	fleet.daemon = standby // whatever happens here, the next test has a daemon

	concurrently(t, objects, func(i int) error {
		_, err := s.host.of("federateddeployment").Patch(t.Context(), fmt.Sprintf("d%d", i), types.MergePatchType,
			[]byte(`{"spec": {"template": {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "after"}]}}}}}}`), metav1.PatchOptions{})
		if i == objects/3 {
			leader.Kill()
		}
		return err
	})
	atKill := s.moved(t, before)
	killed := time.Now()
	first := eventually(t, time.Minute, "the standby writes", func() string {
		if now := s.moved(t, before); now <= atKill && now < objects*members {
			return fmt.Sprintf("%d of %d copies are edited", now, objects*members)
		}
		return ""
	})
	for i := range objects {
		s.settled(t, "federateddeployment", fmt.Sprintf("d%d", i))
	}
	if atKill == 0 || atKill == objects*members {
		t.Logf("the leader was killed when %d of %d copies were edited, which is not in the middle", atKill, objects*members)
	}
	t.Logf("measured: the leader was killed with %d of %d copies edited; the standby wrote after %s and had all after %s (daemon with race detector)",
		atKill, objects*members, first.Round(10*time.Millisecond), time.Since(killed).Round(10*time.Millisecond))
	if limit := leaseDuration + 8*time.Second; first > limit {
		t.Errorf("nobody wrote for %s, longer than the Lease lasts and %s for the start", first, limit-leaseDuration)
	}
	for copied, generation := range s.generations(t) {
		if moved := generation - before[copied]; moved != 1 {
			t.Errorf("the generation of %s moved by %d for one edit", copied, moved)
		}
	}
}

// TestARollingRestartHandsOver has leaders end in order, one after another, and looks how long nobody works: from the signal to the leader
// until an edit that was made after it is in all members.
func TestARollingRestartHandsOver(t *testing.T) {
	fleet.withDaemon(t, fleet.binary) // the race detector's starts and ends are slow
	s := newScene(t, "rolling")
	s.configMaps(t, 1, "0")
	s.settled(t, "federatedconfigmap", "c0")
	const limit = 2 * time.Second
	var gaps []time.Duration
	for i := 1; i <= 5; i++ {
		standby, err := daemon.Start(context.WithoutCancel(t.Context()), daemon.Options{
			Binary: fleet.binary, Kubeconfig: fleet.lab.Kubeconfig(), Log: filepath.Join(fleet.lab.Dir(), "fedsyncd.log"), Args: []string{"-v=1"},
		})
		if err != nil {
			t.Fatal(err)
		}
		leader := fleet.daemon
		fleet.daemon = standby
		asked := time.Now()
		if _, err := leader.Stop(); err != nil {
			t.Fatal(err)
		}
		s.editAll(t, 1, fmt.Sprint(i))
		s.allHave(t, time.Minute, fmt.Sprint(i), slices.Collect(maps.Keys(s.m))...)
		gaps = append(gaps, time.Since(asked).Round(10*time.Millisecond))
	}
	t.Logf("measured: with the default retry period nobody worked for %v", gaps)
	for _, gap := range gaps {
		if gap > limit {
			t.Errorf("the hand-over took %s, more than %s", gap, limit)
		}
	}
}

// generations returns the generation of every Deployment of the scene, by member and name.
func (s scene) generations(t *testing.T) map[string]int64 {
	t.Helper()
	all := map[string]int64{}
	for member := range s.m {
		list, err := s.m[member].of("deployment").List(t.Context(), managed)
		if err != nil {
			t.Fatal(err)
		}
		for i := range list.Items {
			all[member+"/"+list.Items[i].GetName()] = list.Items[i].GetGeneration()
		}
	}
	return all
}

// moved counts the copies whose generation is not what it was.
func (s scene) moved(t *testing.T, before map[string]int64) (moved int) {
	t.Helper()
	for copied, generation := range s.generations(t) {
		if generation != before[copied] {
			moved++
		}
	}
	return moved
}
