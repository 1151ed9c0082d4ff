package takeover

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

const (
	settleTimeout = 2 * time.Minute
	promoted      = "promoted as leader" // both managers say so
)

// kubefedSettles makes the fleet under KubeFed, and waits until all is well, also with what others do in the members.
func (w *world) kubefedSettles(t *testing.T) {
	w.startKubeFed(t)
	w.waitMembersReady(t)
	start := time.Now()
	w.declare(t)
	w.eventually(t, settleTimeout, "replicas are divided", func() string { return is(w.replicas(t, "divided"), "5 2") })
	w.eventually(t, settleTimeout, "KubeFed settles the fleet", func() string { return w.unsettled(t) })
	t.Logf("measured: KubeFed settled 50 objects in 2 members in %s", time.Since(start).Round(100*time.Millisecond))
	w.members["member1"].patch(t, deployments.target, "retained", `{spec: {replicas: 4}}`)
	w.members["member2"].patch(t, deployments.target, "edited", `{metadata: {annotations: {theirs: stays}}}`)
	w.members["member2"].patch(t, configMaps.target, "edited", `{metadata: {annotations: {theirs: stays}}}`)
	w.eventually(t, settleTimeout, "KubeFed settles what others changed", func() string { return w.unsettled(t) })
	if got := w.replicas(t, "retained"); got != "4 1" {
		t.Errorf("retained replicas are %s", got)
	}
}

// replicas returns those of a Deployment in member1 and member2.
func (w *world) replicas(t *testing.T, name string) string {
	t.Helper()
	words := [2]string{"none", "none"}
	for i, member := range []string{"member1", "member2"} {
		if o := w.members[member].get(t, deployments.target, name); o != nil {
			n, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
			words[i] = fmt.Sprint(n)
		}
	}
	return words[0] + " " + words[1]
}

// fedsyncdWaits starts fedsyncd beside KubeFed, and looks at it for longer than the lock would live unattended.
func (w *world) fedsyncdWaits(t *testing.T) {
	w.waiting = w.startFedsyncd(t)
	w.awaitLog(t, w.waiting, 10*time.Second, "a KubeFed controller manager is at work")
	first := w.lockRenewed(t)
	w.eventually(t, time.Minute, "KubeFed renews its lock", func() string {
		if passed := w.lockRenewed(t).Sub(first); passed <= leaseDuration {
			return fmt.Sprintf("renewed %s later", passed)
		}
		return ""
	})
	if !w.waiting.Running() || w.waiting.logged(promoted) {
		t.Errorf("fedsyncd did not wait\n%s", w.lastWords())
	}
	for name, o := range w.copies(t) {
		if o.GetAnnotations()[applied] != "" {
			t.Errorf("fedsyncd wrote %s while KubeFed was at work", name)
		}
	}
}

// lockRenewed is when KubeFed renewed its lock last.
func (w *world) lockRenewed(t *testing.T) time.Time {
	t.Helper()
	var record resourcelock.LeaderElectionRecord
	lock := w.host.in("kube-federation-system").get(t, configMaps.target, "kubefed-controller-manager")
	if lock == nil {
		t.Fatal("KubeFed has no lock")
	}
	if err := json.Unmarshal([]byte(lock.GetAnnotations()[resourcelock.LeaderElectionRecordAnnotationKey]), &record); err != nil {
		t.Fatal(err)
	}
	return record.RenewTime.Time
}

// fedsyncdTakesOver stops KubeFed and lets the fedsyncd that waits do the rest.
func (w *world) fedsyncdTakesOver(t *testing.T) {
	if problem := w.unsettled(t); problem != "" {
		t.Fatalf("KubeFed's fleet was not settled: %s", problem)
	}
	w.stop(t)
	stopped, before := time.Now(), w.writes(t)
	w.before = w.snapshot(t)
	w.manager, w.waiting = w.waiting, nil
	// It looks for the lock every retryPeriod, up to 2.2 times that with jitter: once to see the last renewal, and once
	// after that is as old as the lease.
	began := w.awaitLog(t, w.manager, leaseDuration+5*retryPeriod, promoted)
	took := w.eventually(t, settleTimeout, "fedsyncd takes all copies over", func() string { return w.untaken(t) })
	t.Logf("measured: fedsyncd began %s after the end of KubeFed, and had settled %s after that", began.Round(100*time.Millisecond), took.Round(100*time.Millisecond))
	after, copies := w.writes(t), len(w.copies(t))
	t.Logf("measured: the takeover of %d copies cost these writes: %s, within %s", copies, since(before, after), time.Since(stopped).Round(time.Second))
	// One to migrate the managed fields, one to apply, for each copy.
	if total := after["member1"] + after["member2"] - before["member1"] - before["member2"]; total > 2*copies {
		t.Errorf("the takeover of %d copies cost %d writes", copies, total)
	}
	w.after = w.snapshot(t)
}

// contentStayed compares everything but generations, which have a step of their own.
func (w *world) contentStayed(t *testing.T) {
	if diff := cmp.Diff(w.before.withoutGenerations(), w.after.withoutGenerations()); diff != "" {
		t.Error(diff)
	}
}

func (w *world) generationsStayed(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(w.before)) {
		if before, after := w.before[name].Generation, w.after[name].Generation; before != after {
			t.Errorf("%s had the generation %d and has %d", name, before, after)
		}
	}
}

// untaken says what keeps fedsyncd from having taken over.
func (w *world) untaken(t *testing.T) string {
	t.Helper()
	if problem := w.unowned(t); problem != "" {
		return problem
	}
	return w.unsettled(t)
}

// nobodyWrites looks for loops: fields that KubeFed's CRDs drop, for example, must not be written again and again.
func (w *world) nobodyWrites(t *testing.T) {
	members, host := w.writes(t), w.hostWrites(t)
	<-time.After(10 * time.Second) // what is measured is that nothing happens, and there is no event for that
	if later := w.writes(t); since(members, later) != "0 in member1, 0 in member2" {
		t.Errorf("members were written to in 10 s of rest: %s\n%s", since(members, later), w.lastWords())
	}
	if later := w.hostWrites(t); later != host {
		t.Errorf("the host was written to %d times in 10 s of rest\n%s", later-host, w.lastWords())
	}
	w.unchanged(t, w.after)
}
