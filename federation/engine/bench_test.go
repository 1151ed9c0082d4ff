package engine

import (
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/fedsync/fedsync/federation/plan"
)

// What it costs to know since when the keys of a queue are due.
func BenchmarkDueKey(b *testing.B) {
	q := queue{due: newDueKeys(clock.RealClock{}, func(lane, time.Duration) {})}
	key := keyOf(1)
	b.ReportAllocs()
	for b.Loop() {
		q.due.add(editLane, 0, key)
		q.due.remove(key)
	}
}

// What it costs to follow an edit into one member.
func BenchmarkFollowEdit(b *testing.B) {
	s := newEdits()
	o := objectOf("uid", 1)
	s.hear(o, noon)
	ms := &memberState{name: "member"}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = s.of(o)
		_ = s.causes(o, ms, plan.Edited)
		s.apply(o, ms.name, false, noon)
	}
}
