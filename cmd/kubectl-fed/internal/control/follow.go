package control

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiwatch "k8s.io/apimachinery/pkg/watch"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/host"
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

// pause is how long it is waited before a watch that broke is begun anew.
const pause = time.Second

// Follow tells of every object of the resource, and then of every change, until the context ends; an empty namespace means all. It fails if
// the objects cannot be listed. A watch that breaks later is begun anew, and then objects are told of again.
func (p *Plane) Follow(ctx context.Context, r fleet.Resource, namespace string, tell func(Change) error) error {
	source := &raw.Source{Client: p.watching, Path: host.CollectionPath(r, namespace)}
	for begun := false; ; begun = true {
		err := listAndFollow(ctx, source, tell)
		if ended := ctx.Err() != nil; err != nil && !ended && (!begun || !Transient(err)) {
			return fmt.Errorf("watch %s: %w", r.Plural, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// Transient tells that an error may be gone when the same is asked again.
func Transient(err error) bool {
	switch fault.Of(err).Class {
	case fault.Retry, fault.Overloaded, fault.Unreachable, fault.TimedOut:
		return true
	default:
		return false
	}
}

// listAndFollow ends without an error when the server ends the watch.
func listAndFollow(ctx context.Context, source *raw.Source, tell func(Change) error) error {
	listed, err := source.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	list, ok := listed.(*raw.List)
	if !ok {
		return fmt.Errorf("the server sent %T", listed)
	}
	for i := range list.Items {
		if err := tell(Change{Object: &list.Items[i]}); err != nil {
			return err
		}
	}
	w, err := source.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
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
