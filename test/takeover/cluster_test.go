package takeover

import (
	"context"
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/fedsync/fedsync/test/await"
)

const requestTimeout = 20 * time.Second

// cluster is a cluster of the lab, seen through one namespace.
type cluster struct {
	client    dynamic.Interface
	namespace string
}

func connect(config *rest.Config, namespace string) (cluster, error) {
	config.Timeout = requestTimeout
	client, err := dynamic.NewForConfig(config)
	return cluster{client, namespace}, err
}

// in returns the same cluster seen through another namespace, or, with an empty one, through none.
func (c cluster) in(namespace string) cluster { return cluster{c.client, namespace} }

func (c cluster) of(r schema.GroupVersionResource) dynamic.ResourceInterface {
	if c.namespace == "" {
		return c.client.Resource(r)
	}
	return c.client.Resource(r).Namespace(c.namespace)
}

// get returns nil for what does not exist.
func (c cluster) get(t *testing.T, r schema.GroupVersionResource, name string) *unstructured.Unstructured {
	t.Helper()
	o, err := c.of(r).Get(context.WithoutCancel(t.Context()), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatalf("get %s %q: %v", r.Resource, name, err)
	}
	return o
}

func (c cluster) list(t *testing.T, r schema.GroupVersionResource, selector string) []unstructured.Unstructured {
	t.Helper()
	list, err := c.of(r).List(t.Context(), metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		t.Fatalf("list %s: %v", r.Resource, err)
	}
	return list.Items
}

// patch changes an object by a JSON merge patch, written as YAML, as somebody who is none of the managers.
func (c cluster) patch(t *testing.T, r schema.GroupVersionResource, name, patch string) {
	t.Helper()
	body, err := yaml.YAMLToJSON([]byte(patch))
	if err != nil {
		t.Fatalf("read patch: %v", err)
	}
	_, err = c.of(r).Patch(t.Context(), name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: "somebody"})
	if err != nil {
		t.Fatalf("patch %s %q: %v", r.Resource, name, err)
	}
}

func (c cluster) remove(t *testing.T, r schema.GroupVersionResource, name string) {
	t.Helper()
	if err := c.of(r).Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatalf("delete %s %q: %v", r.Resource, name, err)
	}
}

// eventually polls until the function returns "", or fails the test with what it last said. It returns how long it took.
func (w *world) eventually(t *testing.T, timeout time.Duration, what string, check func() string) time.Duration {
	t.Helper()
	took, problem := await.Until(100*time.Millisecond, timeout, check)
	if problem != "" {
		t.Fatalf("%s: not within %s: %s\n%s", what, timeout, problem, w.lastWords())
	}
	return took
}

// is returns "" if both are equal, else what differs.
func is(got, want any) string {
	if fmt.Sprint(got) == fmt.Sprint(want) {
		return ""
	}
	return fmt.Sprintf("got %v, want %v", got, want)
}
