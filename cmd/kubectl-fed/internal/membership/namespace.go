package membership

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
)

// removeNamespace deletes the control plane's namespace in the member if join made it for this host and nobody else has
// anything in it. What cannot be asked counts as somebody's.
func (l *leaving) removeNamespace(ctx context.Context) error {
	ns := &corev1.Namespace{}
	if err := l.cluster.Get(ctx, client.ObjectKey{Name: l.account.namespace}, ns); err != nil {
		return client.IgnoreNotFound(err)
	}
	made := ns.Annotations[createdByJoin]
	if made == "" || made != string(l.account.hostUID) || l.hosts(ctx, ns) {
		fmt.Fprintf(l.g.ErrOut, "note:  namespace %s stays in the member: join did not make it\n", ns.Name)
		return nil
	}
	others, err := l.contents(ctx, ns.Name)
	if err != nil {
		return fmt.Errorf("in the member: look into namespace %q, which stays: %w", ns.Name, err)
	}
	if len(others) > 0 {
		fmt.Fprintf(l.g.ErrOut, "note:  namespace %s stays in the member, because of what is in it: %s\n", ns.Name, strings.Join(others, ", "))
		return nil
	}
	if err := client.IgnoreNotFound(l.cluster.Delete(ctx, ns, client.Preconditions{UID: &ns.UID})); err != nil {
		return fmt.Errorf("in the member: delete namespace %q: %w", ns.Name, err)
	}
	return nil
}

// hosts tells that the namespace is the host's own: the host was its own member.
func (l *leaving) hosts(ctx context.Context, ns *corev1.Namespace) bool {
	own := &corev1.Namespace{}
	err := l.plane.Client.Get(ctx, client.ObjectKey{Name: ns.Name}, own)
	return err != nil || own.UID == ns.UID
}

// native are what every namespace has by itself.
func native(resource, name string) bool {
	switch resource {
	case "events":
		return true
	case "configmaps":
		return name == "kube-root-ca.crt"
	case "serviceaccounts":
		return name == "default"
	}
	return false
}

// contents names the first objects in the namespace that it does not have by itself.
func (l *leaving) contents(ctx context.Context, namespace string) ([]string, error) {
	resources, err := control.NamespacedResources(ctx, l.config)
	if err != nil {
		return nil, err
	}
	var found []string
	for i := range resources {
		r := &resources[i]
		names, err := l.firstOf(ctx, schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Name}, namespace)
		if err != nil {
			return nil, err
		}
		found = append(found, names...)
	}
	return found, nil
}

// firstOf names the first objects of a type that a namespace does not have by itself.
func (l *leaving) firstOf(ctx context.Context, r schema.GroupVersionResource, namespace string) ([]string, error) {
	objects, err := l.metadata.Resource(r).Namespace(namespace).List(ctx, metav1.ListOptions{Limit: 5})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", r.Resource, err)
	}
	var found []string
	for i := range objects.Items {
		if name := objects.Items[i].Name; !native(r.Resource, name) {
			found = append(found, r.Resource+"/"+name)
		}
	}
	return found, nil
}
