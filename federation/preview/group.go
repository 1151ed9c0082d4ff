package preview

import (
	"cmp"
	"slices"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/fleet"
)

// Group are copies of one object that have the same future.
type Group struct {
	Change

	// Members are sorted. The change is that of the first.
	Members []fleet.Name
}

// Removal tells that the copies go.
func (g *Group) Removal() bool { return g.Action.Verb == plan.Delete || g.Action.Verb == plan.Release }

// likeness is what copies with the same future have in common.
type likeness struct {
	object           fleet.ObjectKey
	action           plan.Action
	desired, applied fleet.Hash
	owned            fleet.Ownership
	certainty        Certainty
	why              string
	present, foreign bool
	namespaceAbsent  bool
	legacy, deleting bool
}

func (c *Change) likeness() likeness {
	return likeness{
		desired: hashOf(c.Desired),
		object:  c.Object, action: c.Action, applied: c.Seen.Observed.Applied, owned: c.Seen.Observed.Owned, certainty: c.Certainty, why: c.Why,
		present: c.Seen.Present, foreign: c.Seen.Foreign, namespaceAbsent: c.Seen.NamespaceAbsent, legacy: c.Seen.Observed.LegacyOwned, deleting: c.Seen.Observed.Deleting,
	}
}

// Groups puts together what has the same future: removals first, then by object, the largest group of an object first.
func Groups(changes []Change) []Group {
	at := map[likeness]int{}
	var groups []Group
	for _, c := range changes {
		like := c.likeness()
		i, known := at[like]
		if !known {
			i = len(groups)
			at[like] = i
			groups = append(groups, Group{Change: c})
		}
		groups[i].Members = append(groups[i].Members, c.Member)
	}
	for i := range groups {
		slices.Sort(groups[i].Members)
	}
	slices.SortFunc(groups, compareGroups)
	return groups
}

func compareGroups(a, b Group) int {
	first := func(removal bool) int {
		if removal {
			return 0
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(first(a.Removal()), first(b.Removal())), compareKeys(a.Object, b.Object),
		cmp.Compare(len(b.Members), len(a.Members)), cmp.Compare(a.Members[0], b.Members[0]),
	)
}

// Split returns the group without those members, and each of them as a group of its own.
func (g *Group) Split(others []fleet.Name) []Group {
	rest := *g
	rest.Members = slices.DeleteFunc(slices.Clone(g.Members), func(m fleet.Name) bool { return slices.Contains(others, m) })
	var all []Group
	if len(rest.Members) > 0 {
		rest.Member = rest.Members[0]
		all = append(all, rest)
	}
	for _, m := range others {
		one := *g
		one.Member, one.Members = m, []fleet.Name{m}
		all = append(all, one)
	}
	return all
}
