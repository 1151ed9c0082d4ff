package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/fleet"
)

func copyNumber(i int) removal {
	return removal{copy: fleet.CopyKey{Object: fleet.ObjectKey{Type: "configmaps", Name: fmt.Sprint(i)}, Member: "m"}, uid: "u", generation: 1}
}

func TestBudget(t *testing.T) {
	usual := Budget{Count: 10, Percent: 20, Window: time.Minute}
	tests := map[string]struct {
		why          string
		budget       Budget
		copies       int
		ask          int
		permitted    int // at once
		later        int // after the settle time
		frozenLater  int
		doneRecently int
	}{
		"few copies at all":           {why: "they cannot exceed the count", budget: usual, copies: 10, ask: 10, permitted: 10, later: 10},
		"few of many":                 {why: "they wait for company, then go", budget: usual, copies: 1000, ask: 10, later: 10},
		"more than the count":         {why: "a fifth of many is more", budget: usual, copies: 1000, ask: 200, later: 200},
		"more than both":              {why: "nobody means to lose so many", budget: usual, copies: 1000, ask: 201, frozenLater: 201},
		"more than the count, of few": {why: "as above", budget: usual, copies: 30, ask: 11, frozenLater: 11},
		"after others":                {why: "a slow loss is one too", budget: usual, copies: 30, doneRecently: 9, ask: 2, frozenLater: 2},
		"no budget":                   {why: "it was switched off", budget: Budget{Count: -1, Window: time.Minute}, copies: 30, ask: 30, permitted: 30, later: 30},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := newRemovals(tc.budget)
			for i := range tc.doneRecently {
				s.removed(copyNumber(1000+i), noon.Add(-30*time.Second))
			}
			s.removed(copyNumber(5000), noon.Add(-2*time.Minute)) // long ago: counts no more
			permitted := 0
			for i := range tc.ask {
				if again, _ := s.permit(copyNumber(i), tc.copies, noon); again == 0 {
					permitted++
				}
			}
			later, frozen := 0, 0
			for i := range tc.ask {
				again, held := s.permit(copyNumber(i), tc.copies, noon.Add(settleTime))
				if again <= 0 {
					later++
				}
				if held {
					frozen++
				}
			}
			got := [...]int{permitted, later, frozen, s.frozen(tc.copies, noon.Add(settleTime)).Size}
			if diff := cmp.Diff([...]int{tc.permitted, tc.later, tc.frozenLater, tc.frozenLater}, got); diff != "" {
				t.Errorf("permitted at once, permitted later, frozen, size of the frozen set (-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestApprovalIsOfOneSet(t *testing.T) {
	s := newRemovals(Budget{Count: 1, Percent: 0, Window: time.Minute})
	for i := range 3 {
		s.permit(copyNumber(i), 100, noon)
	}
	set := s.frozen(100, noon)
	s.permit(copyNumber(3), 100, noon)
	if s.approve(set.ID) {
		t.Error("a set that has grown was approved by its old name")
	}
	s.withdraw(copyNumber(3).copy)
	if got := s.frozen(100, noon); got != set {
		t.Errorf("the same set has another name: %+v, want %+v", got, set)
	}
	if !s.approve(set.ID) {
		t.Fatal("the set was not approved")
	}
	edited := copyNumber(0)
	edited.generation = 2
	s.permit(copyNumber(7), 100, noon) // others are frozen still: one is done, one more asks
	s.removed(copyNumber(8), noon)
	for name, tc := range map[string]struct {
		removal removal
		frozen  bool
	}{"approved": {removal: copyNumber(1)}, "edited since": {removal: edited, frozen: true}, "another": {removal: copyNumber(7), frozen: true}} {
		if _, frozen := s.permit(tc.removal, 100, noon); frozen != tc.frozen {
			t.Errorf("%s: frozen %v, want %v", name, frozen, tc.frozen)
		}
	}
}

func TestAMemberThatIsGoneHoldsNothingBack(t *testing.T) {
	s := newRemovals(Budget{Count: 1, Percent: 0, Window: time.Minute})
	for i := range 3 {
		s.permit(copyNumber(i), 100, noon)
	}
	s.withdrawMember("m")
	if got := s.frozen(100, noon); got != (frozenSet{}) {
		t.Errorf("still frozen: %+v", got)
	}
}
