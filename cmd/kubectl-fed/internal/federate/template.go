package federate

import (
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedsync/fedsync/crd"
	"github.com/fedsync/fedsync/fleet"
)

// lastApplied is kubectl's record of what it applied: it speaks of the object, not of its copies.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// Options say what a federated object gets besides its template.
type Options struct {
	// Placement is spec.placement; nil means all members.
	Placement map[string]any
	// Annotations keeps the annotations of the object in the template. kubefedctl drops them.
	Annotations bool
}

// everywhere is the placement that kubefedctl writes: all members.
func everywhere() map[string]any {
	return map[string]any{"clusterSelector": map[string]any{"matchLabels": map[string]any{}}}
}

// Federated returns the federated object of an object: the type's federated kind, the same name, and as the template all of the
// object but what a server or a controller of one cluster put there.
func Federated(o *unstructured.Unstructured, federated fleet.Resource, options Options) *unstructured.Unstructured {
	placement := options.Placement
	if placement == nil {
		placement = everywhere()
	}
	f := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": federated.APIVersion(), "kind": federated.Kind,
		"metadata": map[string]any{"name": o.GetName()},
		"spec":     map[string]any{"template": template(o, options.Annotations), "placement": placement},
	}}
	switch {
	case isNamespace(o):
		f.SetNamespace(o.GetName())
	case o.GetNamespace() != "":
		f.SetNamespace(o.GetNamespace())
	}
	return f
}

func isNamespace(o *unstructured.Unstructured) bool {
	return o.GetAPIVersion() == "v1" && o.GetKind() == "Namespace"
}

// template follows kubefedctl: all but identity, status, and metadata other than labels, and less of some kinds.
func template(o *unstructured.Unstructured, annotations bool) map[string]any {
	content := o.DeepCopy().Object
	delete(content, "apiVersion")
	delete(content, "kind")
	delete(content, "status")
	delete(content, "metadata")
	metadata := map[string]any{}
	if labels := o.GetLabels(); len(labels) > 0 {
		kept := maps.Clone(labels)
		delete(kept, fleet.ManagedLabel)            // an object that is a copy itself
		delete(kept, "kubernetes.io/metadata.name") // the server's own
		if len(kept) > 0 {
			metadata["labels"] = anyMap(kept)
		}
	}
	if annotations {
		kept := o.GetAnnotations()
		delete(kept, lastApplied)
		delete(kept, fleet.AppliedAnnotation)
		if len(kept) > 0 {
			metadata["annotations"] = anyMap(kept)
		}
	}
	if len(metadata) > 0 {
		content["metadata"] = metadata
	}
	strip(o, content)
	return content
}

// strip leaves out what belongs to one cluster.
func strip(o *unstructured.Unstructured, content map[string]any) {
	if o.GetAPIVersion() != "v1" {
		stripJob(o, content)
		return
	}
	switch o.GetKind() {
	case "Namespace":
		unstructured.RemoveNestedField(content, "spec", "finalizers")
		dropEmpty(content, "spec")
	case "ServiceAccount":
		delete(content, "secrets")
	case "Service":
		for _, field := range []string{"clusterIP", "clusterIPs", "healthCheckNodePort"} {
			unstructured.RemoveNestedField(content, "spec", field)
		}
		ports, _, _ := unstructured.NestedSlice(content, "spec", "ports") // another shape has no ports
		for _, p := range ports {
			if port, ok := p.(map[string]any); ok {
				delete(port, "nodePort")
			}
		}
		if len(ports) > 0 {
			_ = unstructured.SetNestedSlice(content, ports, "spec", "ports") // where they were read
		}
	case "PersistentVolumeClaim":
		unstructured.RemoveNestedField(content, "spec", "volumeName")
	}
}

// stripJob leaves out the selector and label that the API server generates for a Job: they hold the UID of this one.
func stripJob(o *unstructured.Unstructured, content map[string]any) {
	manual, _, _ := unstructured.NestedBool(content, "spec", "manualSelector") // another shape is not true
	if o.GroupVersionKind().Group != "batch" || o.GetKind() != "Job" || manual {
		return
	}
	unstructured.RemoveNestedField(content, "spec", "selector")
	for _, at := range [][]string{{"metadata", "labels"}, {"spec", "template", "metadata", "labels"}} {
		for _, label := range []string{"controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"} {
			unstructured.RemoveNestedField(content, append(at, label)...)
		}
	}
}

func dropEmpty(content map[string]any, field string) {
	if m, ok := content[field].(map[string]any); ok && len(m) == 0 {
		delete(content, field)
	}
}

func anyMap(m map[string]string) map[string]any {
	made := make(map[string]any, len(m))
	for k, v := range m {
		made[k] = v
	}
	return made
}

// federatedByName is how kubefedctl calls the federated kind of an object that it knows nothing more of.
func federatedByName(o *unstructured.Unstructured) fleet.Resource {
	return fleet.Resource{Group: crd.FederatedGroup, Version: crd.FederatedVersion, Kind: "Federated" + o.GetKind()}
}
