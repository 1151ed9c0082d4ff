package engine

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/record"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/fedsync/fedsync/fleet"
)

// counter counts events.
type counter struct {
	unheard

	sent, dropped int
}

func (c *counter) Emitted(_ string, dropped bool) {
	if dropped {
		c.dropped++
	} else {
		c.sent++
	}
}

func TestEventsOfManyObjectsAreBounded(t *testing.T) {
	c := clocktesting.NewFakeClock(noon)
	counted := &counter{}
	s := newEvents(record.NewFakeRecorder(1000), c, counted)
	for range 10 * eventBurst {
		s.emitBounded(&corev1.ObjectReference{}, corev1.EventTypeWarning, "CheckClusters", "all at once")
	}
	if counted.sent != eventBurst || counted.dropped != 9*eventBurst {
		t.Errorf("sent %d, dropped %d of %d at once", counted.sent, counted.dropped, 10*eventBurst)
	}
	s.emit(&corev1.ObjectReference{}, corev1.EventTypeWarning, "RemovalsFrozen", "nobody may miss it")
	if counted.sent != eventBurst+1 {
		t.Error("an event about the configuration was dropped")
	}
	c.Step(2 * time.Second)
	for range 100 {
		s.emitBounded(&corev1.ObjectReference{}, corev1.EventTypeWarning, "CheckClusters", "later")
	}
	if got := counted.sent - eventBurst - 1; got != 2*eventsPerSecond {
		t.Errorf("sent %d after two seconds, want %d", got, 2*eventsPerSecond)
	}
}

// Two managers that fight over a field change it many times a second.
func TestDriftOfACopyIsToldOnceInAWhile(t *testing.T) {
	c := clocktesting.NewFakeClock(noon)
	s := newEvents(record.NewFakeRecorder(1), c, &counter{})
	one, other := fleet.CopyKey{Member: "a"}, fleet.CopyKey{Member: "b"}
	for i, step := range []struct {
		copy  fleet.CopyKey
		after time.Duration
		want  bool
	}{{one, 0, true}, {one, time.Second, false}, {other, 0, true}, {one, driftPause, true}, {one, 0, false}} {
		c.Step(step.after)
		if got := s.driftWorth(step.copy); got != step.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
}
