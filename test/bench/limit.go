package main

import (
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// bareClient does for each object just what cannot be avoided, right after the user's own write: no queue, no watch, no
// decision. With it the user's write is the limit of what any manager could reach on these clusters.
type bareClient struct{ run *race }

func (b bareClient) toMembers(ctx context.Context, do func(context.Context, memberClient) error) error {
	var group errgroup.Group
	for _, m := range b.run.world.members {
		group.Go(func() error { return do(ctx, m) })
	}
	return group.Wait()
}

func (b bareClient) patchHost(ctx context.Context, name string, patch any, subresource ...string) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	_, err = b.run.world.bare.Resource(b.run.kind.federated).Namespace(b.run.namespace).
		Patch(ctx, name, types.MergePatchType, body, metav1.PatchOptions{}, subresource...)
	return err
}

func (b bareClient) setFinalizers(ctx context.Context, name string, finalizers []string) error {
	return b.patchHost(ctx, name, map[string]any{"metadata": map[string]any{"finalizers": finalizers}})
}

func (b bareClient) writeStatus(ctx context.Context, name string, generation int64) error {
	clusters := make([]any, 0, len(b.run.world.members))
	for _, m := range b.run.world.members {
		clusters = append(clusters, map[string]any{"name": m.name})
	}
	condition := map[string]any{"type": "Propagation", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z", "lastUpdateTime": "2026-01-01T00:00:00Z"}
	return b.patchHost(ctx, name, map[string]any{"status": map[string]any{
		"observedGeneration": generation, "conditions": []any{condition}, "clusters": clusters,
	}}, "status")
}

func (b bareClient) apply(ctx context.Context, m memberClient, name, value string) error {
	body, err := json.Marshal(b.run.kind.copyOf(b.run.namespace, name, value))
	if err != nil {
		return err
	}
	force := true
	_, err = m.bare.Resource(b.run.kind.target).Namespace(b.run.namespace).
		Patch(ctx, name, types.ApplyPatchType, body, metav1.PatchOptions{FieldManager: "bare", Force: &force})
	return err
}

// created follows the creation of a federated object.
func (b bareClient) created(ctx context.Context, name, value string) error {
	if err := b.setFinalizers(ctx, name, []string{"kubefed.io/sync-controller"}); err != nil {
		return fmt.Errorf("hold %q: %w", name, err)
	}
	return b.edited(ctx, name, value)
}

// edited follows a new edition of a federated object, whose generation is one more than the number of its edition.
func (b bareClient) edited(ctx context.Context, name, value string) error {
	if err := b.repaired(ctx, name, value); err != nil {
		return err
	}
	return b.writeStatus(ctx, name, generationOf(value))
}

// repaired applies the copies.
func (b bareClient) repaired(ctx context.Context, name, value string) error {
	return b.toMembers(ctx, func(ctx context.Context, m memberClient) error {
		if err := b.apply(ctx, m, name, value); err != nil {
			return fmt.Errorf("apply %q to %s: %w", name, m.name, err)
		}
		return nil
	})
}

// deleted follows the deletion of a federated object, which the finalizer holds.
func (b bareClient) deleted(ctx context.Context, name string) error {
	err := b.toMembers(ctx, func(ctx context.Context, m memberClient) error {
		return m.bare.Resource(b.run.kind.target).Namespace(b.run.namespace).Delete(ctx, name, metav1.DeleteOptions{})
	})
	if err != nil {
		return fmt.Errorf("delete copies of %q: %w", name, err)
	}
	return b.setFinalizers(ctx, name, nil)
}
