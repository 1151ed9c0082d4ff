package simfleet

import (
	"fmt"
	"slices"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/watch"
)

// cursor reads the events of one collection. It has no buffer: it reads the collection's log, and ends when it falls behind.
type cursor struct {
	store     *store
	kind      *kind
	namespace string
	selected  selection
	next      uint64 // number of the next event since the beginning
	begun     uint64 // the version at the beginning
	wake      chan struct{}
}

// follow returns a cursor behind the given version, or behind what there is now. The caller holds the lock, and must close it.
func (s *store) follow(k *kind, namespace string, selected selection, after *uint64) (*cursor, error) {
	c := &s.collections[k.index]
	cur := &cursor{store: s, kind: k, namespace: namespace, selected: selected, wake: make(chan struct{}, 1), begun: s.version, next: c.gone + uint64(len(c.log))}
	if after != nil {
		if *after < c.goneVersion {
			return nil, apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", *after, c.goneVersion))
		}
		at, _ := slices.BinarySearchFunc(c.log, *after+1, func(e event, version uint64) int {
			return int(int64(e.now.version) - int64(version))
		})
		cur.next = c.gone + uint64(at)
	}
	if c.watchers == nil {
		c.watchers = map[chan<- struct{}]struct{}{}
	}
	c.watchers[cur.wake] = struct{}{}
	return cur, nil
}

// close ends the cursor.
func (c *cursor) close() {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	delete(c.store.collections[c.kind.index].watchers, c.wake)
}

// read returns the events since the last read that concern the watcher, and the version up to which it is told. It returns
// false when some of them were forgotten.
func (c *cursor) read() (events []event, version uint64, ok bool) {
	c.store.mu.Lock()
	l := &c.store.collections[c.kind.index]
	if c.next < l.gone {
		c.store.mu.Unlock()
		return nil, 0, false
	}
	fresh := slices.Clone(l.log[c.next-l.gone:])
	c.next, version = l.gone+uint64(len(l.log)), c.store.version
	c.store.mu.Unlock()
	for _, e := range fresh {
		if e, told := c.seen(e); told {
			events = append(events, e)
		}
	}
	return events, version, true
}

// seen returns the event as it looks to one who sees only what the selector selects.
func (c *cursor) seen(e event) (event, bool) {
	now := e.kind != watch.Deleted && c.selects(e.now)
	before := e.before != nil && c.selects(e.before)
	switch {
	case now && before:
		return event{kind: watch.Modified, now: e.now}, true
	case now:
		return event{kind: watch.Added, now: e.now}, true
	case before: // told as it was, with the version of the change
		last := *e.before
		last.version = e.now.version
		return event{kind: watch.Deleted, now: &last}, true
	}
	return event{}, false
}

func (c *cursor) selects(r *record) bool {
	return (c.namespace == "" || r.content.meta.Namespace == c.namespace) && c.selected.selects(r)
}

// parseVersion reads a resourceVersion; nil is one that was not given.
func parseVersion(text string) (*uint64, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // not given
	}
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return nil, field.Invalid(field.NewPath("resourceVersion"), text, err.Error())
	}
	return &v, nil
}
