package federation

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

const (
	// settleTime is how long a new type may take until the server offers it.
	settleTime   = 30 * time.Second
	pollInterval = 50 * time.Millisecond
)

// Install makes the namespace kube-federation-system on the host and applies the manifests in the given files and
// directories (of which *.yaml and *.yml count), as Apply does.
func Install(ctx context.Context, host *rest.Config, paths ...string) error {
	return InstallIn(ctx, host, Namespace, paths...)
}

// InstallIn is Install with another namespace instead of kube-federation-system: what the manifests put there goes to
// the given one, as a federation needs that is limited to one namespace.
func InstallIn(ctx context.Context, host *rest.Config, namespace string, paths ...string) error {
	objects, err := read(paths)
	if err != nil {
		return err
	}
	move(objects, Namespace, namespace)
	return apply(ctx, host, append(objects, newObject("v1", "Namespace", "", namespace, nil)))
}

// Apply applies the objects of a YAML stream by server-side apply, taking fields over from other owners: namespaces
// first, then CustomResourceDefinitions, until the server has established them, then the others in their order. A
// namespaced object without a namespace goes to "default".
func Apply(ctx context.Context, cluster *rest.Config, stream []byte) error {
	objects, err := parse(stream)
	if err != nil {
		return err
	}
	return apply(ctx, cluster, objects)
}

func apply(ctx context.Context, cluster *rest.Config, objects []*unstructured.Unstructured) error {
	a, err := newApplier(cluster)
	if err != nil {
		return err
	}
	inOrder(objects)
	for i, o := range objects {
		if i > 0 && isCRD(objects[i-1]) && !isCRD(o) {
			if err := a.waitEstablished(ctx, objects[:i]); err != nil {
				return err
			}
		}
		if err := a.apply(ctx, o); err != nil {
			return err
		}
	}
	return a.waitEstablished(ctx, objects)
}

// applier applies objects to one cluster.
type applier struct {
	client dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

func newApplier(cluster *rest.Config) (*applier, error) {
	client, err := dynamic.NewForConfig(cluster)
	if err != nil {
		return nil, fmt.Errorf("make client of %s: %w", cluster.Host, err)
	}
	types, err := discovery.NewDiscoveryClientForConfig(cluster)
	if err != nil {
		return nil, fmt.Errorf("make discovery client of %s: %w", cluster.Host, err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(types))
	return &applier{client: client, mapper: mapper}, nil
}

// apply applies one object. It tries again while the server does not know the type, because an established type is
// offered only a moment later.
func (a *applier) apply(ctx context.Context, o *unstructured.Unstructured) error {
	err := until(ctx, settleTime, func(ctx context.Context) (bool, error) {
		err := a.try(ctx, o)
		if typeUnknown(err) {
			a.mapper.Reset()
			return false, err
		}
		return true, err
	})
	if err != nil {
		return fmt.Errorf("apply %s %q: %w", o.GetKind(), o.GetName(), err)
	}
	return nil
}

func (a *applier) try(ctx context.Context, o *unstructured.Unstructured) error {
	gvk := o.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return err
	}
	options := metav1.ApplyOptions{FieldManager: fieldManager, Force: true}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		_, err = a.client.Resource(mapping.Resource).Apply(ctx, o.GetName(), o, options)
		return err
	}
	namespace := o.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	_, err = a.client.Resource(mapping.Resource).Namespace(namespace).Apply(ctx, o.GetName(), o, options)
	return err
}

// typeUnknown tells an unknown type from other things that are not found, of which a missing namespace is the only
// one that can meet an apply.
func typeUnknown(err error) bool {
	if meta.IsNoMatchError(err) {
		return true
	}
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok || !apierrors.IsNotFound(err) {
		return false
	}
	details := status.ErrStatus.Details
	return details == nil || details.Kind != "namespaces"
}

// waitEstablished waits until the server has established all definitions among the objects.
func (a *applier) waitEstablished(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, o := range objects {
		if !isCRD(o) {
			continue
		}
		err := until(ctx, settleTime, func(ctx context.Context) (bool, error) {
			found, err := a.client.Resource(crds).Get(ctx, o.GetName(), metav1.GetOptions{})
			if err != nil {
				return true, err
			}
			status, message := condition(found, "Established")
			if status == "True" {
				return true, nil
			}
			return false, fmt.Errorf("not established: %s", message)
		})
		if err != nil {
			return fmt.Errorf("wait for CustomResourceDefinition %q: %w", o.GetName(), err)
		}
	}
	return nil
}

// until calls try until it says done, and returns what try then returned. When the limit or the context ends first,
// it returns the error of the last try.
func until(ctx context.Context, limit time.Duration, try func(context.Context) (done bool, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		done, err := try(ctx)
		if done {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}
