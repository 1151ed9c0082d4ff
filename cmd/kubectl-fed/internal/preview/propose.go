package preview

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/manifest"
	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/fleet"
)

// proposal is one object that is proposed.
type proposal struct {
	source   string
	resource fleet.Resource
	kind     *control.Type // nil for a KubeFedCluster and for a Namespace
	// stored is nil for a new object. proposed is what would be stored.
	stored, proposed *unstructured.Unstructured
}

func (p *proposal) key() fleet.ObjectKey {
	return fleet.ObjectKey{Type: p.kind.Name, Namespace: p.proposed.GetNamespace(), Name: p.proposed.GetName()}
}

// title names the object as kubectl does.
func (p *proposal) title() string {
	gvk := p.proposed.GroupVersionKind()
	name := strings.ToLower(gvk.Kind)
	if gvk.Group != "" {
		name += "." + gvk.Group
	}
	return name + "/" + p.proposed.GetName()
}

// proposer turns documents into proposals.
type proposer struct {
	plane     *control.Plane
	client    dynamic.Interface
	types     []control.Type
	namespace string // of documents that name none
	deleting  bool
	// namespaces are those that documents make.
	namespaces map[string]bool
}

// propose reads what the host stores of each document's object, and has the host check what is proposed. All faults are told at once.
func (p *proposer) propose(ctx context.Context, documents []manifest.Document) ([]*proposal, error) {
	for _, d := range documents {
		if d.Object.GetAPIVersion() == "v1" && d.Object.GetKind() == "Namespace" {
			p.namespaces[d.Object.GetName()] = true
		}
	}
	var all []*proposal
	var faults []error
	seen := map[string]string{}
	for _, d := range documents {
		made, err := p.one(ctx, d)
		if err == nil {
			id := made.title() + " " + made.proposed.GetNamespace()
			if first, twice := seen[id]; twice {
				err = fmt.Errorf("%s is in %s already", made.title(), first)
			}
			seen[id] = d.Source
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", d.Source, err))
			continue
		}
		all = append(all, made)
	}
	return all, errors.Join(faults...)
}

func (p *proposer) one(ctx context.Context, d manifest.Document) (*proposal, error) {
	made := &proposal{source: d.Source, proposed: d.Object}
	if err := p.resolve(made); err != nil {
		return nil, err
	}
	if made.resource.Namespaced && d.Object.GetNamespace() == "" {
		d.Object.SetNamespace(p.namespace)
	}
	of := p.client.Resource(made.resource.GVR()).Namespace(d.Object.GetNamespace())
	stored, err := of.Get(ctx, d.Object.GetName(), metav1.GetOptions{})
	switch {
	case err == nil:
		made.stored = stored
	case !apierrors.IsNotFound(err):
		return nil, err
	case p.deleting, made.resource == control.ClusterResource():
		return nil, fmt.Errorf("the host has no %s %q", d.Object.GetKind(), d.Object.GetName())
	}
	if p.deleting {
		return made, p.leave(made)
	}
	if made.proposed, err = merge(made.stored, d.Object); err != nil {
		return nil, err
	}
	return made, p.check(ctx, of, made)
}

// leave says what a deletion is about: federated objects. A Namespace of the host stays, because what is in it may be anybody's.
func (p *proposer) leave(made *proposal) error {
	if made.resource == control.ClusterResource() {
		return cli.Next(errors.New("a member is not deleted but unjoined"), "`kubectl fed unjoin %s`", made.proposed.GetName())
	}
	if made.proposed = made.stored; made.kind == nil {
		made.proposed = made.stored.DeepCopy() // which says that nothing becomes of it
	}
	return nil
}

// resolve finds out what kind of object it is.
func (p *proposer) resolve(made *proposal) error {
	gvk := made.proposed.GroupVersionKind()
	for i := range p.types {
		if f := p.types[i].Federated; f.Group == gvk.Group && f.Kind == gvk.Kind {
			made.kind, made.resource = &p.types[i], f
			made.proposed.SetAPIVersion(f.APIVersion())
			return nil
		}
	}
	switch {
	case gvk.Group == "" && gvk.Kind == "Namespace":
		made.resource = fleet.Resource{Version: "v1", Kind: "Namespace", Plural: "namespaces"}
		return nil
	case gvk.Group == "core.kubefed.io" && gvk.Kind == "KubeFedCluster":
		made.resource = control.ClusterResource()
		made.proposed.SetNamespace(p.plane.Namespace)
		return nil
	case strings.HasPrefix(gvk.Kind, "Federated"):
		return cli.Next(fmt.Errorf("there is no federated type %s in group %q", gvk.Kind, gvk.Group), "enable it, or see whether the kind is written right")
	}
	return cli.Next(fmt.Errorf("a plan is about federated objects and members, and this is a %s", gvk.Kind), "`kubectl fed federate -f FILE` makes a federated object of it")
}

// merge returns what would be stored: the spec as proposed, and the proposed labels and annotations over those stored, of which null takes
// one away. A KubeFedCluster keeps its spec.
func merge(stored, proposed *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if stored == nil {
		unstructured.RemoveNestedField(proposed.Object, "status")
		return proposed, nil
	}
	made := stored.DeepCopy()
	if spec, given := proposed.Object["spec"]; given && proposed.GetKind() != "KubeFedCluster" {
		made.Object["spec"] = spec
	}
	for _, field := range []string{"labels", "annotations"} {
		if err := lay(made, proposed, field); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// lay lays the proposed labels or annotations over those of an object.
func lay(over, proposed *unstructured.Unstructured, field string) error {
	given, _, err := unstructured.NestedMap(proposed.Object, "metadata", field)
	if err != nil {
		return fmt.Errorf("metadata.%s must be a map of strings", field)
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if given[key] == nil {
			unstructured.RemoveNestedField(over.Object, "metadata", field, key)
			continue
		}
		text, isText := given[key].(string)
		if !isText {
			return fmt.Errorf("metadata.%s[%s] must be a string: put it in quotes", field, key)
		}
		if err := unstructured.SetNestedField(over.Object, text, "metadata", field, key); err != nil {
			return err
		}
	}
	return nil
}

// check has the host's API server check what is proposed, with its schemas and admission, and takes over what it makes of it.
func (p *proposer) check(ctx context.Context, of dynamic.ResourceInterface, made *proposal) error {
	if made.kind == nil && made.resource.Plural == "namespaces" {
		return nil
	}
	var checked *unstructured.Unstructured
	var err error
	if made.stored == nil {
		checked, err = of.Create(ctx, made.proposed, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldManager: control.FieldOwner})
	} else {
		checked, err = of.Update(ctx, made.proposed, metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}, FieldManager: control.FieldOwner})
	}
	namespace := made.proposed.GetNamespace()
	missing := fault.Of(err).Class == fault.NamespaceMissing
	switch {
	case missing && p.namespaces[namespace]:
		return nil // the host cannot check it before its namespace is there
	case missing:
		return cli.Next(fmt.Errorf("the host has no namespace %q", namespace), "create it, or put it into the file")
	case err != nil:
		return fmt.Errorf("the host refuses it: %w", err)
	}
	made.proposed = checked
	return nil
}
