package fleet

import "k8s.io/apimachinery/pkg/runtime/schema"

// Resource names a kind and the resource it is served as.
type Resource struct {
	Group, Version, Kind, Plural string
	Namespaced                   bool
}

// GVR returns the group, version and plural name.
func (r Resource) GVR() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Plural}
}

// APIVersion returns "group/version", or "version" in the core group.
func (r Resource) APIVersion() string {
	return schema.GroupVersion{Group: r.Group, Version: r.Version}.String()
}

// NamespaceType is the name of the type whose federated objects say where a namespace exists.
const NamespaceType TypeName = "namespaces"

// Type is one federated kind with its target kind, as a FederatedTypeConfig declares it.
type Type struct {
	Name      TypeName
	Target    Resource
	Federated Resource
	// CollectStatus tells that the status of each copy is wanted on the host.
	CollectStatus bool
	// DropAnnotations leaves annotations of the template out of copies, as KubeFed does. Overrides may still add some.
	DropAnnotations bool
}

// IsNamespace tells that the type's target is Namespace: its federated objects place the others.
func (t Type) IsNamespace() bool { return t.Name == NamespaceType }

// IsSecret tells that what a member says of a copy may quote what nobody else should see.
func (t Type) IsSecret() bool { return t.Target.Kind == "Secret" }

// CopyNamespace returns the namespace of the copies of a federated object in the given namespace.
func (t Type) CopyNamespace(namespace string) string {
	if t.Target.Namespaced {
		return namespace
	}
	return ""
}
