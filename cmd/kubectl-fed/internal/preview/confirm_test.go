package preview

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/preview"
	"github.com/fedsync/fedsync/fleet"
)

// outcomes are what a test compares of results: members, who was asked, and what was answered.
type outcomes struct {
	Members, Asked []fleet.Name
	Refused        string
	Certainty      preview.Certainty
}

func TestGather(t *testing.T) {
	fine := answer{before: map[string]any{"a": "1"}, after: map[string]any{"a": "2"}}
	other := answer{before: map[string]any{"a": "1"}, after: map[string]any{"a": "3"}}
	refused, silent := answer{refused: "immutable"}, answer{why: "it does not answer"}
	tests := map[string]struct {
		why     string
		whom    []fleet.Name
		answers []answer
		want    []outcomes
	}{
		"one of all": {
			why: "the others have the same copy", whom: []fleet.Name{"b"}, answers: []answer{fine},
			want: []outcomes{{Members: []fleet.Name{"a", "b", "c"}, Asked: []fleet.Name{"b"}, Certainty: preview.Exact}},
		},
		"one that differs": {
			why: "its webhook may know why", whom: []fleet.Name{"a", "b", "c"}, answers: []answer{fine, other, fine},
			want: []outcomes{
				{Members: []fleet.Name{"a", "c"}, Asked: []fleet.Name{"a", "c"}, Certainty: preview.Exact}, {Members: []fleet.Name{"b"}, Asked: []fleet.Name{"b"}, Certainty: preview.Exact},
			},
		},
		"one that refuses": {
			why: "the others do not", whom: []fleet.Name{"a", "b", "c"}, answers: []answer{refused, fine, fine},
			want: []outcomes{
				{Members: []fleet.Name{"a"}, Asked: []fleet.Name{"a"}, Refused: "immutable", Certainty: preview.Exact}, {Members: []fleet.Name{"b", "c"}, Asked: []fleet.Name{"b", "c"}, Certainty: preview.Exact},
			},
		},
		"some that are silent": {
			why: "what becomes of their copies is predicted", whom: []fleet.Name{"a", "b", "c"}, answers: []answer{silent, fine, silent},
			want: []outcomes{
				{Members: []fleet.Name{"a", "c"}, Asked: []fleet.Name{"a", "c"}, Certainty: preview.Predicted}, {Members: []fleet.Name{"b"}, Asked: []fleet.Name{"b"}, Certainty: preview.Exact},
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := &confirmer{worlds: &worlds{before: &preview.World{}}}
			g := &preview.Group{Change: preview.Change{Certainty: preview.Exact, Action: plan.Action{Verb: plan.Apply}}, Members: []fleet.Name{"a", "b", "c"}}
			var got []outcomes
			for _, r := range c.gather(g, tc.whom, tc.answers) {
				got = append(got, outcomes{r.Members, r.asked, r.refused, r.Certainty})
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	members := func(n int) (all []fleet.Name) {
		for i := range n {
			all = append(all, fleet.Name(rune('a'+i)))
		}
		return all
	}
	for n, want := range map[int]int{1: 1, 10: 1, 11: 2, 26: 2} {
		g := &preview.Group{Change: preview.Change{Object: fleet.ObjectKey{Name: "o"}}, Members: members(n)}
		got := (&confirmer{verify: verifySample}).choose(g)
		if len(got) != want || want == 2 && got[0] == got[1] {
			t.Errorf("of %d members %v are asked", n, got)
		}
		if all := (&confirmer{verify: verifyAll}).choose(g); len(all) != n {
			t.Errorf("of %d members only %v are asked", n, all)
		}
	}
}
