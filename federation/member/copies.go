package member

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"sync"
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/fleet"
)

// FieldManager is the one name under which fedsync writes to members.
const FieldManager = "fedsync"

// legacyManager is the name under which KubeFed v0.10 wrote: the base name of its binary.
const legacyManager = "controller-manager"

// copies holds what is known of the copies of one type in one member. It is a cache.ReflectorStore, safe for concurrent
// use. An object counts as a copy if it carries the managed label, whatever its value.
type copies struct {
	changed  func(namespace, name string)
	versions bool // a new version alone is a change

	mu       sync.RWMutex
	observed map[types.NamespacedName]fleet.Observed
	status   map[types.NamespacedName][]byte // of types that have it collected
	told     string                          // the newest version that the watch has told
}

func newCopies(changed func(namespace, name string)) *copies {
	return &copies{changed: changed, observed: map[types.NamespacedName]fleet.Observed{}, status: map[types.NamespacedName][]byte{}}
}

func (c *copies) get(namespace, name string) (fleet.Observed, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	o, ok := c.observed[types.NamespacedName{Namespace: namespace, Name: name}]
	return o, ok
}

func (c *copies) count() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.observed)
}

func (c *copies) names() []types.NamespacedName {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.Collect(maps.Keys(c.observed))
}

func (c *copies) statusOf(namespace, name string) []byte {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.status[types.NamespacedName{Namespace: namespace, Name: name}]
}

// Add implements cache.ReflectorStore.
func (c *copies) Add(o any) error { return c.Update(o) }

// Update implements cache.ReflectorStore.
func (c *copies) Update(o any) error { return c.update(o, "") }

// update takes what a watch told, or what was listed as of a version.
func (c *copies) update(o any, asOf string) error {
	m, err := metadataOf(o)
	if err != nil {
		return err
	}
	c.heard(m.ResourceVersion)
	changed := c.put(m, fleet.Hash{}, asOf)
	if whole, ok := o.(*raw.Object); ok {
		changed = c.putStatus(whole) || changed
	}
	if changed {
		c.changed(m.Namespace, m.Name)
	}
	return nil
}

// metadataOf returns the metadata of what a watch told.
func metadataOf(o any) (*metav1.PartialObjectMetadata, error) {
	switch o := o.(type) {
	case *metav1.PartialObjectMetadata:
		return o, nil
	case *raw.Object:
		return &metav1.PartialObjectMetadata{ObjectMeta: o.ObjectMeta}, nil
	default:
		return nil, fmt.Errorf("store %T: not metadata", o)
	}
}

// putStatus records the status of a copy that is known, and tells whether it differs.
func (c *copies) putStatus(o *raw.Object) bool {
	name := types.NamespacedName{Namespace: o.Namespace, Name: o.Name}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.observed[name]; !known || bytes.Equal(c.status[name], o.Status) {
		return false
	}
	c.status[name] = o.Status
	return true
}

// Delete implements cache.ReflectorStore. A late word about an earlier object of the same name is ignored.
func (c *copies) Delete(o any) error {
	m, err := metadataOf(o)
	if err != nil {
		return err
	}
	c.heard(m.ResourceVersion)
	name := types.NamespacedName{Namespace: m.Namespace, Name: m.Name}
	c.mu.Lock()
	known, present := c.observed[name]
	gone := present && known.UID == m.UID && !older(m.ResourceVersion, known.ResourceVersion)
	if gone {
		c.drop(name)
	}
	c.mu.Unlock()
	if gone {
		c.changed(m.Namespace, m.Name)
	}
	return nil
}

// Replace implements cache.ReflectorStore. A copy that we wrote after the list was made stays.
func (c *copies) Replace(list []any, version string) error {
	present := make(map[types.NamespacedName]bool, len(list))
	for _, o := range list {
		m, err := metadataOf(o)
		if err != nil {
			return err
		}
		present[types.NamespacedName{Namespace: m.Namespace, Name: m.Name}] = true
	}
	for _, o := range list {
		if err := c.update(o, version); err != nil {
			return err
		}
	}
	c.heard(version)
	c.mu.Lock()
	var gone []types.NamespacedName
	for name, o := range c.observed {
		if !present[name] && !older(version, o.ResourceVersion) {
			c.drop(name)
			gone = append(gone, name)
		}
	}
	c.mu.Unlock()
	for _, name := range gone {
		c.changed(name.Namespace, name.Name)
	}
	return nil
}

// Resync implements cache.ReflectorStore.
func (c *copies) Resync() error { return nil }

