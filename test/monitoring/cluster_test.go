package monitoring

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// cluster is one cluster with the shorthands of the story.
type cluster struct{ client dynamic.Interface }

func connect(c *lab.Cluster) (cluster, error) {
	config := c.RESTConfig()
	config.Timeout = 20 * time.Second
	client, err := dynamic.NewForConfig(config)
	return cluster{client}, err
}

// serverVersion asks a cluster for its version.
func serverVersion(c *lab.Cluster) (string, error) {
	client, err := discovery.NewDiscoveryClientForConfig(c.RESTConfig())
	if err != nil {
		return "", err
	}
	v, err := client.ServerVersion()
	if err != nil {
		return "", err
	}
	return v.GitVersion, nil
}

// resources that the story speaks of, by the kind in their manifests.
var resources = map[string]schema.GroupVersionResource{
	"Event":                            {Version: "v1", Resource: "events"},
	"ConfigMap":                        {Version: "v1", Resource: "configmaps"},
	"Namespace":                        {Version: "v1", Resource: "namespaces"},
	"Secret":                           {Version: "v1", Resource: "secrets"},
	"ServiceAccount":                   {Version: "v1", Resource: "serviceaccounts"},
	"CustomResourceDefinition":         {Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"},
	"ValidatingAdmissionPolicy":        {Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicies"},
	"ValidatingWebhookConfiguration":   {Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingwebhookconfigurations"},
	"ValidatingAdmissionPolicyBinding": {Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicybindings"},
	"KubeFedConfig":                    {Group: "core.kubefed.io", Version: "v1beta1", Resource: "kubefedconfigs"},
	"KubeFedCluster":                   {Group: "core.kubefed.io", Version: "v1beta1", Resource: "kubefedclusters"},
	"FederatedTypeConfig":              {Group: "core.kubefed.io", Version: "v1beta1", Resource: "federatedtypeconfigs"},
	"FederatedNamespace":               {Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatednamespaces"},
	"FederatedConfigMap":               {Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedconfigmaps"},
	"FederatedSecret":                  {Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedsecrets"},
	"FederatedDeployment":              {Group: "types.kubefed.io", Version: "v1beta1", Resource: "federateddeployments"},
	"FederatedWidget":                  {Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedwidgets"},
}

// at names an object: namespace, empty if it has none, kind and name.
type named struct{ namespace, kind, name string }

func (n named) String() string { return fmt.Sprintf("%s %s/%s", n.kind, n.namespace, n.name) }

func (c cluster) of(namespace, kind string) dynamic.ResourceInterface {
	if namespace == "" {
		return c.client.Resource(resources[kind])
	}
	return c.client.Resource(resources[kind]).Namespace(namespace)
}

func read(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &o.Object); err != nil {
		t.Fatalf("read manifest %s: %v", manifest, err)
	}
	return o
}

func (c cluster) tryCreate(t *testing.T, manifest string) error {
	t.Helper()
	o := read(t, manifest)
	_, err := c.of(o.GetNamespace(), o.GetKind()).Create(t.Context(), o, metav1.CreateOptions{})
	return err
}

func (c cluster) create(t *testing.T, manifest string) {
	t.Helper()
	if err := c.tryCreate(t, manifest); err != nil {
		t.Fatalf("create %s: %v", manifest, err)
	}
}

// patch changes an object by a JSON merge patch, written as YAML.
func (c cluster) patch(t *testing.T, o named, patch string) {
	t.Helper()
	if err := c.tryPatch(t.Context(), o, patch); err != nil {
		t.Fatal(err)
	}
}

func (c cluster) tryPatch(ctx context.Context, o named, patch string) error {
	body, err := yaml.YAMLToJSON([]byte(patch))
	if err != nil {
		return fmt.Errorf("read patch: %w", err)
	}
	if _, err := c.of(o.namespace, o.kind).Patch(ctx, o.name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: somebody}); err != nil {
		return fmt.Errorf("patch %s: %w", o, err)
	}
	return nil
}

// somebody is who changes objects in the story.
const somebody = "somebody"

func (c cluster) remove(t *testing.T, o named) {
	t.Helper()
	if err := c.of(o.namespace, o.kind).Delete(t.Context(), o.name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		t.Fatalf("delete %s: %v", o, err)
	}
}

// get returns nil if the object is not there.
func (c cluster) get(t *testing.T, o named) *unstructured.Unstructured {
	t.Helper()
	found, err := c.of(o.namespace, o.kind).Get(t.Context(), o.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatalf("get %s: %v", o, err)
	}
	return found
}

// event is what of an event is looked at.
type event struct {
	InvolvedObject                struct{ Kind, Namespace, Name string }
	Type, Reason, Message, Action string
	Count                         int
}

func (c cluster) events(ctx context.Context, namespace string) ([]event, []byte, error) {
	list, err := c.client.Resource(resources["Event"]).Namespace(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, nil, fmt.Errorf("list events in %q: %w", namespace, err)
	}
	raw, err := list.MarshalJSON()
	if err != nil {
		return nil, nil, err
	}
	var decoded struct{ Items []event }
	if err := json.Unmarshal(raw, &decoded); err != nil {
		return nil, nil, fmt.Errorf("read events in %q: %w", namespace, err)
	}
	return decoded.Items, raw, nil
}
