package resolve

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
	"github.com/fedsync/fedsync/placement/override"
)

// A choice that is not known must not become a want that removes.
func TestWantOf(t *testing.T) {
	want := map[placement.Choice]plan.Want{
		placement.Unknown: plan.WantUnknown, placement.Excluded: plan.WantExcluded, placement.Chosen: plan.WantChosen, placement.Choice(99): plan.WantUnknown,
	}
	for choice, w := range want {
		if diff := cmp.Diff(w, wantOf(choice)); diff != "" {
			t.Errorf("choice %d (-want +got):\n%s", choice, diff)
		}
	}
}

func TestInput(t *testing.T) {
	listed := fleet.Placement{Listed: true, Clusters: []fleet.Name{"m"}}
	inNamespace := placement.Namespace{Applies: true, Object: &fleet.FederatedObject{Placement: listed}}
	faulty := fleet.Problem{Field: fleet.DeleteOptionsField, Message: "no JSON"}
	namespaces := fleet.Type{Name: fleet.NamespaceType, Target: fleet.Resource{Version: "v1", Kind: "Namespace", Plural: "namespaces"}}
	tests := map[string]struct {
		why       string
		object    fleet.FederatedObject
		kind      fleet.Type
		namespace placement.Namespace
		unknown   bool
		member    fleet.Member
		adopt     bool
		seen      Sight
		want      plan.Input
		rendered  bool
	}{
		"chosen": {
			why: "then the copy is rendered", object: fleet.FederatedObject{Placement: listed, Held: true}, namespace: inNamespace,
			adopt: true, seen: Sight{Presence: plan.Absent}, want: plan.Input{Want: plan.WantChosen, Held: true, Presence: plan.Absent, Adopt: true}, rendered: true,
		},
		"excluded": {
			why: "nothing need be rendered", object: fleet.FederatedObject{Placement: fleet.Placement{Listed: true}}, namespace: inNamespace,
			seen: Sight{Presence: plan.Present}, want: plan.Input{Want: plan.WantExcluded, Presence: plan.Present},
		},
		"namespaces that are not known": {
			why: "nothing is placed or removed before they are", object: fleet.FederatedObject{Placement: listed}, namespace: placement.Namespace{Applies: true}, unknown: true,
			want: plan.Input{Want: plan.WantUnknown},
		},
		"being deleted": {
			why: "what it should be does not matter any more", object: fleet.FederatedObject{Placement: listed, Deleting: true, Orphan: true, Problems: []fleet.Problem{faulty}},
			want: plan.Input{Want: plan.WantChosen, Deleting: true, Orphan: true, DeleteProblem: &faulty},
		},
		"a namespace of the host itself": {
			why: "it exists, and is taken over whatever the settings say", object: fleet.FederatedObject{Placement: listed, Held: true}, kind: namespaces,
			member: fleet.Member{Host: true}, seen: Sight{Presence: plan.Absent},
			want: plan.Input{Want: plan.WantChosen, Held: true, Presence: plan.Absent, Adopt: true, Protected: true}, rendered: true,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.member.Name = "m"
			s := Subject{Settings: Settings{Adopt: tc.adopt}, Object: &tc.object, Kind: tc.kind, Namespace: tc.namespace, NamespaceKnown: !tc.unknown, Renderer: override.NewRenderer(&tc.object, tc.kind)}
			got := s.Input(tc.member, tc.seen)
			if diff := cmp.Diff(tc.rendered, got.Desired != nil || got.Problem != nil); diff != "" {
				t.Errorf("rendered (-want +got), because %s:\n%s", tc.why, diff)
			}
			got.Desired, got.Problem = nil, nil
			if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreFields(fleet.Observed{}, "Owned")); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}
