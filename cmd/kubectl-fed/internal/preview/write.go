package preview

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
)

// write stores the proposals: namespaces first, then what places them, then the rest in the order of the files. When one cannot be
// stored, those after it are not, and it is said how far it came.
func (o *applyOptions) write(ctx context.Context, made *computed) error {
	proposals := slices.Clone(made.proposals)
	slices.SortStableFunc(proposals, func(a, b *proposal) int { return cmp.Compare(a.rank(), b.rank()) })
	if o.deleting {
		slices.Reverse(proposals)
	}
	for i, p := range proposals {
		done, err := o.writeOne(ctx, made, p)
		if err != nil {
			return cli.Next(fmt.Errorf("%s: %w; %d of %d objects were written", p.title(), err, i, len(proposals)), "look again: `%s plan %s`", o.g.Program, o.sourcesInWords())
		}
		fmt.Fprintf(o.g.Out, "%s %s\n", p.title(), done)
	}
	return nil
}

// rank is lower for what others need.
func (p *proposal) rank() int {
	switch {
	case p.kind == nil:
		return 0
	case p.kind.IsNamespace():
		return 1
	}
	return 2
}

func (o *applyOptions) writeOne(ctx context.Context, made *computed, p *proposal) (string, error) {
	of := made.client.Resource(p.resource.GVR()).Namespace(p.proposed.GetNamespace())
	switch fate := p.fate(); fate {
	case fateUnchanged:
		return fate, nil
	case fateDeleted:
		uid, version := p.stored.GetUID(), p.stored.GetResourceVersion()
		err := of.Delete(ctx, p.stored.GetName(), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &version}})
		if apierrors.IsNotFound(err) {
			err = nil
		}
		return fate, err
	case fateCreated:
		proposed := p.proposed.DeepCopy()
		for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"} { // of the dry run
			delete(proposed.Object["metadata"].(map[string]any), field) //nolint:forcetypeassert // an object that was decoded has metadata
		}
		_, err := of.Create(ctx, proposed, metav1.CreateOptions{FieldManager: control.FieldOwner})
		return fate, err
	default:
		proposed := p.proposed.DeepCopy()
		proposed.SetResourceVersion(p.stored.GetResourceVersion())
		proposed.SetManagedFields(nil) // those of the dry run
		_, err := of.Update(ctx, proposed, metav1.UpdateOptions{FieldManager: control.FieldOwner})
		return "configured", err
	}
}
