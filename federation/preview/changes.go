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
			c, told := changeOf(was, is, m, seen(key, m.Name))
			if told && (proposed[key] || c.caused(before, was)) {
				all = append(all, c)
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

// changeOf says what the daemon would do for one copy of an object that was and is; was is nil for a new one. told is false if that is
// nothing.
func changeOf(was, is *resolve.Subject, m fleet.Member, seen Seen) (c Change, told bool) {
	c = Change{Object: is.Object.Key, Kind: is.Kind, Member: m.Name, Certainty: Exact, Seen: seen}
	if !seen.Known {
		c.Certainty, c.Why = Predicted, seen.Why
		if seen.Forbidden {
			c.Certainty = Unknown
		}
		c.Seen = assumed(was, m, seen)
	}
	c.Action, c.Desired = decide(is, m, c.Seen)
	if c.Action.Verb == plan.None || c.Action.Verb == plan.Wait && !stuck(c.Action.Reason) {
		return c, false
	}
	if (c.Action.Verb == plan.Create || c.Action.Verb == plan.Apply) && c.Seen.NamespaceAbsent && c.Certainty == Exact {
		c.Certainty, c.Why = Predicted, "its namespace is not there yet"
	}
	c.Overrides = is.Renderer.Provenance(m.Name)
	return c, true
}

// decide returns what the daemon would do for a copy, and what the copy would be.
func decide(s *resolve.Subject, m fleet.Member, seen Seen) (plan.Action, *fleet.Desired) {
	in := s.Input(m, seen.sight())
	in.Held = true // by then it is: the finalizer is the first thing that is written
	return plan.Decide(in), in.Desired
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
func assumed(was *resolve.Subject, m fleet.Member, seen Seen) Seen {
	if was == nil || !was.Object.Journaled(m.Name) || seen.TypeMissing {
		return seen
	}
	seen.Present = true
	if d, problem := was.Renderer.Render(m.Name); problem == nil && was.Verdict(m).Choice == placement.Chosen {
		seen.Observed.Applied, seen.Observed.Covered = d.Hash, d.Hash
	}
	return seen
}

// caused tells that the daemon would not do the same without the step.
func (c *Change) caused(before *World, was *resolve.Subject) bool {
	old, registered := before.Members.Member(c.Member)
	if was == nil || !registered {
		return true
	}
	action, desired := decide(was, old, c.Seen)
	return action != c.Action || hashOf(desired) != hashOf(c.Desired)
}

// hashOf is the hash of what a copy should be, the zero one for nothing.
func hashOf(d *fleet.Desired) fleet.Hash {
	if d == nil {
		return fleet.Hash{}
	}
	return d.Hash
}
