package resolve

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
	"github.com/fedsync/fedsync/placement/override"
)

// Settings are what of the host decides about all objects alike.
type Settings struct {
	// Namespace is the control plane's own.
	Namespace string
	// HostUID is the identity of the host, "" if it is not known.
	HostUID types.UID
	// Limited tells that the control plane works in its own namespace alone.
	Limited bool
	// Adopt allows taking over objects that exist in a member and are not managed yet.
	Adopt bool
}

// System tells that a namespace is never synchronised itself. KubeFed has the same list, and its own namespace.
func (s Settings) System(namespace string) bool {
	switch namespace {
	case "kube-system", "kube-public", "default", s.Namespace:
		return true
	}
	return false
}

// Ignored tells that an object makes no copies, whatever it says: the FederatedNamespace of a system namespace, or one that does not lie
// in the namespace that it names; and in a limited control plane what lies in another namespace or in none.
func (s Settings) Ignored(t fleet.Type, key fleet.ObjectKey) bool {
	if t.IsNamespace() {
		return s.Limited || key.Name != key.Namespace || s.System(key.Name)
	}
	return s.Limited && key.Namespace != s.Namespace
}

// MaybeHost tells that the member is the host, or that nobody may know whether it is: then its namespaces, which could be the host's
// own, are never deleted.
func (s Settings) MaybeHost(m fleet.Member) bool { return m.Host || m.UID == "" || s.HostUID == "" }

// NewSubject returns what is decided from about the object's copies. namespaceOf returns the FederatedNamespace of a namespace, nil if
// there is none, and whether that is known.
//
// Where a deleted object may go does not matter any more, only where it may have been: its own placement says more than that of a namespace
// which may be gone already. In a limited control plane the namespace exists already: a FederatedNamespace may narrow the placement, none need.
func (s Settings) NewSubject(o *fleet.FederatedObject, t fleet.Type, r *override.Renderer, namespaceOf func(string) (*fleet.FederatedObject, bool)) Subject {
	made := Subject{Settings: s, Object: o, Kind: t, Renderer: r, NamespaceKnown: true}
	if t.Target.Namespaced && !o.Deleting {
		var ns placement.Namespace
		ns.Object, made.NamespaceKnown = namespaceOf(o.Key.Namespace)
		ns.Applies = !s.Limited || !made.NamespaceKnown || ns.Object != nil
		made.Namespace = ns
	}
	return made
}
