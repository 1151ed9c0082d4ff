package main

import (
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// workload is a kind of object to federate. What differs between two editions of an object is one value.
type workload struct {
	name              string
	kind              string // of the target
	federated, target schema.GroupVersionResource
	example           runtime.Object // what the watch of a member is decoded into

	template func(value string) map[string]any
	// edit is a merge patch of a template, or of a copy.
	edit func(value string) map[string]any
	// value reads it back from a copy.
	value func(runtime.Object) string
	// busy tells that the member's own controllers have work left with a copy; nil for never.
	busy func(runtime.Object) bool
}

var workloads = map[string]workload{"configmaps": configMaps, "deployments": deployments}

const payload = "some configuration that is about as long as a line of a real file, to be carried to every member"

var configMaps = workload{
	name: "configmaps", kind: "ConfigMap", example: &corev1.ConfigMap{},
	federated: schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedconfigmaps"},
	target:    schema.GroupVersionResource{Version: "v1", Resource: "configmaps"},
	template: func(value string) map[string]any {
		return map[string]any{"data": map[string]any{"value": value, "payload": payload}}
	},
	edit: func(value string) map[string]any { return map[string]any{"data": map[string]any{"value": value}} },
	value: func(o runtime.Object) string {
		c, _ := o.(*corev1.ConfigMap)
		return c.Data["value"]
	},
}

// deployments have no replicas: there are no nodes. The controller manager of each cluster makes a ReplicaSet for each
// edition, because the value is in the template of the pods.
var deployments = workload{
	name: "deployments", kind: "Deployment", example: &appsv1.Deployment{},
	federated: schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federateddeployments"},
	target:    schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"},
	template: func(value string) map[string]any {
		labels := map[string]any{"app": "web"}
		container := map[string]any{
			"name": "web", "image": "registry.example.com/shop/web:1.27", "args": []any{"--listen=:8080", "--log=json"},
			"ports":     []any{map[string]any{"name": "http", "containerPort": int64(8080)}},
			"env":       []any{map[string]any{"name": "REGION", "value": "west"}, map[string]any{"name": "PAYLOAD", "value": payload}},
			"resources": map[string]any{"requests": map[string]any{"cpu": "100m", "memory": "64Mi"}, "limits": map[string]any{"memory": "128Mi"}},
		}
		return map[string]any{
			"metadata": map[string]any{"labels": labels},
			"spec": map[string]any{
				"replicas": int64(0), "selector": map[string]any{"matchLabels": labels},
				"template": map[string]any{
					"metadata": map[string]any{"labels": labels, "annotations": map[string]any{"value": value}},
					"spec":     map[string]any{"containers": []any{container}},
				},
			},
		}
	},
	edit: func(value string) map[string]any {
		annotations := map[string]any{"annotations": map[string]any{"value": value}}
		return map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": annotations}}}
	},
	value: func(o runtime.Object) string {
		d, _ := o.(*appsv1.Deployment)
		return d.Spec.Template.Annotations["value"]
	},
	busy: func(o runtime.Object) bool {
		d, _ := o.(*appsv1.Deployment)
		return d.Status.ObservedGeneration != d.Generation
	},
}

// federatedObject goes to all members.
func (w workload) federatedObject(namespace, name, value string) map[string]any {
	return map[string]any{
		"apiVersion": w.federated.GroupVersion().String(), "kind": "Federated" + w.kind,
		"metadata": map[string]any{"name": name, "namespace": namespace},
		"spec":     map[string]any{"template": w.template(value), "placement": map[string]any{"clusterSelector": map[string]any{}}},
	}
}

// copyOf is what a client applies to a member.
func (w workload) copyOf(namespace, name, value string) map[string]any {
	o := w.template(value)
	metadata, _ := o["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
	}
	labels := map[string]any{"kubefed.io/managed": "true"}
	if own, ok := metadata["labels"].(map[string]any); ok {
		maps.Copy(labels, own)
	}
	o["metadata"] = map[string]any{
		"name": name, "namespace": namespace, "labels": labels,
		// As long as the mark that fedsync sets: the limit must not be lighter.
		"annotations": map[string]any{"fedsync.io/applied": fmt.Sprintf("%032s", value)},
	}
	o["apiVersion"], o["kind"] = w.target.GroupVersion().String(), w.kind
	return o
}
