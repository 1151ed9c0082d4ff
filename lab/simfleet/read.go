package simfleet

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

func (q *request) get(w http.ResponseWriter) error {
	r := q.member.store.get(q.kind, q.key)
	if r == nil {
		return apierrors.NewNotFound(q.kind.groupResource(), q.key.name)
	}
	o, err := q.form.object(r)
	if err != nil {
		return err
	}
	return q.form.send(w, http.StatusOK, o)
}

// selection is which objects of a collection are asked for.
type selection struct {
	labels labels.Selector
	// These are those of the only ones, if not empty.
	namespace, name string
}

func (q *request) selection() (selection, error) {
	selector, err := labels.Parse(q.query.Get("labelSelector"))
	if err != nil {
		return selection{}, apierrors.NewBadRequest(err.Error())
	}
	byField, err := fields.ParseSelector(q.query.Get("fieldSelector"))
	if err != nil {
		return selection{}, apierrors.NewBadRequest(err.Error())
	}
	s := selection{labels: selector}
	s.name, _ = byField.RequiresExactMatch("metadata.name")
	s.namespace, _ = byField.RequiresExactMatch("metadata.namespace")
	return s, nil
}

func (s selection) selects(r *record) bool {
	m := r.content.meta
	return (s.name == "" || s.name == m.Name) && (s.namespace == "" || s.namespace == m.Namespace) && s.labels.Matches(labels.Set(m.Labels))
}

// list answers with everything at once: a limit is not kept, as the server's cache does not for resourceVersion=0.
func (q *request) list(w http.ResponseWriter) error {
	selected, err := q.selection()
	if err != nil {
		return err
	}
	records, version := q.member.store.list(q.kind, q.key.namespace)
	records = slices.DeleteFunc(records, func(r *record) bool { return !selected.selects(r) })
	at := metav1.ListMeta{ResourceVersion: strconv.FormatUint(version, 10)}
	if q.form.partial {
		list := &metav1.PartialObjectMetadataList{ListMeta: at}
		list.Items = slices.Grow(list.Items, len(records)) // none are null
		list.TypeMeta = metav1.TypeMeta{Kind: partialList, APIVersion: partialType.APIVersion}
		for _, r := range records {
			list.Items = append(list.Items, *r.partial())
		}
		return q.form.send(w, http.StatusOK, list)
	}
	list, err := q.wholeList(records, at)
	if err != nil {
		return err
	}
	return q.form.send(w, http.StatusOK, list)
}

func (q *request) wholeList(records []*record, at metav1.ListMeta) (runtime.Object, error) {
	gvk := q.kind.gvk
	gvk.Kind += "List"
	list, err := scheme.Scheme.New(gvk)
	if err != nil {
		return nil, err
	}
	list.GetObjectKind().SetGroupVersionKind(gvk)
	items := make([]runtime.Object, 0, len(records))
	for _, r := range records {
		o, err := r.whole()
		if err != nil {
			return nil, err
		}
		o.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{}) // the list says it
		items = append(items, o)
	}
	if err := meta.SetList(list, items); err != nil {
		return nil, err
	}
	m, err := meta.ListAccessor(list)
	if err != nil {
		return nil, err
	}
	m.SetResourceVersion(at.ResourceVersion)
	return list, nil
}

// snapshot returns the objects and a cursor behind just these.
func (s *store) snapshot(k *kind, namespace string, selected selection) ([]*record, *cursor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*record
	for _, r := range s.collections[k.index].objects {
		if (namespace == "" || r.content.meta.Namespace == namespace) && selected.selects(r) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *record) int { return a.key().compare(b.key()) })
	cur, _ := s.follow(k, namespace, selected, nil) // only an old version is refused
	return found, cur
}

// watchTimeout is how long a watch lasts that names no time.
const watchTimeout = 30 * time.Minute
