package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/fedsync/fedsync/federation/telemetry"
)

func TestKeysThatAreDue(t *testing.T) {
	c := clocktesting.NewFakeClock(noon)
	waited := []string{}
	q := newQueue(c, func(l lane, d time.Duration) { waited = append(waited, fmt.Sprint(l, " ", d)) })
	t.Cleanup(q.ShutDown)
	due := func() (counts [lanes]telemetry.Queue) {
		q.due.tally(&counts)
		return counts
	}
	q.put(resyncLane, keyOf(1), keyOf(2))
	q.putAfter(editLane, 5*time.Second, keyOf(3))
	c.Step(2 * time.Second)
	q.put(driftLane, keyOf(1)) // more urgent now, and due since it was put first
	want := [lanes]telemetry.Queue{resyncLane: {Depth: 1, Oldest: 2 * time.Second}, driftLane: {Depth: 1, Oldest: 2 * time.Second}}
	if diff := cmp.Diff(want, due()); diff != "" {
		t.Errorf("before the edit is due (-want +got):\n%s", diff)
	}
	for range 2 {
		key, _, _ := q.take()
		q.Done(key)
	}
	if diff := cmp.Diff([]string{"drift 2s", "resync 2s"}, waited); diff != "" {
		t.Errorf("waited (-want +got):\n%s", diff)
	}
	c.Step(4 * time.Second)
	if diff := cmp.Diff([lanes]telemetry.Queue{editLane: {Depth: 1, Oldest: time.Second}}, due()); diff != "" {
		t.Errorf("when the edit is due (-want +got):\n%s", diff)
	}
	q.put(resyncLane, keyOf(4))
	q.putAfter(resyncLane, time.Minute, keyOf(4)) // that it is looked at later too changes nothing
	if got := due()[resyncLane].Depth; got != 1 {
		t.Errorf("%d keys are due, want the one that is due at once", got)
	}
}

func TestDueKeyHoldsTimeAndLane(t *testing.T) {
	for l := range lanes {
		for _, at := range []time.Duration{0, time.Microsecond, time.Hour, 100 * 365 * 24 * time.Hour} {
			if k := newDueKey(at, l); k.at() != at || k.lane() != l {
				t.Errorf("%s in lane %s reads as %s in lane %s", at, l, k.at(), k.lane())
			}
		}
	}
}
