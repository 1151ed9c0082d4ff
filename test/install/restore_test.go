package install

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// kept is what docs/operations.md says to back up, in the order of its restoration: first what copies are made from, last who gets them.
func kept() []schema.GroupVersionResource {
	all := []schema.GroupVersionResource{}
	for plural := range kinds {
		all = append(all, federated(plural))
	}
	return append(all, schema.GroupVersionResource{Version: "v1", Resource: "secrets"}, core("kubefedclusters"))
}

// restore loses what the host knows, and brings it back from a backup. No copy may notice.
func restore(t *testing.T, w *world) {
	before := w.identities(t)
	backup := map[schema.GroupVersionResource][]unstructured.Unstructured{}
	w.stop(t)
	for _, of := range kept() {
		list, err := w.objects.Resource(of).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range list.Items {
			o := &list.Items[i]
			if of.Resource == "secrets" && (o.GetNamespace() != namespace || o.GetName() != "member1-credentials") {
				continue
			}
			backup[of] = append(backup[of], asBackedUp(o))
			w.lose(t, of, o)
		}
	}
	w.start(t) // before anything is back: it must not take an empty host for the truth
	for _, of := range kept() {
		for i := range backup[of] {
			o := &backup[of][i]
			if _, err := w.objects.Resource(of).Namespace(o.GetNamespace()).Create(t.Context(), o, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for plural := range kinds {
		if plural != "federatedconfigmaps" { // it was deleted before
			w.inStep(t, plural)
		}
	}
	w.edited(t, 7)
	after := w.identities(t)
	for name, was := range before {
		if is := after[name]; is != was && name != "federateddeployments" { // which has just been edited
			t.Errorf("%s was %s and is %s", name, was, is)
		}
	}
}

// asBackedUp is an object as a tool such as Velero keeps it: without status, and without what the API server gave it.
func asBackedUp(o *unstructured.Unstructured) unstructured.Unstructured {
	saved := o.DeepCopy()
	unstructured.RemoveNestedField(saved.Object, "status")
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"} {
		unstructured.RemoveNestedField(saved.Object, "metadata", field)
	}
	return *saved
}

// lose takes an object off the host as if it had never been there.
func (w *world) lose(t *testing.T, of schema.GroupVersionResource, o *unstructured.Unstructured) {
	t.Helper()
	objects := w.objects.Resource(of).Namespace(o.GetNamespace())
	if _, err := objects.Patch(t.Context(), o.GetName(), types.MergePatchType, []byte(`{"metadata": {"finalizers": null}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := objects.Delete(t.Context(), o.GetName(), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// identities returns who the copies in member1 are, and their generation.
func (w *world) identities(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for plural, target := range kinds {
		o, err := w.in(w.members["member1"], target).Get(t.Context(), named(plural), metav1.GetOptions{})
		if err != nil {
			found[plural] = err.Error()
			continue
		}
		found[plural] = fmt.Sprintf("%s generation %d managed %q", o.GetUID(), o.GetGeneration(), o.GetLabels()["kubefed.io/managed"])
	}
	return found
}
