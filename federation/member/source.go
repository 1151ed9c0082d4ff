package member

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"

	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/federation/watch"
	"github.com/fedsync/fedsync/fleet"
)

// newSource returns the list and watch of the copies of a type: their metadata, or all of them if their status is wanted.
//
//nolint:ireturn // there are two, and the cell takes either
func newSource(c *client, t fleet.Type, namespace string) watch.Source {
	if !t.Target.Namespaced {
		namespace = ""
	}
	if t.CollectStatus {
		collection := t.Target
		collection.Namespaced = collection.Namespaced && namespace != ""
		return &raw.Source{Client: c.whole, Path: path(collection, t.Target.APIVersion(), namespace, ""), LabelSelector: fleet.ManagedLabel}
	}
	return &source{client: c, resource: t.Target, namespace: namespace}
}

// source lists and watches the copies of one type, as metadata. It selects by the presence of the managed label, so that
// objects which opted out (label "false") are seen and left alone.
type source struct {
	client    *client
	resource  fleet.Resource
	namespace string
}

func (s *source) List(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	o.LabelSelector = fleet.ManagedLabel
	return s.client.metadata.Resource(s.resource.GVR()).Namespace(s.namespace).List(ctx, o)
}

func (s *source) Watch(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error) {
	o.LabelSelector = fleet.ManagedLabel
	return s.client.metadata.Resource(s.resource.GVR()).Namespace(s.namespace).Watch(ctx, o)
}
