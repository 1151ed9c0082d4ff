package admission

import (
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"
)

// typeSpec has KubeFed's rules about a FederatedTypeConfig: the name is that of the target, the target may be of the core group, what
// KubeFed makes may not.
func typeSpec(config *fedv1b1.FederatedTypeConfig) field.ErrorList {
	spec, path := &config.Spec, field.NewPath("spec")
	target := schema.GroupResource{Group: spec.TargetType.Group, Resource: spec.TargetType.PluralName}
	var faults field.ErrorList
	if config.Name != target.String() {
		faults = append(faults, field.Invalid(field.NewPath("metadata", "name"), config.Name, "must be "+target.String()+", the plural name and group of spec.targetType"))
	}
	faults = append(faults, resource(path.Child("targetType"), spec.TargetType)...)
	faults = append(faults, ownResource(path.Child("federatedType"), spec.FederatedType)...)
	if spec.StatusType != nil {
		faults = append(faults, ownResource(path.Child("statusType"), *spec.StatusType)...)
	}
	faults = append(faults, oneOf(path.Child("propagation"), spec.Propagation, fedv1b1.PropagationEnabled, fedv1b1.PropagationDisabled)...)
	if spec.StatusCollection != nil {
		faults = append(faults, oneOf(path.Child("statusCollection"), *spec.StatusCollection, fedv1b1.StatusCollectionEnabled, fedv1b1.StatusCollectionDisabled)...)
	}
	return faults
}

func resource(path *field.Path, r fedv1b1.APIResource) (faults field.ErrorList) {
	if r.Group != "" {
		faults = named(path.Child("group"), r.Group, validation.IsDNS1123Subdomain)
	}
	faults = append(faults, named(path.Child("version"), r.Version, validation.IsDNS1035Label)...)
	faults = append(faults, named(path.Child("kind"), r.Kind, func(kind string) []string { return validation.IsDNS1035Label(strings.ToLower(kind)) })...)
	faults = append(faults, named(path.Child("pluralName"), r.PluralName, validation.IsDNS1035Label)...)
	return append(faults, oneOf(path.Child("scope"), r.Scope, apiextensionsv1.ClusterScoped, apiextensionsv1.NamespaceScoped)...)
}

func ownResource(path *field.Path, r fedv1b1.APIResource) field.ErrorList {
	switch faults := resource(path, r); {
	case r.Group == "":
		return append(field.ErrorList{field.Required(path.Child("group"), "")}, faults...)
	case !strings.Contains(r.Group, "."):
		return append(field.ErrorList{field.Invalid(path.Child("group"), r.Group, "must be a domain with at least one dot")}, faults...)
	default:
		return faults
	}
}

func typeStatus(status *fedv1b1.FederatedTypeConfigStatus) (faults field.ErrorList) {
	path := field.NewPath("status")
	if status.ObservedGeneration < 0 {
		faults = field.ErrorList{field.Invalid(path.Child("observedGeneration"), status.ObservedGeneration, "must be at least 0")}
	}
	faults = append(faults, oneOf(path.Child("propagationController"), status.PropagationController, fedv1b1.ControllerStatusRunning, fedv1b1.ControllerStatusNotRunning)...)
	if status.StatusController != nil {
		faults = append(faults, oneOf(path.Child("statusController"), *status.StatusController, fedv1b1.ControllerStatusRunning, fedv1b1.ControllerStatusNotRunning)...)
	}
	return faults
}
