package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/fedsync/fedsync/lab"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

var (
	namespaces          = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	federatedNamespaces = schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatednamespaces"}
)

// race is one contestant with objects of one kind, in a namespace of its own.
type race struct {
	world      *world
	contestant contestant
	kind       workload
	objects    int
	inFlight   int // requests of the user, or objects of the bare client
	namespace  string
	manager    *manager

	host    *view
	members []*view
	edition int // of all objects; edition 0 is generation 1
	stop    context.CancelFunc
}

// begin makes a namespace for the race everywhere and starts to watch it.
func (w *world) begin(ctx context.Context, r *race) (*race, error) {
	w.runs++
	r.world, r.namespace = w, fmt.Sprintf("bench-%d", w.runs)
	if err := r.makeNamespace(ctx); err != nil {
		return nil, err
	}
	var watching context.Context
	watching, r.stop = context.WithCancel(ctx)
	var err error
	if r.host, err = w.viewHost(watching, r.kind, r.namespace); err != nil {
		return nil, err
	}
	for _, m := range w.members {
		v, err := w.viewMember(watching, m, r.kind, r.namespace)
		if err != nil {
			return nil, err
		}
		r.members = append(r.members, v)
	}
	return r, nil
}

func (r *race) makeNamespace(ctx context.Context) error {
	namespace := map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": r.namespace}}
	if _, err := r.world.host.Resource(namespaces).Create(ctx, &unstructured.Unstructured{Object: namespace}, metav1.CreateOptions{}); err != nil {
		return err
	}
	body, err := json.Marshal(namespace)
	if err != nil {
		return err
	}
	if r.contestant.isBare() {
		for _, m := range r.world.members {
			_, err := m.bare.Resource(namespaces).Patch(ctx, r.namespace, types.ApplyPatchType, body, metav1.PatchOptions{FieldManager: "bare"})
			if err != nil {
				return err
			}
		}
		return nil
	}
	federated := map[string]any{
		"apiVersion": "types.kubefed.io/v1beta1", "kind": "FederatedNamespace", "metadata": map[string]any{"name": r.namespace},
		"spec": map[string]any{"placement": map[string]any{"clusterSelector": map[string]any{}}},
	}
	resource := r.world.host.Resource(federatedNamespaces).Namespace(r.namespace)
	if _, err := resource.Create(ctx, &unstructured.Unstructured{Object: federated}, metav1.CreateOptions{}); err != nil {
		return err
	}
	return r.awaitNamespace(ctx)
}

// awaitNamespace waits until the manager has made the namespace in all members. A manager that starts anew may have to wait
// for the lock of the one before.
func (r *race) awaitNamespace(ctx context.Context) error {
	settled := newView(settledValue(len(r.world.members)))
	watching, stop := context.WithCancel(ctx)
	defer stop()
	resource := r.world.host.Resource(federatedNamespaces).Namespace(r.namespace)
	if err := settled.run(watching, dynamicLister(resource), &unstructured.Unstructured{}); err != nil {
		return err
	}
	if _, err := settled.has(ctx, r.contestant.patience, r.namespace, "1"); err != nil {
		return fmt.Errorf("%s makes namespace %q: %w\n%s", r.contestant.name, r.namespace, err, r.manager.process.LogTail())
	}
	return nil
}

// end removes what is left, which is the namespace.
func (r *race) end(ctx context.Context) error {
	r.stop()
	var failures error
	if !r.contestant.isBare() {
		failures = r.world.host.Resource(federatedNamespaces).Namespace(r.namespace).Delete(ctx, r.namespace, metav1.DeleteOptions{})
	}
	failures = errors.Join(failures, r.world.host.Resource(namespaces).Delete(ctx, r.namespace, metav1.DeleteOptions{}))
	if r.contestant.isBare() {
		for _, m := range r.world.members {
			failures = errors.Join(failures, m.bare.Resource(namespaces).Delete(ctx, r.namespace, metav1.DeleteOptions{}))
		}
	}
	return errors.Join(failures, r.awaitEnd(ctx))
}

