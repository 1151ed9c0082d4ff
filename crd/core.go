package crd

import (
	"fmt"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

const (
	coreGroup       = "core.kubefed.io"
	schedulingGroup = "scheduling.kubefed.io"

	nameFederatedTypeConfig = "federatedtypeconfigs." + coreGroup
	nameKubeFedConfig       = "kubefedconfigs." + coreGroup
	namePreference          = "replicaschedulingpreferences." + schedulingGroup
)

// CoreNames returns the names of the core definitions that fedsync serves, sorted. FederatedServiceStatus, which KubeFed
// ships and nothing of it writes, is left out.
func CoreNames() []string {
	return []string{
		"clusterpropagatedversions." + coreGroup,
		nameFederatedTypeConfig,
		"kubefedclusters." + coreGroup,
		nameKubeFedConfig,
		"propagatedversions." + coreGroup,
		namePreference,
	}
}

// Complete returns what fedsync serves for a core definition as controller-gen derives it from KubeFed's Go types without
// descriptions: with ours, more columns, and in a FederatedTypeConfig the conditions that say why a type does not run.
// A definition that is complete comes back equal. The given one is not changed.
//
// It is an error to give a definition that CoreNames does not list, or one without a field that is described here, for
// then the two have come apart.
func Complete(derived *apiextensionsv1.CustomResourceDefinition) (*apiextensionsv1.CustomResourceDefinition, error) {
	if !slices.Contains(CoreNames(), derived.Name) {
		return nil, fmt.Errorf("complete definition %q: not a core kind of fedsync", derived.Name)
	}

	done := derived.DeepCopy()
	// The version of the generator is no news to a cluster, and would make every upgrade of it a change of the chart.
	done.Annotations = nil
	done.Status = apiextensionsv1.CustomResourceDefinitionStatus{}

	for i := range done.Spec.Versions {
		if err := completeVersion(done.Name, &done.Spec.Versions[i]); err != nil {
			return nil, fmt.Errorf("complete definition %q: %w", derived.Name, err)
		}
	}

	return done, nil
}

func completeVersion(name string, version *apiextensionsv1.CustomResourceDefinitionVersion) error {
	if version.Schema == nil || version.Schema.OpenAPIV3Schema == nil {
		return fmt.Errorf("version %q has no schema", version.Name)
	}

	root := version.Schema.OpenAPIV3Schema
	if name == nameFederatedTypeConfig {
		if err := edit(root, "status", addConditions); err != nil {
			return err
		}
	}

	for _, field := range coreFields(name) {
		if err := describe(root, field.path, field.description); err != nil {
			return err
		}
	}

	if columns := coreColumns(name); columns != nil {
		version.AdditionalPrinterColumns = columns
	}

	return nil
}

func addConditions(status *schema) {
	status.Properties["conditions"] = conditionsSchema()
}

// coreColumns returns the columns that replace those of the Go type, or nil. KubeFedCluster keeps its own: they are as
// old as KubeFed and scripts read them.
func coreColumns(name string) []apiextensionsv1.CustomResourceColumnDefinition {
	switch name {
	case nameFederatedTypeConfig:
		return []apiextensionsv1.CustomResourceColumnDefinition{
			column("Target", typeString, ".spec.targetType.kind"),
			column("Federated", typeString, ".spec.federatedType.kind"),
			column("Propagation", typeString, ".spec.propagation"),
			column("Controller", typeString, ".status.propagationController"),
			ageColumn(),
		}
	case nameKubeFedConfig:
		return []apiextensionsv1.CustomResourceColumnDefinition{
			column("Scope", typeString, ".spec.scope"),
			ageColumn(),
		}
	case namePreference:
		return []apiextensionsv1.CustomResourceColumnDefinition{
			column("Kind", typeString, ".spec.targetKind"),
			column("Replicas", typeInteger, ".spec.totalReplicas"),
			column("Rebalance", typeBoolean, ".spec.rebalance"),
			ageColumn(),
		}
	default:
		return nil
	}
}
