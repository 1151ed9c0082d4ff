package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/fleet"
)

func TestCordonedAndDrained(t *testing.T) {
	cordoned := func(in *plan.Input) { in.Cordoned = true }
	drained := func(in *plan.Input) { in.Drained = true }
	edited := func(in *plan.Input) { in.Observed.Applied = fleet.HashOf([]byte("before")) }
	tests := map[string]struct {
		why  string
		in   plan.Input
		want plan.Action
	}{
		"a new copy for a cordoned member": {
			why: "it gets none", in: but(inSync(), cordoned, absent), want: plan.Action{Verb: plan.None, Reason: plan.Cordoned},
		},
		"an edit of a copy that a cordoned member has": {
			why: "what it has is kept in step", in: but(inSync(), cordoned, edited), want: plan.Action{Verb: plan.Apply, Reason: plan.Edited},
		},
		"a copy that a cordoned member should not have": {
			why: "it may lose copies", in: but(inSync(), cordoned, excluded), want: plan.Action{Verb: plan.Delete, Reason: plan.Unplaced},
		},
		"a cordoned member that cannot be seen": {
			why: "nobody knows whether the copy is there", in: but(inSync(), cordoned, unseen), want: plan.Action{Verb: plan.Wait, Reason: plan.Unobserved},
		},
		"a copy in a drained member": {
			why: "it goes, for a reason that the budget on removals does not count", in: but(inSync(), excluded, drained),
			want: plan.Action{Verb: plan.Delete, Reason: plan.MemberDrained},
		},
		"no copy in a drained member": {
			why: "there is nothing to do", in: but(inSync(), excluded, drained, absent), want: plan.Action{Verb: plan.None, Reason: plan.NotPlaced},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, plan.Decide(tc.in)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}
