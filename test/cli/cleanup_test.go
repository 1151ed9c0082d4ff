package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// cleanUp deletes what a script has left on the host, so that one that fails does not take others with it: federated objects, namespaces, and
// members that were not there before.
func (w *world) cleanUp(env *testscript.Env) {
	ctx, cancel := deadline()
	defer cancel()
	leftovers := w.leftovers(ctx)
	for _, left := range leftovers {
		if err := w.clusters["host"].Resource(left.of).Namespace(left.namespace).Delete(ctx, left.name, metav1.DeleteOptions{}); err != nil {
			env.T().Log("clean up:", left.name, err)
		}
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for len(leftovers) > 0 && ctx.Err() == nil {
		<-tick.C
		leftovers = w.leftovers(ctx)
	}
	for _, left := range leftovers {
		env.T().Log("left behind:", left.of.Resource, left.namespace, left.name)
	}
}

type leftover struct {
	of              schema.GroupVersionResource
	namespace, name string
}

// leftovers are in the order in which they can go: federated objects before their namespaces.
func (w *world) leftovers(ctx context.Context) []leftover {
	var found []leftover
	add := func(of schema.GroupVersionResource, stays func(o *unstructured.Unstructured) bool) {
		list, err := w.clusters["host"].Resource(of).List(ctx, metav1.ListOptions{})
		if err != nil {
			return // a type that is not served has no objects
		}
		for i := range list.Items {
			if o := &list.Items[i]; !stays(o) {
				found = append(found, leftover{of, o.GetNamespace(), o.GetName()})
			}
		}
	}
	types, err := w.clusters["host"].Resource(resource("federatedtypeconfigs")).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	for i := range types.Items {
		plural, _, _ := unstructured.NestedString(types.Items[i].Object, "spec", "federatedType", "pluralName")
		group, _, _ := unstructured.NestedString(types.Items[i].Object, "spec", "federatedType", "group")
		add(schema.GroupVersionResource{Group: group, Version: "v1beta1", Resource: plural}, func(*unstructured.Unstructured) bool { return false })
	}
	add(resource("namespaces"), func(o *unstructured.Unstructured) bool {
		return strings.HasPrefix(o.GetName(), "kube-") || o.GetName() == metav1.NamespaceDefault
	})
	add(resource("kubefedclusters"), func(o *unstructured.Unstructured) bool {
		return slices.Contains([]string{"member1", "member2"}, o.GetName())
	})
	return found
}
