package simfleet

import (
	"maps"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// store holds the objects of one member.
type store struct {
	changes *changes
	history int // how many events are kept of each kind

	mu          sync.Mutex
	version     uint64
	collections []collection // by kind.index
}

// collection holds the objects of one kind.
type collection struct {
	objects map[key]*record
	// log holds the last events. Those before were forgotten: their number, and the version of the last of them.
	log         []event
	gone        uint64
	goneVersion uint64
	watchers    map[chan<- struct{}]struct{}
}

// event is one change. now is the object after it; for a deletion the object as it was, with the deletion's version.
type event struct {
	kind        watch.EventType
	now, before *record
}

func newStore(ks *kinds, changes *changes, history int) *store {
	return &store{changes: changes, history: history, collections: make([]collection, len(ks.all))}
}

// get returns an object, or nil.
func (s *store) get(k *kind, name key) *record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.collections[k.index].objects[name]
}

// list returns the objects of a namespace, or of all, in the order of their names, and the version that this is true of.
func (s *store) list(k *kind, namespace string) ([]*record, uint64) {
	s.mu.Lock()
	found := slices.Collect(maps.Values(s.collections[k.index].objects))
	version := s.version
	s.mu.Unlock()
	if namespace != "" {
		found = slices.DeleteFunc(found, func(r *record) bool { return r.content.meta.Namespace != namespace })
	}
	slices.SortFunc(found, func(a, b *record) int { return a.key().compare(b.key()) })
	return found, version
}

// count returns how many objects there are.
func (s *store) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for i := range s.collections {
		n += len(s.collections[i].objects)
	}
	return n
}

// written is what became of an object.
type written struct {
	record   *record
	created  bool
	warnings []string
}

// write changes or makes an object. A dry run returns what it would be.
func (s *store) write(ks *kinds, ch *change, dryRun bool) (written, error) {
	for {
		before, err := s.before(ks, ch)
		if err != nil {
			return written{}, err
		}
		made, err := s.changes.do(ch, before)
		if err != nil {
			return written{}, err
		}
		if before != nil && before.content == made.next {
			return written{record: before, warnings: made.warnings}, nil
		}
		done := written{record: made.record(before, time.Now()), created: before == nil, warnings: made.warnings}
		if dryRun {
			if before != nil {
				done.record.version = before.version
			}
			return done, nil
		}
		if s.put(ch.kind, done.record.key(), before, done.record) {
			return done, nil
		}
	}
}

// before returns the object that a change is about, nil if it will make it.
func (s *store) before(ks *kinds, ch *change) (*record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.collections[ch.kind.index].objects[ch.key]
	switch {
	case ch.op == opCreate && before != nil && ch.key.name != "":
		return nil, apierrors.NewAlreadyExists(ch.kind.groupResource(), ch.key.name)
	case ch.op != opCreate && ch.op != opApply && before == nil:
		return nil, apierrors.NewNotFound(ch.kind.groupResource(), ch.key.name)
	case before == nil && ch.kind.Namespaced && s.collections[ks.namespaces.index].objects[key{name: ch.key.namespace}] == nil:
		return nil, apierrors.NewNotFound(ks.namespaces.groupResource(), ch.key.namespace)
	}
	return before, nil
}

// put stores a new version of an object unless it is no longer what it was.
func (s *store) put(k *kind, name key, before, r *record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.collections[k.index]
	if c.objects[name] != before {
		return false
	}
	s.version++
	r.version = s.version
	if c.objects == nil {
		c.objects = map[key]*record{}
	}
	c.objects[name] = r
	kind := watch.Modified
	if before == nil {
		kind = watch.Added
	}
	c.append(event{kind: kind, now: r, before: before}, s.history)
	return true
}

// remove deletes an object if the preconditions hold, and a namespace with all that is in it.
func (s *store) remove(ks *kinds, k *kind, name key, o *metav1.DeleteOptions) (*record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.collections[k.index].objects[name]
	if r == nil {
		return nil, apierrors.NewNotFound(k.groupResource(), name.name)
	}
	if err := precondition(k, r, o.Preconditions); err != nil {
		return nil, err
	}
	if len(o.DryRun) > 0 {
		return r, nil
	}
	if k == ks.namespaces {
		s.empty(ks, name.name)
	}
	return s.drop(k, name, r), nil
}

// empty deletes everything in a namespace; the lock is held.
func (s *store) empty(ks *kinds, namespace string) {
	for _, k := range ks.all {
		if !k.Namespaced {
			continue
		}
		for name, r := range s.collections[k.index].objects {
			if name.namespace == namespace {
				s.drop(k, name, r)
			}
		}
	}
}

// drop deletes an object; the lock is held.
func (s *store) drop(k *kind, name key, r *record) *record {
	c := &s.collections[k.index]
	delete(c.objects, name)
	s.version++
	last := *r
	last.version = s.version
	c.append(event{kind: watch.Deleted, now: &last, before: r}, s.history)
	return &last
}

// append adds an event, forgets old ones in bulk, and wakes the watchers.
func (c *collection) append(e event, history int) {
	if len(c.log) >= 2*history {
		forget := len(c.log) - history
		c.gone += uint64(forget)
		c.goneVersion = c.log[forget-1].now.version
		c.log = append(make([]event, 0, 2*history), c.log[forget:]...)
	}
	c.log = append(c.log, e)
	for wake := range c.watchers {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}