// heard notes how far the watch has told.
func (c *copies) heard(version string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told == "" || older(c.told, version) {
		c.told = version
	}
}

// answered records what the member answered to our own request. If the watch has told more since, and does not know the
// copy, it was deleted meanwhile.
func (c *copies) answered(m *metav1.PartialObjectMetadata, covered fleet.Hash) {
	c.mu.RLock()
	_, present := c.observed[types.NamespacedName{Namespace: m.Namespace, Name: m.Name}]
	late := !present && older(m.ResourceVersion, c.told)
	c.mu.RUnlock()
	if !late {
		c.put(m, covered, "")
	}
}

// put records the metadata unless something newer is known, and tells whether anything differs. A hash that is given
// counts as proven to be covered. What was listed is outdated only if what is known is newer than the list: a server that was
// restored from a backup lists old versions as its present.
func (c *copies) put(m *metav1.PartialObjectMetadata, covered fleet.Hash, asOf string) bool {
	name := types.NamespacedName{Namespace: m.Namespace, Name: m.Name}
	before, _ := c.get(m.Namespace, m.Name)
	o := observe(m, before.Owned) // which takes longer than others should wait for the lock
	o.Covered = covered
	c.mu.Lock()
	defer c.mu.Unlock()
	known, present := c.observed[name]
	if _, labelled := m.Labels[fleet.ManagedLabel]; !labelled { // released
		c.drop(name)
		return present
	}
	if present && known.UID == o.UID {
		if older(o.ResourceVersion, known.ResourceVersion) && (asOf == "" || older(asOf, known.ResourceVersion)) {
			return false
		}
		if o.Covered == (fleet.Hash{}) && known.Owned == o.Owned && known.Applied == o.Applied {
			o.Covered = known.Covered
		}
	}
	c.observed[name] = o
	if !c.versions {
		known.ResourceVersion, known.Generation = o.ResourceVersion, o.Generation
		known.LastManager = o.LastManager // who changed what is not ours is nobody's business
	}
	return !present || known != o
}

// drop forgets a copy; the lock is held.
func (c *copies) drop(name types.NamespacedName) {
	delete(c.observed, name)
	delete(c.status, name)
}

// remember notes that the owned fields were found to cover the desired hash, unless the copy changed meanwhile.
func (c *copies) remember(namespace, name string, seen fleet.Observed, covered fleet.Hash) {
	key := types.NamespacedName{Namespace: namespace, Name: name}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.observed[key]; ok && known == seen {
		known.Covered = covered
		c.observed[key] = known
	}
}

// Observe returns what the metadata of an object in a member says about the copy that it is.
func Observe(m *metav1.PartialObjectMetadata) fleet.Observed { return observe(m, fleet.Ownership{}) }

// observe reduces the metadata to what is kept. What we owned when the copy was last told of is most likely what we own.
func observe(m *metav1.PartialObjectMetadata, owned fleet.Ownership) fleet.Observed {
	o := fleet.Observed{
		UID:             m.UID,
		ResourceVersion: m.ResourceVersion,
		Generation:      m.Generation,
		Applied:         fleet.ParseHash(m.Annotations[fleet.AppliedAnnotation]),
		OptedOut:        m.Labels[fleet.ManagedLabel] != fleet.LabelTrue,
		Deleting:        m.DeletionTimestamp != nil,
	}
	var last metav1.Time
	for _, entry := range m.ManagedFields {
		if entry.Subresource == "" && entry.Manager != FieldManager && entry.Time != nil && !entry.Time.Before(&last) {
			last, o.LastManager = *entry.Time, entry.Manager
		}
		switch {
		case entry.Subresource != "" || entry.FieldsV1 == nil:
		case entry.Manager == FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply:
			o.Owned = ownership(entry.FieldsV1, owned)
		case entry.Operation == metav1.ManagedFieldsOperationUpdate && (entry.Manager == legacyManager || entry.Manager == FieldManager):
			o.LegacyOwned = true
		}
	}
	o.LastManager = unique.Make(o.LastManager).Value() // a few names stand for many copies
	return o
}

// ownership returns the known one if the fields are the same: to compare them costs nothing, to find their one text among all
// costs a copy of it.
func ownership(fields *metav1.FieldsV1, known fleet.Ownership) fleet.Ownership {
	if string(fields.GetRawBytes()) == known.FieldsV1() {
		return known
	}
	return fleet.NewOwnership(fields.GetRawString())
}

// older tells that version a is known to come before version b.
func older(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && order < 0
}
