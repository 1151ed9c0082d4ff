package install

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/fedsync/fedsync/lab/federation"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// kinds are the default types: the plural of the federated kind, and the kind of the copies.
var kinds = map[string]schema.GroupVersionResource{
	"federatednamespaces":      {Version: "v1", Resource: "namespaces"},
	"federatedconfigmaps":      {Version: "v1", Resource: "configmaps"},
	"federatedsecrets":         {Version: "v1", Resource: "secrets"},
	"federatedserviceaccounts": {Version: "v1", Resource: "serviceaccounts"},
	"federatedservices":        {Version: "v1", Resource: "services"},
	"federatedingresses":       {Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"},
	"federateddeployments":     {Group: "apps", Version: "v1", Resource: "deployments"},
	"federatedreplicasets":     {Group: "apps", Version: "v1", Resource: "replicasets"},
	"federatedjobs":            {Group: "batch", Version: "v1", Resource: "jobs"},
	"federatedclusterroles":    {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
}

func federated(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: plural}
}

func core(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "core.kubefed.io", Version: "v1beta1", Resource: plural}
}

// in is a resource in the namespace of the objects, or in none where it has none.
func (w *world) in(client dynamic.Interface, of schema.GroupVersionResource) dynamic.ResourceInterface {
	if of.Resource == "clusterroles" || of.Resource == "federatedclusterroles" || of.Resource == "namespaces" {
		return client.Resource(of)
	}
	return client.Resource(of).Namespace(w.objectsIn)
}

// named is what the object of a kind is called in testdata/fleet.yaml.
func named(plural string) string {
	if plural == "federatednamespaces" {
		return "shop"
	}
	return "one"
}

func (w *world) apply(t *testing.T, file string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	if err := federation.Apply(t.Context(), w.lab.Host().RESTConfig(), content); err != nil {
		t.Fatal(err)
	}
}

// settled waits until every object of testdata/fleet.yaml is in step, and its copies are in all the members named.
func (w *world) settled(t *testing.T, members ...string) {
	t.Helper()
	for plural, target := range kinds {
		w.inStep(t, plural)
		for _, member := range members {
			copied, err := w.in(w.members[member], target).Get(t.Context(), named(plural), metav1.GetOptions{})
			if err != nil {
				t.Errorf("%s: %v", member, err)
				continue
			}
			if copied.GetLabels()["kubefed.io/managed"] != "true" {
				t.Errorf("%s: %s %s is not managed: %v", member, target.Resource, copied.GetName(), copied.GetLabels())
			}
		}
	}
}

// inStep waits until the object of the kind is what it declares, everywhere.
func (w *world) inStep(t *testing.T, plural string) {
	t.Helper()
	eventually(t, plural+" are in step", func() string {
		o, err := w.in(w.objects, federated(plural)).Get(t.Context(), named(plural), metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		observed, _, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration")
		conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
		if observed != o.GetGeneration() || !strings.Contains(fmt.Sprint(conditions), "status:True") {
			return fmt.Sprint(o.Object["status"])
		}
		return ""
	})
}

// warnings collects what an API server warns of.
type warnings struct {
	mu   sync.Mutex
	said []string
}

// HandleWarningHeaderWithContext implements rest.WarningHandlerWithContext.
func (w *warnings) HandleWarningHeaderWithContext(_ context.Context, _ int, _, message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, message)
}

// author returns a client of the host, and the warnings that it gets.
func (w *world) author(t *testing.T) (dynamic.Interface, *warnings) {
	t.Helper()
	heard := &warnings{}
	config := rest.CopyConfig(w.lab.Host().RESTConfig())
	config.WarningHandlerWithContext = heard
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client, heard
}

// definitionsResource is where CRDs are.
var definitionsResource = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

func namespaceOf(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
}
