package simfleet

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// record is one version of one object of one member. It never changes.
type record struct {
	content    *content
	uid        uid
	version    uint64 // 0 in a dry run of a create
	generation uint32
	created    seconds
	deleted    seconds // 0 unless it is being deleted
	// times are those of the content's managedFields, 0 for an entry without.
	times []seconds
}

// uid is a UUID.
type uid [16]byte

func newUID() uid {
	var u uid
	binary.NativeEndian.PutUint64(u[:8], rand.Uint64())
	binary.NativeEndian.PutUint64(u[8:], rand.Uint64())
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return u
}

func (u uid) String() string {
	var text [36]byte
	hex.Encode(text[:], u[:4])
	hex.Encode(text[9:], u[4:6])
	hex.Encode(text[14:], u[6:8])
	hex.Encode(text[19:], u[8:10])
	hex.Encode(text[24:], u[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// key names an object of a kind.
type key struct{ namespace, name string }

func (k key) compare(other key) int {
	if c := strings.Compare(k.namespace, other.namespace); c != 0 {
		return c
	}
	return strings.Compare(k.name, other.name)
}

// key returns the name, in strings that all members share.
func (r *record) key() key { return key{r.content.meta.Namespace, r.content.meta.Name} }

// meta returns the whole metadata. What is shared in it must not be changed.
func (r *record) meta() metav1.ObjectMeta {
	m := *r.content.meta
	m.UID = types.UID(r.uid.String())
	if r.version != 0 {
		m.ResourceVersion = strconv.FormatUint(r.version, 10)
	}
	m.Generation = int64(r.generation)
	m.CreationTimestamp = r.created.time()
	if r.deleted != 0 {
		m.DeletionTimestamp = new(r.deleted.time())
	}
	m.ManagedFields = slices.Clone(m.ManagedFields)
	for i := range m.ManagedFields {
		if r.times[i] != 0 {
			m.ManagedFields[i].Time = new(r.times[i].time())
		}
	}
	if len(m.ManagedFields) > 1 {
		slices.SortStableFunc(m.ManagedFields, byTime)
	}
	return m
}

// byTime is the order of managedFields: applies before updates, then the older first, those without a time before all.
func byTime(a, b metav1.ManagedFieldsEntry) int {
	if c := strings.Compare(string(a.Operation), string(b.Operation)); c != 0 {
		return c
	}
	return cmp.Compare(unix(a.Time), unix(b.Time))
}

func unix(t *metav1.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}

// partial returns the object as PartialObjectMetadata.
func (r *record) partial() *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{TypeMeta: partialType, ObjectMeta: r.meta()}
}

var partialType = metav1.TypeMeta{Kind: "PartialObjectMetadata", APIVersion: "meta.k8s.io/v1"}

// whole returns a copy of the object.
func (r *record) whole() (runtime.Object, error) {
	o := r.content.object.DeepCopyObject()
	m, err := objectMeta(o)
	if err != nil {
		return nil, err
	}
	*m = r.meta()
	return o, nil
}
