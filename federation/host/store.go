package host

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// Change is what a watch told about one federated object. Old is nil for a new one, New for one that is gone.
type Change struct {
	Old, New *fleet.FederatedObject
	// StatusOnly tells that nothing but the published status differs.
	StatusOnly bool
	// Listed tells that a new object came with a list, so that it may be older than whoever hears of it. Observed tells that the
	// status speaks of the object as it is now.
	Listed, Observed bool
}

// Objects holds the federated objects of one type. It is a cache.ReflectorStore, safe for concurrent use.
type Objects struct {
	typeName fleet.TypeName
	changed  func(Change)

	mu      sync.RWMutex
	records map[types.NamespacedName]*Record
	inside  map[string]map[string]*Record // by namespace and name
}

// Record is one federated object with what the host stores of its status. It is replaced, never changed.
type Record struct {
	Object    *fleet.FederatedObject
	Published report.Published
	// finalizers are all of the object's, ours included.
	finalizers []string
}

// NewObjects returns an empty store that calls changed, outside its lock, for each change.
func NewObjects(t fleet.TypeName, changed func(Change)) *Objects {
	return &Objects{typeName: t, changed: changed, records: map[types.NamespacedName]*Record{}, inside: map[string]map[string]*Record{}}
}

// Get returns the record of the object, nil if there is none.
func (s *Objects) Get(namespace, name string) *Record {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.records[types.NamespacedName{Namespace: namespace, Name: name}]
}

// Keys returns the keys of all objects, or of those in the namespace if one is given, sorted.
func (s *Objects) Keys(namespace string) []fleet.ObjectKey {
	var keys []fleet.ObjectKey
	s.mu.RLock()
	if namespace == "" {
		keys = slices.Grow(keys, len(s.records))
		for _, r := range s.records {
			keys = append(keys, r.Object.Key)
		}
	} else {
		keys = slices.Grow(keys, len(s.inside[namespace]))
		for _, r := range s.inside[namespace] {
			keys = append(keys, r.Object.Key)
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(keys, compareKeys)
	return keys
}

// Add implements cache.ReflectorStore.
func (s *Objects) Add(o any) error { return s.Update(o) }

// Update implements cache.ReflectorStore.
func (s *Objects) Update(o any) error { return s.update(o, "") }

// update takes what a watch told, or what was listed as of a version.
func (s *Objects) update(o any, asOf string) error {
	sent, ok := o.(*raw.Object)
	if !ok {
		return fmt.Errorf("store %T: not a federated object", o)
	}
	change := s.put(sent, asOf)
	s.tell(change)
	return nil
}

// Delete implements cache.ReflectorStore.
func (s *Objects) Delete(o any) error {
	sent, ok := o.(*raw.Object)
	if !ok {
		return fmt.Errorf("forget %T: not a federated object", o)
	}
	s.tell(s.drop(types.NamespacedName{Namespace: sent.Namespace, Name: sent.Name}))
	return nil
}

// Replace implements cache.ReflectorStore.
func (s *Objects) Replace(list []any, version string) error {
	present := make(map[types.NamespacedName]bool, len(list))
	for _, o := range list {
		sent, ok := o.(*raw.Object)
		if !ok {
			return fmt.Errorf("store %T: not a federated object", o)
		}
		present[types.NamespacedName{Namespace: sent.Namespace, Name: sent.Name}] = true
	}
	for _, o := range list {
		if err := s.update(o, version); err != nil {
			return err
		}
	}
	for _, key := range s.Keys("") {
		name := types.NamespacedName{Namespace: key.Namespace, Name: key.Name}
		if !present[name] {
			s.tell(s.drop(name))
		}
	}
	return nil
}

// Resync implements cache.ReflectorStore.
func (s *Objects) Resync() error { return nil }

// put records the object unless something newer is known. What was listed is outdated only if what is known is newer than the
// list: a server that was restored from a backup lists old versions as its present.
func (s *Objects) put(sent *raw.Object, asOf string) *Change {
	object, published := decodeObject(s.typeName, sent)
	name := types.NamespacedName{Namespace: sent.Namespace, Name: sent.Name}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &Record{Object: object, Published: published, finalizers: sent.Finalizers}
	old := s.records[name]
	if old != nil && old.Object.UID == object.UID {
		if older(object.ResourceVersion, old.Object.ResourceVersion) && (asOf == "" || older(asOf, old.Object.ResourceVersion)) {
			return nil
		}
	}
	s.set(name, r)
	change := compare(old, r)
	if change != nil {
		change.Listed = old == nil && asOf != ""
		change.Observed = published.ObservedGeneration == object.Generation
	}
	return change
}

func compare(old, r *Record) *Change {
	if old == nil {
		return &Change{New: r.Object}
	}
	a, b := old.Object, r.Object
	if a.UID != b.UID || a.Generation != b.Generation || a.Deleting != b.Deleting || a.Held != b.Held || a.Orphan != b.Orphan ||
		!reflect.DeepEqual(a.DeleteOptions, b.DeleteOptions) || !slices.Equal(a.Problems, b.Problems) {
		return &Change{Old: a, New: b}
	}
	if old.Published.Content != r.Published.Content {
		return &Change{Old: a, New: b, StatusOnly: true}
	}
	return nil
}

func (s *Objects) set(name types.NamespacedName, r *Record) {
	s.records[name] = r
	byName := s.inside[name.Namespace]
	if byName == nil {
		byName = map[string]*Record{}
		s.inside[name.Namespace] = byName
	}
	byName[name.Name] = r
}

func (s *Objects) drop(name types.NamespacedName) *Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.records[name]
	if old == nil {
		return nil
	}
	delete(s.records, name)
	delete(s.inside[name.Namespace], name.Name)
	if len(s.inside[name.Namespace]) == 0 {
		delete(s.inside, name.Namespace)
	}
	return &Change{Old: old.Object}
}

func (s *Objects) tell(c *Change) {
	if c != nil {
		s.changed(*c)
	}
}

// wrote notes what our own write made of the object, so that nobody has to wait for the watch to tell it.
// A newer word of the watch holds what we wrote, and stays.
func (s *Objects) wrote(key fleet.ObjectKey, uid types.UID, version string, amend func(r *Record, o *fleet.FederatedObject)) {
	name := types.NamespacedName{Namespace: key.Namespace, Name: key.Name}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.records[name]
	if old == nil || old.Object.UID != uid || older(version, old.Object.ResourceVersion) {
		return
	}
	r, o := *old, *old.Object
	o.ResourceVersion = version
	amend(&r, &o)
	r.Object = &o
	s.set(name, &r)
}

// older tells that version a is known to come before version b.
func older(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && order < 0
}

func compareKeys(a, b fleet.ObjectKey) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}
