package federate

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
)

// leftOut says why an object of a namespace is not federated with it, or "".
func leftOut(o *unstructured.Unstructured) string {
	name := o.GetName()
	switch o.GetKind() {
	case "ConfigMap":
		if name == "kube-root-ca.crt" {
			return "every cluster has its own"
		}
	case "ServiceAccount":
		if name == "default" {
			return "every cluster has its own"
		}
	case "Secret":
		if kind, _, _ := unstructured.NestedString(o.Object, "type"); kind == "kubernetes.io/service-account-token" { // another shape is another type
			return "a token is worth nothing in another cluster"
		}
	}
	if owner := metav1.GetControllerOf(o); owner != nil {
		return fmt.Sprintf("%s %s makes it, in the members too", owner.Kind, owner.Name)
	}
	if len(validation.IsDNS1123Subdomain(name)) > 0 {
		return "its name is none that a federated object can have"
	}
	return ""
}

// skippedResources are never federated with a namespace.
func skippedResources() []string {
	return []string{"bindings", "endpoints", "endpointslices", "events", "leases", "localsubjectaccessreviews", "pods", "podmetrics", "propagatedversions", "controllerrevisions"}
}

// contents are the objects of a namespace.
type contents struct {
	config    *rest.Config
	client    dynamic.Interface
	types     []control.Type
	namespace string
	skip      []string
	// notes is where is said what is left out unasked.
	notes io.Writer
}

// found is an object with the type that it is to be federated as.
type found struct {
	object *unstructured.Unstructured
	kind   *control.Type // nil if its type is not federated
	target metav1.APIResource
}

// read lists everything in the namespace that could be federated.
func (c *contents) read(ctx context.Context) ([]found, error) {
	resources, err := control.NamespacedResources(ctx, c.config)
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return nil, fmt.Errorf("ask the host what it serves: %w", err)
	}
	if err != nil {
		fmt.Fprintf(c.notes, "note:  what is of these types is left out, because the host does not serve them now: %v\n", err)
	}
	var all []found
	for i := range resources {
		if c.skips(&resources[i]) {
			continue
		}
		of, err := c.readOne(ctx, &resources[i])
		if err != nil {
			return nil, err
		}
		all = append(all, of...)
	}
	slices.SortStableFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.target.Group, b.target.Group), cmp.Compare(a.target.Name, b.target.Name), cmp.Compare(a.object.GetName(), b.object.GetName()))
	})
	return all, nil
}

func (c *contents) skips(r *metav1.APIResource) bool {
	switch {
	case !slices.Contains(r.Verbs, "create") || strings.Contains(r.Name, "/"):
		return true
	case r.Group == "extensions" || r.Group == "events.k8s.io" || strings.HasSuffix(r.Group, ".kubefed.io"):
		return true
	case slices.Contains(skippedResources(), r.Name):
		return true
	}
	for i := range c.types { // federated types in a group of their own
		if f := c.types[i].Federated; f.Group == r.Group && f.Plural == r.Name {
			return true
		}
	}
	return slices.ContainsFunc(c.skip, func(word string) bool { return answers(r, strings.ToLower(word)) })
}

func answers(r *metav1.APIResource, word string) bool {
	return word == r.Name || word == r.SingularName || word == strings.ToLower(r.Kind) || slices.Contains(r.ShortNames, word) ||
		r.Group != "" && word == r.Name+"."+r.Group
}

func (c *contents) readOne(ctx context.Context, r *metav1.APIResource) ([]found, error) {
	list, err := c.client.Resource(schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Name}).Namespace(c.namespace).List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list %s in namespace %q: %w", r.Name, c.namespace, err)
	}
	var kind *control.Type
	for i := range c.types {
		if t := &c.types[i]; t.Problem == "" && t.Target.Group == r.Group && t.Target.Plural == r.Name {
			kind = t
		}
	}
	all := make([]found, 0, len(list.Items))
	for i := range list.Items {
		all = append(all, found{object: &list.Items[i], kind: kind, target: *r})
	}
	return all, nil
}
