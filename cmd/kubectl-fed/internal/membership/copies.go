package membership

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/fleet"
)

// managed are the copies of one type in a member.
type managed struct {
	kind fleet.Type
	// declared are copies of federated objects that the host has; others carry the label and nobody declares them.
	declared, others []metav1.PartialObjectMetadata
}

// managed lists what carries the label of copies in the member. Types that the member does not serve have none.
func (l *leaving) managed(ctx context.Context) ([]managed, error) {
	list, err := l.plane.Types(ctx)
	if err != nil {
		return nil, err
	}
	var found []managed
	for i := range list {
		t := &list[i]
		if t.Problem != "" {
			continue
		}
		m, err := l.managedOf(ctx, t)
		if err != nil {
			return nil, err
		}
		if len(m.declared)+len(m.others) > 0 {
			found = append(found, m)
		}
	}
	return found, nil
}

func (l *leaving) managedOf(ctx context.Context, t *control.Type) (managed, error) {
	m := managed{kind: t.Type}
	copies, err := l.metadata.Resource(t.Target.GVR()).List(ctx, metav1.ListOptions{LabelSelector: fleet.ManagedLabel + "=" + fleet.LabelTrue})
	if apierrors.IsNotFound(err) || err == nil && len(copies.Items) == 0 {
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("in the member: list %s: %w", t.Target.Plural, err)
	}
	declared := map[types.NamespacedName]bool{}
	objects, err := l.plane.Objects(ctx, t.Type, "")
	if err != nil && !apierrors.IsNotFound(err) { // a federated type that is not served declares nothing
		return m, err
	}
	for i := range objects {
		o := &objects[i]
		declared[types.NamespacedName{Namespace: t.CopyNamespace(o.Key.Namespace), Name: o.Key.Name}] = true
	}
	for _, c := range copies.Items {
		if declared[types.NamespacedName{Namespace: c.Namespace, Name: c.Name}] {
			m.declared = append(m.declared, c)
		} else {
			m.others = append(m.others, c)
		}
	}
	return m, nil
}

// show says what becomes of everything.
func (l *leaving) show(copies []managed) {
	var rows [][]string
	for _, m := range copies {
		for _, part := range []struct {
			n        int
			declared bool
			what     string
		}{{len(m.declared), true, "copies"}, {len(m.others), false, "labelled, declared by nobody"}} {
			if part.n > 0 {
				rows = append(rows, []string{m.kind.Target.Plural, fmt.Sprint(part.n), part.what, l.fate(m.kind, part.declared)})
			}
		}
	}
	if len(rows) > 0 {
		_ = cli.Table(l.g.ErrOut, []string{"TYPE", "COUNT", "WHAT", "THEN"}, rows) // the stream of notes: nobody reads its errors
	}
}

// fate says what becomes of copies.
func (l *leaving) fate(t fleet.Type, declared bool) string {
	switch {
	case l.copies == copiesKeep:
		return "kept"
	case l.deletes(t, declared):
		return "DELETED"
	}
	return "released"
}

// deletes tells that copies go. Namespaces never do: what is in them may be anybody's.
func (l *leaving) deletes(t fleet.Type, declared bool) bool {
	return l.copies == copiesDelete && declared && !t.IsNamespace()
}

// parallel is how many requests are under way in a member at once.
const parallel = 16

// settle deletes and releases copies as was asked for. It goes through all, whatever becomes of one.
func (l *leaving) settle(ctx context.Context, copies []managed, progress *cli.Progress) error {
	if l.copies == copiesKeep {
		return nil
	}
	var done atomic.Int64
	var group errgroup.Group // without a context: the others go on when one fails
	group.SetLimit(parallel)
	one := func(c metav1.PartialObjectMetadata, t fleet.Type, declared bool) {
		group.Go(func() error {
			if err := l.settleOne(ctx, &c, t, declared); err != nil {
				return err
			}
			progress.Sayf("%d copies are settled", done.Add(1))
			return nil
		})
	}
	for _, m := range copies {
		for _, c := range m.declared {
			one(c, m.kind, true)
		}
		for _, c := range m.others {
			one(c, m.kind, false)
		}
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("in the member: settle copies: %w", err)
	}
	return nil
}

// settleOne deletes or releases the very object that was listed.
func (l *leaving) settleOne(ctx context.Context, c *metav1.PartialObjectMetadata, t fleet.Type, declared bool) error {
	of := l.metadata.Resource(t.Target.GVR()).Namespace(c.Namespace)
	var err error
	if l.deletes(t, declared) {
		err = of.Delete(ctx, c.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &c.UID}})
	} else {
		mark := fmt.Sprintf(`{"metadata":{"uid":%q,"labels":{%q:null},"annotations":{%q:null}}}`, c.UID, fleet.ManagedLabel, fleet.AppliedAnnotation)
		_, err = of.Patch(ctx, c.Name, types.MergePatchType, []byte(mark), metav1.PatchOptions{FieldManager: control.FieldOwner})
	}
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) { // it is gone, or another object has its name
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s %s/%s: %w", t.Target.Plural, c.Namespace, c.Name, err)
	}
	return nil
}
