package crd

import (
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Definition returns the CustomResourceDefinition of the federated kind. It has one version, served and stored, with the
// status subresource. The error wraps ErrInvalidType.
func Definition(t Type) (*apiextensionsv1.CustomResourceDefinition, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}

	root := federatedSchema(t)

	return &apiextensionsv1.CustomResourceDefinition{
		TypeMeta: metav1.TypeMeta{
			APIVersion: apiextensionsv1.SchemeGroupVersion.String(),
			Kind:       "CustomResourceDefinition",
		},
		ObjectMeta: metav1.ObjectMeta{Name: resourceName(t.Federated)},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: t.Federated.Group,
			Scope: scopeOf(t.Federated),
			Names: apiextensionsv1.CustomResourceDefinitionNames{
				Kind:       t.Federated.Kind,
				ListKind:   listKind(t),
				Plural:     t.Federated.Plural,
				Singular:   strings.ToLower(t.Federated.Kind),
				ShortNames: shortNames(t),
			},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name:                     t.Federated.Version,
				Served:                   true,
				Storage:                  true,
				Schema:                   &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &root},
				Subresources:             statusSubresource(),
				AdditionalPrinterColumns: federatedColumns(),
			}},
		},
	}, nil
}

func shortNames(t Type) []string {
	names := make([]string, 0, len(t.TargetShortNames))
	for _, name := range t.TargetShortNames {
		names = append(names, "f"+name)
	}

	return names
}

func listKind(t Type) string {
	return t.Federated.Kind + "List"
}

func statusSubresource() *apiextensionsv1.CustomResourceSubresources {
	return &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}}
}

func federatedColumns() []apiextensionsv1.CustomResourceColumnDefinition {
	const propagation = `.status.conditions[?(@.type=='Propagation')]`

	message := column("Message", typeString, propagation+".message")
	message.Priority = 1 // Only with -o wide: it is a sentence.

	return []apiextensionsv1.CustomResourceColumnDefinition{
		column("Synced", typeString, propagation+".status"),
		column("Reason", typeString, propagation+".reason"),
		message,
		ageColumn(),
	}
}

func column(name, kind, path string) apiextensionsv1.CustomResourceColumnDefinition {
	return apiextensionsv1.CustomResourceColumnDefinition{Name: name, Type: kind, JSONPath: path}
}

func ageColumn() apiextensionsv1.CustomResourceColumnDefinition {
	return column("Age", "date", ".metadata.creationTimestamp")
}
