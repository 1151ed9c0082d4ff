package control

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiwatch "k8s.io/apimachinery/pkg/watch"

	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/fleet"
)

// Change is what a watch told about one object.
type Change struct {
	Object  *raw.Object
	Deleted bool
}

// ClusterResource is the resource of the KubeFedClusters.
func ClusterResource() fleet.Resource {
	return fleet.Resource{Group: "core.kubefed.io", Version: "v1beta1", Kind: "KubeFedCluster", Plural: "kubefedclusters", Namespaced: true}
}

// Follow tells of every object of the resource, and then of every change, until the context ends; an empty namespace means all. A
// watch that breaks is begun anew: then objects are told of again.
func (p *Plane) Follow(ctx context.Context, r fleet.Resource, namespace string, tell func(Change) error) error {
	source := &raw.Source{Client: p.rest, Path: Path(r, namespace)}
	for ctx.Err() == nil {
		version, err := listAll(ctx, source, tell)
		if err == nil {
			err = follow(ctx, source, version, tell)
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("watch %s: %w", r.Plural, err)
		}
	}
	return nil
}

func listAll(ctx context.Context, source *raw.Source, tell func(Change) error) (version string, err error) {
	listed, err := source.List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", err
	}
	list, ok := listed.(*raw.List)
	if !ok {
		return "", fmt.Errorf("the server sent %T", listed)
	}
	for i := range list.Items {
		if err := tell(Change{Object: &list.Items[i]}); err != nil {
			return "", err
		}
	}
	return list.ResourceVersion, nil
}

// follow ends without an error when the server ends the watch.
func follow(ctx context.Context, source *raw.Source, version string, tell func(Change) error) error {
	w, err := source.Watch(ctx, metav1.ListOptions{ResourceVersion: version})
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer w.Stop()
	for event := range w.ResultChan() {
		o, ok := event.Object.(*raw.Object)
		if !ok || event.Type == apiwatch.Error {
			return nil
		}
		if err := tell(Change{Object: o, Deleted: event.Type == apiwatch.Deleted}); err != nil {
			return err
		}
	}
	return nil
}

// DecodeObject reads what the API server sent of a federated object.
func DecodeObject(t fleet.Type, sent *raw.Object) Object { return decode(t, sent) }
