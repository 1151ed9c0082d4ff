package federation

import (
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Namespace is where KubeFed keeps its own objects, on the host and in members.
const Namespace = "kube-federation-system"

// fieldManager owns the fields that this package writes.
const fieldManager = "fedsync-lab"

var (
	namespaceKind = schema.GroupKind{Kind: "Namespace"}
	crdKind       = schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}

	crds            = schema.GroupVersionResource{Group: crdKind.Group, Version: "v1", Resource: "customresourcedefinitions"}
	secrets         = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	serviceAccounts = schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}
	kubeFedClusters = schema.GroupVersionResource{Group: "core.kubefed.io", Version: "v1beta1", Resource: "kubefedclusters"}
)

// fields is the content of an object, or a part of it.
type fields = map[string]any

func isCRD(o *unstructured.Unstructured) bool { return o.GroupVersionKind().GroupKind() == crdKind }

// newObject makes an object with the given content besides its type and name. A cluster-wide one has no namespace.
func newObject(apiVersion, kind, namespace, name string, content fields) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: fields{}}
	maps.Copy(o.Object, content)
	o.SetAPIVersion(apiVersion)
	o.SetKind(kind)
	o.SetName(name)
	if namespace != "" {
		o.SetNamespace(namespace)
	}
	return o
}

// condition tells the status ("True") and message of a condition; empty when the object does not have it.
func condition(o *unstructured.Unstructured, conditionType string) (status, message string) {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions") // another shape is no condition
	for _, c := range conditions {
		if c, ok := c.(fields); ok && c["type"] == conditionType {
			status, _ = c["status"].(string)
			message, _ = c["message"].(string)
			return status, message
		}
	}
	return "", ""
}
