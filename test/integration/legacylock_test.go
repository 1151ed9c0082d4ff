package integration

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/retry"
)

// quickElection are leader election times that a test can wait for; the KubeFedConfig's count from the start only.
const quickElection = `{leaderElect: {leaseDuration: 3s, renewDeadline: 2s, retryPeriod: 500ms}}`

// rival keeps KubeFed's lock as its controller manager does.
type rival struct {
	stop context.CancelFunc
	done chan struct{}
}

func (r *rival) end() {
	r.stop()
	<-r.done
}

// newRival takes KubeFed's lock for a lease of three seconds, and renews it until it is ended.
func newRival(t *testing.T) *rival {
	t.Helper()
	system := cluster{fleet.host, federation.Namespace}
	record := func() string {
		now := time.Now().UTC().Format(time.RFC3339)
		return fmt.Sprintf(`{"holderIdentity":"manager-0","leaseDurationSeconds":3,"acquireTime":%q,"renewTime":%q,"leaderTransitions":0}`, now, now)
	}
	system.create(t, "configmap", fmt.Sprintf(`{apiVersion: v1, kind: ConfigMap, metadata: {name: kubefed-controller-manager, annotations: {control-plane.alpha.kubernetes.io/leader: '%s'}}}`, record()))
	t.Cleanup(func() { system.remove(t, "configmap", "kubefed-controller-manager") })
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	r := &rival{stop: stop, done: make(chan struct{})}
	t.Cleanup(r.end)
	go func() {
		defer close(r.done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := renew(ctx, system, record()); err != nil && ctx.Err() == nil {
				t.Errorf("renew KubeFed's lock: %v", err)
			}
		}
	}()
	return r
}

func renew(ctx context.Context, system cluster, record string) error {
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		o, err := system.of("configmap").Get(ctx, "kubefed-controller-manager", metav1.GetOptions{})
		if err != nil {
			return err
		}
		o.SetAnnotations(map[string]string{"control-plane.alpha.kubernetes.io/leader": record})
		_, err = system.of("configmap").Update(ctx, o, metav1.UpdateOptions{})
		return err
	})
}

// quickly makes the daemon start with quick election times, and with the usual ones after the test.
func quickly(t *testing.T) {
	t.Helper()
	setConfig(t, quickElection, `{leaderElect: null}`)
}

func leaseHolder(t *testing.T) string {
	t.Helper()
	lease := cluster{fleet.host, federation.Namespace}.get(t, "lease", "fedsyncd")
	if lease == nil {
		return ""
	}
	holder, _, _ := unstructured.NestedString(lease.Object, "spec", "holderIdentity")
	return holder
}

func TestADaemonWaitsForKubeFed(t *testing.T) {
	s := newScene(t, "waits")
	t.Cleanup(func() { fleet.restart(t, fleet.raceBinary) })
	quickly(t)
	var r *rival
	waiting := fleet.logged(t, "a KubeFed controller manager is at work")
	fleet.whileStopped(t, func() {
		r = newRival(t)
		s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	})
	eventually(t, 20*time.Second, "the daemon says for whom it waits", func() string {
		if fleet.logged(t, "a KubeFed controller manager is at work") == waiting {
			return "it does not"
		}
		return ""
	})
	<-time.After(8 * time.Second) // more than two leases: what is tested is that nothing happens
	if holder := leaseHolder(t); holder != "" {
		t.Errorf("the lease is held by %q", holder)
	}
	if got := s.m["member1"].data(t, "c", "a"); got != "absent" {
		t.Errorf("the daemon works: the copy is %q", got)
	}
	if !fleet.daemon.Running() {
		t.Error("the daemon ended")
	}
	r.end()
	took := eventually(t, 15*time.Second, "the daemon works", func() string { return is(s.m["member1"].data(t, "c", "a"), "1") })
	t.Logf("measured: the daemon works %s after KubeFed's last renewal of a lease of 3s", took.Round(time.Millisecond))
	if limit := 8 * time.Second; took > limit {
		t.Errorf("it took over after %s, want at most %s", took, limit)
	}
	s.settled(t, "federatedconfigmap", "c")
}

func TestADaemonEndsWhenKubeFedComes(t *testing.T) {
	s := newScene(t, "comes")
	t.Cleanup(func() { // the usual daemon again, whatever became of this one
		if fleet.daemon.Running() {
			fleet.daemon.Kill()
		}
		if err := fleet.startDaemon(context.WithoutCancel(t.Context()), fleet.raceBinary); err != nil {
			t.Fatal(err)
		}
	})
	quickly(t)
	fleet.restart(t, fleet.raceBinary)
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	newRival(t)
	took := eventually(t, 20*time.Second, "the daemon ends", func() string {
		if fleet.daemon.Running() {
			return "it still runs"
		}
		return ""
	})
	t.Logf("measured: the daemon ended %s after KubeFed came, with a renewal within 2s", took.Round(time.Millisecond))
	if limit := 5 * time.Second; took > limit { // the renewal's deadline and a period
		t.Errorf("it ended after %s, want at most %s", took, limit)
	}
	if tail := fleet.daemon.LogTail(); !strings.Contains(tail, "leader election lost") {
		t.Errorf("its last words do not say why:\n%s", tail)
	}
	s.host.patch(t, "federatedconfigmap", "c", `{spec: {template: {data: {a: "2"}}}}`)
	if got := s.m["member1"].data(t, "c", "a"); got != "1" {
		t.Errorf("somebody still works: the copy is %q", got)
	}
}
