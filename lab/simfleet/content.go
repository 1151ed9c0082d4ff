package simfleet

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"time"
	"weak"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kuberuntime "k8s.io/apimachinery/pkg/runtime"
)

// content is all of an object that does not depend on the member that it is in. It is shared and never changes.
type content struct {
	kind *kind
	// object has no UID, version, creation time or generation, and its managedFields have no times.
	object kuberuntime.Object
	// meta is the object's own.
	meta *metav1.ObjectMeta
	// spec sums up what counts for metadata.generation.
	spec digest
}

type digest [sha256.Size]byte

// contents makes equal contents one, as long as anybody uses them.
type contents struct {
	mu    sync.Mutex
	known map[digest]weak.Pointer[content]
}

func newContents() *contents { return &contents{known: map[digest]weak.Pointer[content]{}} }

// count returns how many distinct contents are in use.
func (c *contents) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.known)
}

// intern takes an object over, without what is a member's own, and returns its content.
func (c *contents) intern(k *kind, o kuberuntime.Object) (*content, error) {
	accessor, err := objectMeta(o)
	if err != nil {
		return nil, err
	}
	accessor.UID, accessor.ResourceVersion, accessor.Generation = "", "", 0
	accessor.CreationTimestamp = metav1.Time{}
	for i := range accessor.ManagedFields {
		accessor.ManagedFields[i].Time = nil
	}
	o.GetObjectKind().SetGroupVersionKind(k.gvk)
	whole, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", k.Kind, err)
	}
	spec, err := specDigest(k, o, accessor)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(whole)
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.known[sum].Value(); known != nil {
		return known, nil
	}
	made := &content{kind: k, object: o, meta: accessor, spec: spec}
	c.known[sum] = weak.Make(made)
	runtime.AddCleanup(made, c.forget, sum)
	return made, nil
}

func (c *contents) forget(sum digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.known[sum]; ok && p.Value() == nil { // not one that was made since
		delete(c.known, sum)
	}
}

// specDigest sums up what counts for metadata.generation: everything but metadata and status.
func specDigest(k *kind, o kuberuntime.Object, m *metav1.ObjectMeta) (digest, error) {
	if !k.counts {
		return digest{}, nil
	}
	counted := []any{reflect.ValueOf(o).Elem().FieldByName("Spec").Interface()}
	if k.countsAnnotations {
		counted = append(counted, m.Annotations)
	}
	encoded, err := json.Marshal(counted)
	if err != nil {
		return digest{}, fmt.Errorf("encode spec of %s: %w", k.Kind, err)
	}
	return sha256.Sum256(encoded), nil
}

// objectMeta returns the metadata of an object itself, not a copy.
func objectMeta(o kuberuntime.Object) (*metav1.ObjectMeta, error) {
	accessor, err := meta.Accessor(o)
	if err != nil {
		return nil, err
	}
	m, ok := accessor.(metav1.ObjectMetaAccessor).GetObjectMeta().(*metav1.ObjectMeta)
	if !ok {
		return nil, fmt.Errorf("read metadata of %T: it has none", o)
	}
	return m, nil
}

// keepStatus makes the status of an object that of another, or empty: it has its own subresource.
func keepStatus(o, from kuberuntime.Object) {
	status := reflect.ValueOf(o).Elem().FieldByName("Status")
	if !status.IsValid() {
		return
	}
	if from == nil {
		status.SetZero()
		return
	}
	status.Set(reflect.ValueOf(from).Elem().FieldByName("Status"))
}

// seconds are those since 1970: the API has no finer times.
type seconds uint32

func (s seconds) time() metav1.Time { return metav1.Unix(int64(s), 0) }

func secondsOf(t time.Time) seconds { return seconds(t.Unix()) }
