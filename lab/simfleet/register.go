package simfleet

import (
	"context"
	"encoding/base64"
	"fmt"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/lab/federation"
)

var (
	kubeFedClusters = schema.GroupVersionResource{Group: "core.kubefed.io", Version: "v1beta1", Resource: "kubefedclusters"}
	secrets         = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
)

// registering is how many members are registered at a time.
const registering = 8

// Register makes the named members of the fleet known to a host that has KubeFed's CRDs, in the namespace
// kube-federation-system, with labels for placement. What exists already stays as it is.
func (e Endpoint) Register(ctx context.Context, host *rest.Config, labels map[string]string, members ...string) error {
	client, err := dynamic.NewForConfig(host)
	if err != nil {
		return fmt.Errorf("connect to the host: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(registering)
	for _, m := range members {
		group.Go(func() error {
			if err := e.register(ctx, client, labels, m); err != nil {
				return fmt.Errorf("register %q: %w", m, err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (e Endpoint) register(ctx context.Context, client dynamic.Interface, labels map[string]string, member string) error {
	secret := object("v1", "Secret", member, map[string]any{"data": map[string]any{"token": base64.StdEncoding.EncodeToString([]byte(e.Token))}})
	cluster := object("core.kubefed.io/v1beta1", "KubeFedCluster", member, map[string]any{"spec": map[string]any{
		"apiEndpoint": e.URL + "/members/" + member, "caBundle": base64.StdEncoding.EncodeToString(e.CA), "secretRef": map[string]any{"name": member},
	}})
	cluster.SetLabels(labels)
	if _, err := client.Resource(secrets).Namespace(federation.Namespace).Create(ctx, secret, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	_, err := client.Resource(kubeFedClusters).Namespace(federation.Namespace).Create(ctx, cluster, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// Unregister takes the named members off the host. What they hold stays.
func (e Endpoint) Unregister(ctx context.Context, host *rest.Config, members ...string) error {
	client, err := dynamic.NewForConfig(host)
	if err != nil {
		return fmt.Errorf("connect to the host: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(registering)
	for _, m := range members {
		group.Go(func() error {
			for _, r := range []schema.GroupVersionResource{kubeFedClusters, secrets} {
				err := client.Resource(r).Namespace(federation.Namespace).Delete(ctx, m, metav1.DeleteOptions{})
				if err != nil && !apierrors.IsNotFound(err) {
					return fmt.Errorf("unregister %q: %w", m, err)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func object(apiVersion, kind, name string, content map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: content}
	o.SetAPIVersion(apiVersion)
	o.SetKind(kind)
	o.SetName(name)
	o.SetNamespace(federation.Namespace)
	return o
}
