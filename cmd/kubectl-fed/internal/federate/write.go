package federate

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
)

// write creates the federated objects, the namespace first. An object that exists with the same content is fine; one with another
// content is somebody's, and nothing at all is written then.
func (o *options) write(ctx context.Context, w *work, made []*unstructured.Unstructured) error {
	exists := map[int]bool{}
	for i, f := range made {
		there, err := o.compare(ctx, w, f, w.all[i])
		if err != nil {
			return err
		}
		exists[i] = there
	}
	if err := o.warnOfNamespace(ctx, w); err != nil {
		return err
	}
	for i, f := range made {
		name := fmt.Sprintf("%s.%s/%s", strings.ToLower(f.GetKind()), f.GroupVersionKind().Group, f.GetName())
		if exists[i] {
			fmt.Fprintf(o.g.Out, "%s unchanged\n", name)
			continue
		}
		options := metav1.CreateOptions{FieldManager: control.FieldOwner}
		suffix := ""
		if o.dryRun {
			options.DryRun, suffix = []string{metav1.DryRunAll}, " (dry run)"
		}
		_, err := w.client.Resource(w.all[i].kind.Federated.GVR()).Namespace(f.GetNamespace()).Create(ctx, f, options)
		unserved := o.dryRun && o.enableType && apierrors.IsNotFound(err) // its type is not there yet
		if err != nil && !unserved {
			return fmt.Errorf("create %s: %w", name, err)
		}
		fmt.Fprintf(o.g.Out, "%s created%s\n", name, suffix)
	}
	return nil
}

// compare tells whether the federated object exists; one that says something else is an error.
func (o *options) compare(ctx context.Context, w *work, f *unstructured.Unstructured, of found) (bool, error) {
	stored, err := w.client.Resource(of.kind.Federated.GVR()).Namespace(f.GetNamespace()).Get(ctx, f.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("get %s %q: %w", f.GetKind(), f.GetName(), err)
	}
	if reflect.DeepEqual(stored.Object["spec"], f.Object["spec"]) {
		return true, nil
	}
	return false, cli.Next(fmt.Errorf("%s %s exists, and says something else; nothing was written", f.GetKind(), f.GetName()),
		"`%s federate ... -o yaml > FILE` and `%s plan -f FILE` show what would change", o.g.Program, o.g.Program)
}

// warnOfNamespace says when nothing will be placed because the namespace is not federated.
func (o *options) warnOfNamespace(ctx context.Context, w *work) error {
	namespace := w.all[0].object.GetNamespace()
	if namespace == "" {
		return nil
	}
	for i := range w.types {
		t := &w.types[i]
		if !t.IsNamespace() {
			continue
		}
		_, err := w.client.Resource(t.Federated.GVR()).Namespace(namespace).Get(ctx, namespace, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			fmt.Fprintf(o.g.ErrOut, "note:  namespace %s is not federated, so nothing in it goes anywhere yet: `%s federate namespace %s`\n", namespace, o.g.Program, namespace)
			return nil
		}
		return err
	}
	return nil
}
