package resolve

import (
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
	"github.com/fedsync/fedsync/placement/override"
)

// Subject is a federated object with all that is the same for its copies in every member.
type Subject struct {
	Settings Settings

	Object *fleet.FederatedObject
	Kind   fleet.Type
	// Namespace is the placement of the namespace that the object lives in.
	Namespace placement.Namespace
	// NamespaceKnown is false while the placements of namespaces have not been told.
	NamespaceKnown bool
	// Renderer renders the object as it is.
	Renderer *override.Renderer
}

// Sight is what is known of a copy and of what surrounds it in its member.
type Sight struct {
	// Observed counts only if Presence is Present.
	Observed fleet.Observed
	Presence plan.Presence
	// Namespace is the state of the copy's namespace in the member.
	Namespace plan.NamespaceState
}

// Verdict judges one member; unknown placements of namespaces make it unknown.
func (s *Subject) Verdict(m fleet.Member) placement.Verdict {
	if s.Namespace.Applies && !s.NamespaceKnown {
		return placement.Verdict{Member: m.Name, Choice: placement.Unknown, Reason: placement.NamespaceNotFederated}
	}
	return placement.Judge(s.Object, s.Namespace, m)
}

// Input returns what the decision about the copy in the member depends on.
func (s *Subject) Input(m fleet.Member, seen Sight) plan.Input {
	verdict := s.Verdict(m)
	in := plan.Input{
		Deleting: s.Object.Deleting, Orphan: s.Object.Orphan, Held: s.Object.Held,
		Want: wantOf(verdict.Choice), Cordoned: m.Cordoned, Drained: verdict.Reason == placement.MemberDrained,
		Adopt:     s.Settings.Adopt || m.Host && s.Kind.IsNamespace(),
		Protected: s.Kind.IsNamespace() && s.Settings.MaybeHost(m),
		Presence:  seen.Presence, Observed: seen.Observed, Namespace: seen.Namespace,
	}
	if in.Want == plan.WantChosen && !in.Deleting {
		in.Desired, in.Problem = s.Renderer.Render(m.Name)
	}
	if p, bad := s.Object.ProblemIn(fleet.DeleteOptionsField); bad {
		in.DeleteProblem = &p
	}
	return in
}

func wantOf(c placement.Choice) plan.Want {
	switch c {
	case placement.Chosen:
		return plan.WantChosen
	case placement.Excluded:
		return plan.WantExcluded
	default:
		return plan.WantUnknown
	}
}
