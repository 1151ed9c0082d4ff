package engine

import (
	"context"
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/resolve"
	"github.com/fedsync/fedsync/fleet"
)

func TestADeletionThatWasGrantedNeedsNoFurtherProof(t *testing.T) {
	type write struct {
		verb plan.Verb
		err  error
	}
	granted, lost := write{verb: plan.Delete}, write{verb: plan.Apply, err: context.DeadlineExceeded}
	tests := map[string]struct {
		why    string
		writes []write
		want   bool
	}{
		"nothing was written":       {why: "somebody else may be deleting it"},
		"granted":                   {why: "the member said so, and the watch that it is gone", writes: []write{{verb: plan.Apply}, granted}, want: true},
		"refused":                   {why: "somebody else deleted it", writes: []write{{verb: plan.Delete, err: errors.New("no")}}},
		"written again":             {why: "the copy that is gone is another one", writes: []write{granted, {verb: plan.Apply}}},
		"a write without an answer": {why: "it may come true after the deletion", writes: []write{lost, granted}},
		"a write that was refused":  {why: "it cannot come true", writes: []write{{verb: plan.Apply, err: apierrors.NewBadRequest("no")}, granted}, want: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			ms, key := newMemberState(t), fleet.ObjectKey{Name: "a"}
			for _, w := range tc.writes {
				ms.heard(key, w.verb, w.err)
			}
			if got := ms.endedByUs(key); got != tc.want {
				t.Errorf("ended by us: %v, want %v, because %s", got, tc.want, tc.why)
			}
			ms.setGone(key, "uid")
			ms.heard(key, plan.Delete, nil)
			if !ms.endedByUs(key) {
				t.Error("a write is still unsure after the member confirmed that the copy is gone")
			}
		})
	}
}

func TestChangeOfACopyIsLookedAtNoSoonerThanItsWrite(t *testing.T) {
	ms := newMemberState(t)
	tests := map[string]struct {
		why   string
		write lane
		want  lane
	}{
		"a write that nobody waits for": {why: "a member that joins must not go before edits by its watch", write: resyncLane, want: resyncLane},
		"a repair":                      {why: "drift goes before what nobody waits for", write: driftLane, want: driftLane},
		"an edit":                       {why: "the edit itself has gone first", write: editLane, want: driftLane},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			answered := ms.beginWrite(web, tc.write)
			if got := ms.laneOfChange(web); got != tc.want {
				t.Errorf("lane %d, want %d, because %s", got, tc.want, tc.why)
			}
			answered()
			if got := ms.laneOfChange(web); got != driftLane {
				t.Errorf("lane %d after the answer, want that of drift", got)
			}
		})
	}
}

func TestACopyWhoseWriteMayComeTrueYetConcernsItsMember(t *testing.T) {
	e, _ := newEngine(t)
	ms := newMemberState(t)
	s := &subject{Subject: resolve.Subject{Kind: fleet.Type{Name: web.Type}, Object: &fleet.FederatedObject{Key: web}}}
	nowhere := fleet.Member{Name: ms.name}
	if e.affects(s, ms, nowhere) {
		t.Error("a member that was never selected has nothing to do")
	}
	ms.heard(web, plan.Apply, context.DeadlineExceeded)
	if !e.affects(s, ms, nowhere) {
		t.Error("nobody looks whether the copy came true: its object would go without it")
	}
	ms.setGone(web, "uid")
	if e.affects(s, ms, nowhere) {
		t.Error("the member confirmed that there is no copy")
	}
}
