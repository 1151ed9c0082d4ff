package placement_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
)

func TestDrainedMember(t *testing.T) {
	everywhere := fleet.Placement{Selector: labels.Everything()}
	namespace := placement.Namespace{Applies: true, Object: &fleet.FederatedObject{Placement: everywhere}}
	tests := map[string]struct {
		why       string
		object    fleet.FederatedObject
		namespace placement.Namespace
		want      placement.Verdict
	}{
		"a selected one": {
			why:    "everything moves off it",
			object: fleet.FederatedObject{Key: fleet.ObjectKey{Type: "configmaps"}, Placement: everywhere}, namespace: namespace,
			want: placement.Verdict{Member: "m", Choice: placement.Excluded, Reason: placement.MemberDrained},
		},
		"a listed one": {
			why: "who drains a member means it, whoever lists it",
			object: fleet.FederatedObject{
				Key: fleet.ObjectKey{Type: "configmaps"}, Placement: fleet.Placement{Listed: true, Clusters: []fleet.Name{"m"}},
			},
			namespace: namespace,
			want:      placement.Verdict{Member: "m", Choice: placement.Excluded, Reason: placement.MemberDrained},
		},
		"a namespace": {
			why:    "to delete it would delete what others have in it",
			object: fleet.FederatedObject{Key: fleet.ObjectKey{Type: fleet.NamespaceType}, Placement: everywhere},
			want:   placement.Verdict{Member: "m", Choice: placement.Chosen, Reason: placement.Selected},
		},
		"one that was not chosen": {
			why:    "the placement's own reason says more",
			object: fleet.FederatedObject{Key: fleet.ObjectKey{Type: "configmaps"}, Placement: fleet.Placement{Listed: true}}, namespace: namespace,
			want: placement.Verdict{Member: "m", Choice: placement.Excluded, Reason: placement.NotListed},
		},
		"a namespace that is not federated": {
			why:    "nothing is removed before that is known",
			object: fleet.FederatedObject{Key: fleet.ObjectKey{Type: "configmaps"}, Placement: everywhere}, namespace: placement.Namespace{Applies: true},
			want: placement.Verdict{Member: "m", Choice: placement.Unknown, Reason: placement.NamespaceNotFederated},
		},
		"a faulty placement": {
			why: "as above",
			object: fleet.FederatedObject{
				Key: fleet.ObjectKey{Type: "configmaps"}, Placement: everywhere, Problems: []fleet.Problem{{Field: "spec.placement"}},
			},
			namespace: namespace,
			want:      placement.Verdict{Member: "m", Choice: placement.Unknown, Reason: placement.PlacementInvalid},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, placement.Judge(&tc.object, tc.namespace, fleet.Member{Name: "m", Drained: true})); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}
