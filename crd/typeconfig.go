package crd

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedsync/fedsync/fleet"
)

// TypeConfig returns the FederatedTypeConfig that enables the type, for the namespace that the daemon reads them from.
// The error wraps ErrInvalidType.
//
// It is not KubeFed's Go type because that one cannot be written without a status.
func TypeConfig(t Type, namespace string) (*unstructured.Unstructured, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}

	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": coreGroup + "/v1beta1",
		"kind":       "FederatedTypeConfig",
		"metadata":   map[string]any{"name": string(t.Name), "namespace": namespace},
		"spec": map[string]any{
			"targetType":    apiResource(t.Target),
			"federatedType": apiResource(t.Federated),
			"propagation":   "Enabled",
		},
	}}, nil
}

func apiResource(r fleet.Resource) map[string]any {
	fields := map[string]any{
		"version":    r.Version,
		"kind":       r.Kind,
		"pluralName": r.Plural,
		"scope":      string(scopeOf(r)),
	}
	if r.Group != "" {
		fields["group"] = r.Group
	}

	return fields
}
