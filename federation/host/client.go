package host

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// requestTimeout bounds every request but watches.
const requestTimeout = 15 * time.Second

// metadataOnly asks the server to answer a write with the object's metadata alone.
const metadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

// Client reads and writes federated objects on the host.
type Client struct {
	rest *rest.RESTClient
}

// NewClient returns a client for the host.
func NewClient(config *rest.Config) (*Client, error) {
	c, err := raw.NewClient(config)
	if err != nil {
		return nil, fmt.Errorf("make client for the host: %w", err)
	}
	return &Client{rest: c}, nil
}

// Source returns the list and watch of all federated objects of the type in the namespace, or in all if it is empty.
func (c *Client) Source(t fleet.Type, namespace string) *raw.Source {
	return &raw.Source{Client: c.rest, Path: CollectionPath(t.Federated, namespace)}
}

// CollectionPath returns the path of a resource's collection, in parts; an empty namespace means all.
func CollectionPath(r fleet.Resource, namespace string) []string {
	path := []string{"apis", r.Group, r.Version}
	if r.Group == "" {
		path = []string{"api", r.Version}
	}
	if r.Namespaced && namespace != "" {
		path = append(path, "namespaces", namespace)
	}
	return append(path, r.Plural)
}

// Hold puts our finalizer on the object, so that no copy can outlive it unseen.
func (c *Client) Hold(ctx context.Context, t fleet.Type, s *Objects, r *Record) error {
	return c.setFinalizers(ctx, t, s, r, append(slices.Clone(r.finalizers), Finalizer))
}

// Unhold takes our finalizer off the object: no copy of it is left.
func (c *Client) Unhold(ctx context.Context, t fleet.Type, s *Objects, r *Record) error {
	return c.setFinalizers(ctx, t, s, r, slices.DeleteFunc(slices.Clone(r.finalizers), func(f string) bool { return f == Finalizer }))
}

// setFinalizers names the version that it read, because it replaces the whole list.
func (c *Client) setFinalizers(ctx context.Context, t fleet.Type, s *Objects, r *Record, finalizers []string) error {
	o := r.Object
	patch := map[string]any{"metadata": map[string]any{"uid": o.UID, "resourceVersion": o.ResourceVersion, "finalizers": finalizers}}
	made, err := c.patch(ctx, t, o.Key, patch)
	if err != nil {
		return fmt.Errorf("set finalizers of %s: %w", o.Key, err)
	}
	s.wrote(o.Key, o.UID, made.ResourceVersion, func(r *Record, o *fleet.FederatedObject) {
		r.finalizers = made.Finalizers
		o.Held = slices.Contains(made.Finalizers, Finalizer)
	})
	return nil
}

// WriteStatus replaces the object's status.
func (c *Client) WriteStatus(ctx context.Context, t fleet.Type, s *Objects, o *fleet.FederatedObject, status report.Status) error {
	// A merge patch leaves out what it does not name: an empty list must be named to replace a full one.
	body := map[string]any{"observedGeneration": status.ObservedGeneration, "conditions": status.Conditions, "clusters": status.Clusters}
	patch := map[string]any{"metadata": map[string]any{"uid": o.UID}, "status": body}
	made, err := c.patch(ctx, t, o.Key, patch, "status")
	if err != nil {
		return fmt.Errorf("write status of %s: %w", o.Key, err)
	}
	journal := make([]fleet.Name, 0, len(status.Clusters))
	for _, cluster := range status.Clusters {
		journal = append(journal, cluster.Name)
	}
	slices.Sort(journal)
	s.wrote(o.Key, o.UID, made.ResourceVersion, func(r *Record, o *fleet.FederatedObject) {
		r.Published = report.Digest(status)
		o.Journal = journal
	})
	return nil
}

// ConfirmAbsent asks the host itself whether there is no such federated object, because a watch may be behind. Only the
// server's word that the object does not exist counts.
func (c *Client) ConfirmAbsent(ctx context.Context, t fleet.Type, key fleet.ObjectKey) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	err := c.rest.Get().AbsPath(append(CollectionPath(t.Federated, key.Namespace), key.Name)...).SetHeader("Accept", metadataOnly).Do(ctx).Error()
	switch fault.Of(err).Class {
	case fault.None:
		return false, nil
	case fault.Absent:
		return true, nil
	default:
		return false, fmt.Errorf("look for %s: %w", key, err)
	}
}

func (c *Client) patch(ctx context.Context, t fleet.Type, key fleet.ObjectKey, patch any, subresource ...string) (*metav1.PartialObjectMetadata, error) {
	body, err := json.Marshal(patch)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	path := append(append(CollectionPath(t.Federated, key.Namespace), key.Name), subresource...)
	result := c.rest.Patch(types.MergePatchType).AbsPath(path...).SetHeader("Accept", metadataOnly).
		Param("fieldManager", "fedsync").Body(body).Do(ctx)
	if err := result.Error(); err != nil { // Result.Raw alone knows only the status code
		return nil, err
	}
	answer, err := result.Raw()
	if err != nil {
		return nil, err
	}
	made := &metav1.PartialObjectMetadata{}
	return made, json.Unmarshal(answer, made)
}
