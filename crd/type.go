package crd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/fedsync/fedsync/fleet"
)

const (
	// FederatedGroup is the API group of federated types, unless a type asks for another one.
	FederatedGroup = "types.kubefed.io"
	// FederatedVersion is the version of federated types, unless a type asks for another one.
	FederatedVersion = "v1beta1"
)

// Type is a federated type with what its definition needs besides.
type Type struct {
	fleet.Type

	// TargetShortNames are the short names of the target, such as "cm". Those of the federated kind are "f" and them.
	TargetShortNames []string
	// RetainReplicas adds spec.retainReplicas. It is of use if the target has spec.replicas, an int32.
	RetainReplicas bool
}

// Federate names the federated kind of a target as KubeFed does: "Federated" in front of the kind, "federated" in front
// of the plural, the default group and version, and the target's scope; but FederatedNamespace lives in the namespace
// that it federates. The type's name is that of the target, as KubeFed's webhook demands.
func Federate(target fleet.Resource, targetShortNames ...string) Type {
	name := fleet.TypeName(resourceName(target))

	return Type{
		Type: fleet.Type{
			Name:   name,
			Target: target,
			Federated: fleet.Resource{
				Group:      FederatedGroup,
				Version:    FederatedVersion,
				Kind:       "Federated" + target.Kind,
				Plural:     "federated" + target.Plural,
				Namespaced: target.Namespaced || name == fleet.NamespaceType,
			},
		},
		TargetShortNames: targetShortNames,
	}
}

// resourceName returns the plural and, outside the core group, the group: "configmaps", "deployments.apps".
func resourceName(r fleet.Resource) string {
	if r.Group == "" {
		return r.Plural
	}

	return r.Plural + "." + r.Group
}

// isProtected tells that an API server refuses definitions of the group without the Kubernetes project's approval.
func isProtected(group string) bool {
	for _, protected := range []string{"k8s.io", "kubernetes.io"} {
		if group == protected || strings.HasSuffix(group, "."+protected) {
			return true
		}
	}

	return false
}

// scopeOf is how the API spells whether a kind is namespaced.
func scopeOf(r fleet.Resource) apiextensionsv1.ResourceScope {
	if r.Namespaced {
		return apiextensionsv1.NamespaceScoped
	}

	return apiextensionsv1.ClusterScoped
}

// ErrInvalidType is what Validate, Definition and TypeConfig wrap if a type cannot be served.
var ErrInvalidType = errors.New("invalid federated type")

// Validate returns all that is wrong with the type, one line a fault, or nil. It asks what an API server asks of the
// definition and what KubeFed's webhook asks of the FederatedTypeConfig.
func (t Type) Validate() error {
	faults := slices.Concat(
		resourceFaults("target", t.Target),
		resourceFaults("federated", t.Federated),
	)

	if name := resourceName(t.Target); string(t.Name) != name {
		faults = append(faults, fmt.Sprintf("name %q is not that of the target, %q", t.Name, name))
	}

	if !strings.Contains(t.Federated.Group, ".") {
		faults = append(faults, fmt.Sprintf("federated group %q has no dot", t.Federated.Group))
	}

	if isProtected(t.Federated.Group) {
		faults = append(faults, fmt.Sprintf("federated group %q needs the approval of the Kubernetes project", t.Federated.Group))
	}

	for _, name := range append(shortNames(t), strings.ToLower(listKind(t))) {
		faults = append(faults, prefix(fmt.Sprintf("federated name %q", name), validation.IsDNS1035Label(name))...)
	}

	for _, name := range []string{resourceName(t.Target), resourceName(t.Federated)} {
		if len(name) > validation.DNS1123SubdomainMaxLength {
			faults = append(faults, fmt.Sprintf("object name %q is too long", name))
		}
	}

	if len(faults) == 0 {
		return nil
	}

	return fmt.Errorf("%w: %s", ErrInvalidType, strings.Join(faults, "\n"))
}

func resourceFaults(role string, r fleet.Resource) []string {
	faults := slices.Concat(
		prefix(fmt.Sprintf("%s kind %q", role, r.Kind), validation.IsDNS1035Label(strings.ToLower(r.Kind))),
		prefix(fmt.Sprintf("%s plural %q", role, r.Plural), validation.IsDNS1035Label(r.Plural)),
		prefix(fmt.Sprintf("%s version %q", role, r.Version), validation.IsDNS1035Label(r.Version)),
	)
	if r.Group != "" {
		faults = append(faults, prefix(fmt.Sprintf("%s group %q", role, r.Group), validation.IsDNS1123Subdomain(r.Group))...)
	}

	return faults
}

func prefix(what string, faults []string) []string {
	said := make([]string, 0, len(faults))
	for _, fault := range faults {
		said = append(said, what+": "+fault)
	}

	return said
}