// awaitEnd waits until the namespace is gone everywhere: what the controller managers do for it must not be measured with what
// comes next.
func (r *race) awaitEnd(ctx context.Context) error {
	for _, client := range append([]memberClient{{name: lab.HostName, bare: r.world.bare}}, r.world.members...) {
		resource := client.bare.Resource(namespaces)
		only := metav1.ListOptions{FieldSelector: "metadata.name=" + r.namespace}
		list := func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = only.FieldSelector
			return resource.List(ctx, o)
		}
		follow := func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = only.FieldSelector
			return resource.Watch(ctx, o)
		}
		watching, stop := context.WithCancel(ctx)
		v := newView(func(runtime.Object) string { return "" })
		err := v.run(watching, lister{list: list, watch: follow}, &metav1.PartialObjectMetadata{})
		if err == nil {
			_, err = v.empty(ctx, longPatience)
		}
		stop()
		if err != nil {
			return fmt.Errorf("wait for the end of namespace %q in %s: %w", r.namespace, client.name, err)
		}
	}
	return nil
}

func nameOf(i int) string { return fmt.Sprintf("o%d", i) }

// generationOf returns the generation of a federated object in an edition, such as "0".
func generationOf(edition string) int64 {
	n, _ := strconv.ParseInt(edition, 10, 64) // our own number
	return n + 1
}

// each does something for the first count objects, so many at a time.
func (r *race) each(ctx context.Context, count int, do func(ctx context.Context, name string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.inFlight)
	for i := range count {
		group.Go(func() error { return do(ctx, nameOf(i)) })
	}
	return group.Wait()
}

// create, edit and remove are the user's writes, each followed by what the bare client does if it is its turn.
func (r *race) create(ctx context.Context, name string) error {
	o := &unstructured.Unstructured{Object: r.kind.federatedObject(r.namespace, name, "0")}
	if _, err := r.world.host.Resource(r.kind.federated).Namespace(r.namespace).Create(ctx, o, metav1.CreateOptions{}); err != nil {
		return err
	}
	if r.contestant.isBare() {
		return bareClient{r}.created(ctx, name, "0")
	}
	return nil
}

func (r *race) edit(ctx context.Context, name, value string) error {
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": r.kind.edit(value)}})
	if err != nil {
		return err
	}
	if _, err := r.world.bare.Resource(r.kind.federated).Namespace(r.namespace).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return err
	}
	if r.contestant.isBare() {
		return bareClient{r}.edited(ctx, name, value)
	}
	return nil
}

func (r *race) remove(ctx context.Context, name string) error {
	if err := r.world.bare.Resource(r.kind.federated).Namespace(r.namespace).Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	if r.contestant.isBare() {
		return bareClient{r}.deleted(ctx, name)
	}
	return nil
}

// drift changes a copy behind the manager's back.
func (r *race) drift(ctx context.Context, m memberClient, name string) error {
	patch, err := json.Marshal(r.kind.edit("drifted"))
	if err != nil {
		return err
	}
	_, err = m.bare.Resource(r.kind.target).Namespace(r.namespace).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "somebody"})
	return err
}

// awaitAll waits until the first count objects are in the present edition: in all members, and by their status. It returns
// when that was.
func (r *race) awaitAll(ctx context.Context, count int) (copies, settled time.Time, err error) {
	for _, v := range r.members {
		at, err := v.allHave(ctx, r.contestant.patience, fmt.Sprint(r.edition), count)
		if err != nil {
			return copies, settled, fmt.Errorf("wait for the copies: %w", err)
		}
		if at.After(copies) {
			copies = at
		}
	}
	settled, err = r.host.allHave(ctx, r.contestant.patience, fmt.Sprint(r.edition+1), count)
	if err != nil {
		return copies, settled, fmt.Errorf("wait for the status: %w", err)
	}
	return copies, settled, nil
}
