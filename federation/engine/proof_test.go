package engine

import (
	"testing"

	"github.com/fedsync/fedsync/federation/resolve"
	"github.com/fedsync/fedsync/fleet"
)

func TestAProofHoldsInEveryMember(t *testing.T) {
	owned, less := fleet.NewOwnership(`{"f:data":{"f:a":{},"f:b":{}}}`), fleet.NewOwnership(`{"f:data":{"f:a":{}}}`)
	walked := fleet.Observed{UID: "1", Applied: contentA, Owned: owned}
	tests := map[string]struct {
		why    string
		proved fleet.Observed
		other  fleet.Observed
		want   bool
	}{
		"the same fields and mark": {why: "the comparison would find the same", proved: walked, other: fleet.Observed{UID: "2", Applied: contentA, Owned: owned}, want: true},
		"other fields":             {why: "somebody took one over", proved: walked, other: fleet.Observed{UID: "2", Applied: contentA, Owned: less}},
		"another mark":             {why: "it was made from another edition", proved: walked, other: fleet.Observed{UID: "2", Applied: contentB, Owned: owned}},
		"proved by an apply that changed nothing": {
			why: "another member's server may know fields that this one's drops", other: fleet.Observed{UID: "2", Applied: contentA, Owned: less},
			proved: fleet.Observed{UID: "1", Applied: contentA, Owned: less, Covered: contentA},
		},
		"proved without a mark": {
			why: "the other has no mark either: it is applied once", other: fleet.Observed{UID: "2", Owned: owned},
			proved: fleet.Observed{UID: "1", Owned: owned},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			e, _ := newEngine(t)
			d := &fleet.Desired{Hash: contentA}
			s := &subject{Subject: resolve.Subject{Kind: fleet.Type{Name: "configmaps"}, Object: &fleet.FederatedObject{}}}
			e.prove(newMemberState(t), s, tc.proved, d)
			if got := e.withProof(tc.other, d).Covered == contentA; got != tc.want {
				t.Errorf("covered: %v, want %v, because %s", got, tc.want, tc.why)
			}
		})
	}
}
