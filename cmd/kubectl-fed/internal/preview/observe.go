package preview

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/federation/member"
	"github.com/fedsync/fedsync/federation/preview"
	"github.com/fedsync/fedsync/fleet"
)

const (
	// askTimeout bounds each request to a member.
	askTimeout = 10 * time.Second
	// membersAtOnce is how many members are asked at a time, and requestsAtOnce how many requests each is asked at a time.
	membersAtOnce, requestsAtOnce = 32, 8
	// listFrom is from how many objects of a type on all its copies are listed instead of asked for one by one.
	listFrom = 20
)

// asked is a member that is asked.
type asked struct {
	*control.Member

	// down says why it is not asked any more, once it did not answer.
	down atomic.Pointer[string]
}

// observations are what the members say of copies.
type observations struct {
	members map[fleet.Name]*asked
	// faults say why there is no connection to a member.
	faults map[fleet.Name]string

	mu   sync.Mutex
	seen map[fleet.CopyKey]preview.Seen
}

// of returns what was seen of a copy; it is what preview.Changes asks.
func (o *observations) of(key fleet.ObjectKey, m fleet.Name) preview.Seen {
	if fault := o.faults[m]; fault != "" {
		return preview.Seen{Why: fault}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if s, known := o.seen[fleet.CopyKey{Object: key, Member: m}]; known {
		return s
	}
	return preview.Seen{Why: "the member was not asked"}
}

// connectAll makes connections to all members. One that cannot be connected to has a fault, and the others are none the worse.
func connectAll(ctx context.Context, plane *control.Plane, clusters []fedv1b1.KubeFedCluster) *observations {
	o := &observations{members: map[fleet.Name]*asked{}, faults: map[fleet.Name]string{}, seen: map[fleet.CopyKey]preview.Seen{}}
	var group errgroup.Group
	group.SetLimit(membersAtOnce)
	for i := range clusters {
		c := &clusters[i]
		group.Go(func() error {
			m, err := plane.Connect(ctx, c)
			o.mu.Lock()
			defer o.mu.Unlock()
			if err != nil {
				o.faults[fleet.Name(c.Name)] = err.Error()
			} else {
				o.members[fleet.Name(c.Name)] = &asked{Member: m}
			}
			return nil
		})
	}
	_ = group.Wait() // none of them fails
	return o
}

// wanted are the copies of one type that are asked about.
type wanted struct {
	kind fleet.Type
	keys []fleet.ObjectKey
}

// look asks every member about the copies of all objects.
func (o *observations) look(ctx context.Context, objects map[fleet.ObjectKey]preview.Object, progress *cli.Progress) {
	byType := map[fleet.TypeName]*wanted{}
	namespaces := map[string]bool{}
	for key, object := range objects {
		w := byType[key.Type]
		if w == nil {
			w = &wanted{kind: object.Kind}
			byType[key.Type] = w
		}
		w.keys = append(w.keys, key)
		if object.Kind.Target.Namespaced {
			namespaces[key.Namespace] = true
		}
	}
	var done atomic.Int64
	var group errgroup.Group
	group.SetLimit(membersAtOnce)
	for _, m := range o.members {
		group.Go(func() error {
			o.lookAt(ctx, m, byType, namespaces)
			progress.Sayf("asked %d of %d members", done.Add(1), len(o.members))
			return nil
		})
	}
	_ = group.Wait() // none of them fails
}

func (o *observations) lookAt(ctx context.Context, m *asked, byType map[fleet.TypeName]*wanted, namespaces map[string]bool) {
	m.meet(ctx)
	absent := m.absentNamespaces(ctx, namespaces)
	for _, w := range byType {
		found := m.observe(ctx, w)
		o.mu.Lock()
		for _, key := range w.keys {
			s := found(key)
			s.NamespaceAbsent = w.kind.Target.Namespaced && absent[key.Namespace]
			o.seen[fleet.CopyKey{Object: key, Member: m.Name}] = s
		}
		o.mu.Unlock()
	}
}

// absentNamespaces returns those that the member does not have, as far as it says so.
func (m *asked) absentNamespaces(ctx context.Context, namespaces map[string]bool) map[string]bool {
	absent := map[string]bool{}
	for name := range namespaces {
		_, err := m.get(ctx, schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, "", name)
		if apierrors.IsNotFound(err) {
			absent[name] = true
		}
	}
	return absent
}

// observe asks about copies of one type: one by one if they are few, else by listing all.
func (m *asked) observe(ctx context.Context, w *wanted) func(fleet.ObjectKey) preview.Seen {
	if len(w.keys) < listFrom {
		return m.observeEach(ctx, w)
	}
	return m.observeAll(ctx, w)
}

func (m *asked) observeEach(ctx context.Context, w *wanted) func(fleet.ObjectKey) preview.Seen {
	found := map[fleet.ObjectKey]preview.Seen{}
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(requestsAtOnce)
	for _, key := range w.keys {
		group.Go(func() error {
			copied, err := m.get(ctx, w.kind.Target.GVR(), w.kind.CopyNamespace(key.Namespace), key.Name)
			s := m.seen(err)
			if err == nil {
				s = seenIn(copied)
			}
			mu.Lock()
			defer mu.Unlock()
			found[key] = s
			return nil
		})
	}
	_ = group.Wait() // none of them fails
	return func(key fleet.ObjectKey) preview.Seen { return found[key] }
}

func (m *asked) observeAll(ctx context.Context, w *wanted) func(fleet.ObjectKey) preview.Seen {
	found := map[types.NamespacedName]*metav1.PartialObjectMetadata{}
	for next := ""; ; {
		list, err := m.list(ctx, w.kind.Target.GVR(), next)
		if err != nil {
			s := m.seen(err)
			return func(fleet.ObjectKey) preview.Seen { return s }
		}
		for i := range list.Items {
			found[types.NamespacedName{Namespace: list.Items[i].Namespace, Name: list.Items[i].Name}] = &list.Items[i]
		}
		if next = list.Continue; next == "" {
			break
		}
	}
	return func(key fleet.ObjectKey) preview.Seen {
		copied := found[types.NamespacedName{Namespace: w.kind.CopyNamespace(key.Namespace), Name: key.Name}]
		if copied == nil {
			return preview.Seen{Known: true}
		}
		return seenIn(copied)
	}
}

// seenIn says what an object in a member is to us.
func seenIn(o *metav1.PartialObjectMetadata) preview.Seen {
	if _, labelled := o.Labels[fleet.ManagedLabel]; !labelled {
		return preview.Seen{Known: true, Foreign: true}
	}
	return preview.Seen{Known: true, Present: true, Observed: member.Observe(o)}
}

func (m *asked) get(ctx context.Context, r schema.GroupVersionResource, namespace, name string) (*metav1.PartialObjectMetadata, error) {
	ctx, end, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	o, err := m.Metadata.Resource(r).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	return o, m.note(err)
}

func (m *asked) list(ctx context.Context, r schema.GroupVersionResource, next string) (*metav1.PartialObjectMetadataList, error) {
	ctx, end, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	list, err := m.Metadata.Resource(r).List(ctx, metav1.ListOptions{LabelSelector: fleet.ManagedLabel, Limit: 2000, Continue: next})
	return list, m.note(err)
}
