package preview

import (
	"cmp"
	"maps"
	"slices"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/resolve"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
	"github.com/fedsync/fedsync/placement/override"
)

// Certainty says how sure it is what would become of a copy.
type Certainty string

// The certainties.
const (
	// Exact: the member's API server was asked, or one that has the same.
	Exact Certainty = "exact"
	// Predicted: it follows from what the host stores; the member could not be asked, or not yet.
	Predicted Certainty = "predicted"
	// Unknown: nobody knows, because the member does not say what it has.
	Unknown Certainty = "unknown"
)

// Change is what would become of one copy.
type Change struct {
	Object fleet.ObjectKey
	Kind   fleet.Type
	Member fleet.Name
	Action plan.Action
	// Desired is what the copy would be, nil if it would go or cannot be rendered.
	Desired *fleet.Desired
	Seen    Seen
	// Certainty is Exact before anybody is asked, unless it cannot be.
	Certainty Certainty
	// Why says what keeps it from being exact.
	Why string
	// Overrides are the fields of the object that change the copy beside its template.
	Overrides []override.Change
}

// Changes returns what the step from one world to the other would change, sorted by object and member. An object that is proposed is
// told whatever is to be done for it; of others only what the step causes is.
func Changes(before, after *World, proposed map[fleet.ObjectKey]bool, seen func(fleet.ObjectKey, fleet.Name) Seen) []Change {
	var all []Change
	for _, key := range slices.SortedFunc(maps.Keys(union(before, after)), compareKeys) {
		was, existed := before.subject(key)
		is, exists := after.subject(key)
		if !exists {
			continue
		}
		if !existed {
			was = nil
		}
		for _, m := range after.Members.Members() {
			c, told := changeOf(&step{before: before, after: after, was: was, is: is}, m, seen(key, m.Name))
			if told && (proposed[key] || c.caused(before, was, m)) {
				all = append(all, c.Change)
			}
		}
	}
	return all
}

func union(before, after *World) map[fleet.ObjectKey]bool {
	keys := map[fleet.ObjectKey]bool{}
	for key := range before.Objects {
		keys[key] = true
	}
	for key := range after.Objects {
		keys[key] = true
	}
	return keys
}

func compareKeys(a, b fleet.ObjectKey) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// step is an object before and after.
type step struct {
	before, after *World
	was, is       *resolve.Subject // was is nil for a new object
}

// outcome is a change with what it was decided from.
type outcome struct {
	Change

	seen Seen
}

// changeOf says what the daemon would do for one copy; told is false if that is nothing.
func changeOf(s *step, m fleet.Member, seen Seen) (outcome, bool) {
	o := outcome{Change: Change{Object: s.is.Object.Key, Kind: s.is.Kind, Member: m.Name, Certainty: Exact}, seen: seen}
	if !seen.Known {
		o.Certainty, o.Why = Predicted, seen.Why
		if seen.Forbidden {
			o.Certainty = Unknown
		}
		o.seen = assumed(s, m, seen)
	}
	in := s.is.Input(m, o.seen.sight(s.after, m, s.is.Kind))
	in.Held = true // by then it is: the finalizer is the first thing that is written
	o.Action, o.Desired, o.Seen = plan.Decide(in), in.Desired, o.seen
	if o.Action.Verb == plan.None || o.Action.Verb == plan.Wait && !stuck(o.Action.Reason) {
		return o, false
	}
	if (o.Action.Verb == plan.Create || o.Action.Verb == plan.Apply) && o.seen.NamespaceAbsent && o.Certainty == Exact {
		o.Certainty, o.Why = Predicted, "its namespace is not there yet"
	}
	o.Overrides = s.is.Renderer.Provenance(m.Name)
	return o, true
}

// stuck tells that nothing would become of a copy before somebody does something about it.
func stuck(why plan.Reason) bool {
	switch why {
	case plan.Unrenderable, plan.Undeletable, plan.OptedOut, plan.CopyDeleting:
		return true
	default:
		return false
	}
}

// assumed is what a member has that cannot be asked: what its status says that it has.
func assumed(s *step, m fleet.Member, seen Seen) Seen {
	if s.was == nil || !s.was.Object.Journaled(m.Name) {
		return seen
	}
	seen.Present = true
	if d, problem := s.was.Renderer.Render(m.Name); problem == nil && s.was.Verdict(m).Choice == placement.Chosen {
		seen.Observed.Applied, seen.Observed.Covered = d.Hash, d.Hash
	}
	return seen
}

// caused tells that the daemon would not do the same without the step.
func (o *outcome) caused(before *World, was *resolve.Subject, m fleet.Member) bool {
	if was == nil {
		return true
	}
	old, registered := before.Members.Member(m.Name)
	if !registered {
		return true
	}
	in := was.Input(old, o.seen.sight(before, old, was.Kind))
	in.Held = true
	a := plan.Decide(in)
	var hash, oldHash fleet.Hash
	if o.Desired != nil {
		hash = o.Desired.Hash
	}
	if in.Desired != nil {
		oldHash = in.Desired.Hash
	}
	return a != o.Action || hash != oldHash
}
