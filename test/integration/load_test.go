package integration

import (
	"fmt"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// managed selects copies.
var managed = metav1.ListOptions{LabelSelector: "kubefed.io/managed=true"}

// parallel is how many requests the tests themselves have in flight.
const parallel = 8

// concurrently calls the function for 0 to count-1.
func concurrently(t *testing.T, count int, do func(i int) error) {
	t.Helper()
	next := make(chan int)
	var workers sync.WaitGroup
	for range parallel {
		workers.Go(func() {
			for i := range next {
				if err := do(i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range count {
		next <- i
	}
	close(next)
	workers.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

func federatedConfigMap(name, value string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "types.kubefed.io/v1beta1", "kind": "FederatedConfigMap", "metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"template":  map[string]any{"data": map[string]any{"v": value, "payload": payload}},
			"placement": map[string]any{"clusterSelector": map[string]any{"matchLabels": map[string]any{"tier": "production"}}},
		},
	}}
}

const payload = "some configuration that is about as long as a line of a real file, to be carried to every member"

func createConfigMap(t *testing.T, namespace, name, value string) error {
	_, err := fleet.host.Resource(kinds["federatedconfigmap"]).Namespace(namespace).Create(t.Context(), federatedConfigMap(name, value), metav1.CreateOptions{})
	return err
}

func editConfigMap(t *testing.T, namespace, name, value string) error {
	patch := fmt.Sprintf(`{"spec":{"template":{"data":{"v":%q}}}}`, value)
	_, err := fleet.host.Resource(kinds["federatedconfigmap"]).Namespace(namespace).Patch(t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}
