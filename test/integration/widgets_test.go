package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
)

// widgets makes a type that has no schema, on the host and in the members that are named; the others do not serve it. The
// test must remove its federated objects, which nobody does once the type has stopped.
func (s scene) widgets(t *testing.T, members ...string) {
	t.Helper()
	define := func(c cluster, group, version, kind, plural string) {
		manifest := fmt.Sprintf(`{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: %[1]s.%[2]s}, spec: {group: %[2]s, scope: Namespaced,
			names: {kind: %[3]s, plural: %[1]s}, versions: [{name: %[4]s, served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}}`,
			plural, group, kind, version)
		eventually(t, 30*time.Second, "the type can be made", func() string { return c.global().tryCreate(t, "crd", manifest) }) // an earlier one may be going
		t.Cleanup(func() { c.global().remove(t, "crd", plural+"."+group) })
	}
	define(s.host, "types.kubefed.io", "v1beta1", "FederatedWidget", "federatedwidgets")
	for _, member := range members {
		define(s.m[member], "example.com", "v1", "Widget", "widgets")
	}
	system := cluster{fleet.host, federation.Namespace}
	system.create(t, "federatedtypeconfig", `{apiVersion: core.kubefed.io/v1beta1, kind: FederatedTypeConfig, metadata: {name: widgets.example.com}, spec: {propagation: Enabled,
		targetType: {group: example.com, version: v1, kind: Widget, pluralName: widgets, scope: Namespaced},
		federatedType: {group: types.kubefed.io, version: v1beta1, kind: FederatedWidget, pluralName: federatedwidgets, scope: Namespaced}}}`)
	t.Cleanup(func() { system.remove(t, "federatedtypeconfig", "widgets.example.com") })
}
