package placement

import (
	"slices"

	"github.com/fedsync/fedsync/fleet"
)

// Reason says why a member was chosen or not. The values are part of what users see.
type Reason string

// The reasons of a Verdict.
const (
	// Listed: spec.placement.clusters names the member.
	Listed Reason = "Listed"
	// Selected: spec.placement.clusterSelector matches the member's labels.
	Selected Reason = "Selected"
	// NotListed: spec.placement.clusters is present and does not name the member.
	NotListed Reason = "NotListed"
	// NotSelected: the selector does not match, or there is neither list nor selector.
	NotSelected Reason = "NotSelected"
	// NamespaceExcludes: the FederatedNamespace does not choose the member.
	NamespaceExcludes Reason = "NamespaceExcludes"
	// NamespaceDeleting: the FederatedNamespace is being deleted, and its contents go with it.
	NamespaceDeleting Reason = "NamespaceDeleting"
	// NamespaceNotFederated: there is no FederatedNamespace; nothing new is placed and nothing is removed.
	NamespaceNotFederated Reason = "NamespaceNotFederated"
	// MemberDrained: everything but namespaces moves off the member, whatever its placement says.
	MemberDrained Reason = "MemberDrained"
	// PlacementInvalid: a placement cannot be read, so nothing is known.
	PlacementInvalid Reason = "PlacementInvalid"
)

// Choice is the outcome for one member. Unknown is not Excluded: only Excluded may remove a copy.
type Choice int

// The choices. The zero value is the safe one.
const (
	Unknown Choice = iota
	Excluded
	Chosen
)

// Verdict is the decision for one member.
type Verdict struct {
	Member fleet.Name
	Choice Choice
	Reason Reason
}

// Decision holds a verdict for every registered member, sorted by name, and the names that nobody is registered under.
type Decision struct {
	Verdicts []Verdict
	// Unregistered are listed clusters that are not registered. They are not an error: a member may join later.
	Unregistered []fleet.Name
}

// Namespace is the placement of the namespace that a namespaced object lives in.
type Namespace struct {
	// Applies is false for objects of cluster-scoped types, which depend on no namespace.
	Applies bool
	// Object is the FederatedNamespace, nil if there is none.
	Object *fleet.FederatedObject
}

// Select judges every registered member.
func Select(o *fleet.FederatedObject, ns Namespace, s fleet.Snapshot) Decision {
	d := Decision{Verdicts: make([]Verdict, 0, len(s.Members()))}
	for _, m := range s.Members() {
		d.Verdicts = append(d.Verdicts, Judge(o, ns, m))
	}
	for _, name := range o.Placement.Clusters {
		if _, ok := s.Member(name); !ok {
			d.Unregistered = append(d.Unregistered, name)
		}
	}
	return d
}

// filter gives a verdict that ends the chain, or Chosen to let the next filter speak.
type filter func(o *fleet.FederatedObject, ns Namespace, m fleet.Member) (Choice, Reason)

// Judge runs the filters for one member; the first that does not choose decides. A drained member loses only what is known to be
// placed there, and keeps its namespaces: to delete one would delete what others have in it.
func Judge(o *fleet.FederatedObject, ns Namespace, m fleet.Member) Verdict {
	v := Verdict{Member: m.Name}
	var own Reason
	for i, f := range [...]filter{byOwnPlacement, byNamespace} {
		v.Choice, v.Reason = f(o, ns, m)
		if v.Choice != Chosen {
			return v
		}
		if i == 0 {
			own = v.Reason
		}
	}
	if v.Reason = own; m.Drained && o.Key.Type != fleet.NamespaceType {
		v.Choice, v.Reason = Excluded, MemberDrained
	}
	return v
}

func byOwnPlacement(o *fleet.FederatedObject, _ Namespace, m fleet.Member) (Choice, Reason) {
	return byPlacement(o, m)
}

func byNamespace(_ *fleet.FederatedObject, ns Namespace, m fleet.Member) (Choice, Reason) {
	switch {
	case !ns.Applies:
		return Chosen, Selected
	case ns.Object == nil:
		return Unknown, NamespaceNotFederated
	case ns.Object.Deleting:
		return Excluded, NamespaceDeleting
	}
	choice, reason := byPlacement(ns.Object, m)
	if choice == Excluded {
		return Excluded, NamespaceExcludes
	}
	return choice, reason
}

func byPlacement(o *fleet.FederatedObject, m fleet.Member) (Choice, Reason) {
	if _, bad := o.ProblemIn("spec.placement"); bad {
		return Unknown, PlacementInvalid
	}
	if o.Placement.Listed {
		if _, listed := slices.BinarySearch(o.Placement.Clusters, m.Name); listed {
			return Chosen, Listed
		}
		return Excluded, NotListed
	}
	if o.Placement.Selector != nil && o.Placement.Selector.Matches(m.Labels) {
		return Chosen, Selected
	}
	return Excluded, NotSelected
}
