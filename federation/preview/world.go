package preview

import (
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/resolve"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
	"github.com/fedsync/fedsync/placement/override"
)

// World is the host at one moment, as far as it decides about copies.
type World struct {
	Members fleet.Snapshot
	// Objects are those that are looked at, with their types.
	Objects map[fleet.ObjectKey]Object
	// Namespaces are the FederatedNamespaces by the namespace that they federate.
	Namespaces map[string]*fleet.FederatedObject
	Settings   resolve.Settings
}

// Object is a federated object with its type.
type Object struct {
	*fleet.FederatedObject

	Kind fleet.Type
}

// subject returns what is decided from about the object's copies; ok is false if the world has no such object, or it makes none.
func (w *World) subject(key fleet.ObjectKey) (s *resolve.Subject, ok bool) {
	o, ok := w.Objects[key]
	if !ok || w.Settings.Ignored(o.Kind, key) {
		return nil, false
	}
	made := w.Settings.NewSubject(o.FederatedObject, o.Kind, override.NewRenderer(o.FederatedObject, o.Kind),
		func(namespace string) (*fleet.FederatedObject, bool) { return w.Namespaces[namespace], true })
	return &made, true
}

// Seen is what was seen in a member of a copy.
type Seen struct {
	// Known is false where the member could not be asked; Why says why.
	Known bool
	Why   string
	// Forbidden tells that the member answered, and did not say.
	Forbidden bool
	// TypeMissing tells that the member does not serve the type: then it has no copies.
	TypeMissing bool

	Present  bool
	Observed fleet.Observed
	// Foreign tells that an object of the name exists that is nobody's copy.
	Foreign bool
	// NamespaceAbsent tells that the copy's namespace does not exist in the member.
	NamespaceAbsent bool
}

// sight turns what was seen into what the decision takes.
func (seen *Seen) sight() resolve.Sight {
	s := resolve.Sight{Observed: seen.Observed, Presence: plan.Absent}
	if seen.Present {
		s.Presence = plan.Present
	}
	return s
}

// Desired returns what the object's copy in the member should be in this world, and whether it should be.
func (w *World) Desired(key fleet.ObjectKey, name fleet.Name) (*fleet.Desired, bool) {
	s, exists := w.subject(key)
	m, registered := w.Members.Member(name)
	if !exists || !registered || s.Verdict(m).Choice != placement.Chosen {
		return nil, false
	}
	d, problem := s.Renderer.Render(name)
	return d, problem == nil
}

// Unregistered returns the clusters that the object lists and nobody is registered under.
func (w *World) Unregistered(key fleet.ObjectKey) []fleet.Name {
	s, exists := w.subject(key)
	if !exists {
		return nil
	}
	return placement.Select(s.Object, s.Namespace, w.Members).Unregistered
}

// Verdict says whether and why the member is chosen for the object in this world.
func (w *World) Verdict(key fleet.ObjectKey, name fleet.Name) placement.Verdict {
	s, exists := w.subject(key)
	m, registered := w.Members.Member(name)
	if !exists || !registered {
		return placement.Verdict{Member: name}
	}
	return s.Verdict(m)
}

// Warnings are what is said of overrides that do nothing.
func (w *World) Warnings(key fleet.ObjectKey) []string {
	s, exists := w.subject(key)
	if !exists {
		return nil
	}
	warnings := s.Renderer.Warnings(func(name fleet.Name) bool {
		_, registered := w.Members.Member(name)
		return registered
	})
	said := make([]string, 0, len(warnings))
	for _, one := range warnings {
		said = append(said, one.String())
	}
	return said
}
