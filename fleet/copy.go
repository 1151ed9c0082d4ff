package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"unique"

	"k8s.io/apimachinery/pkg/types"
)

// Names that fedsync writes on copies. The label and its values are KubeFed's.
const (
	// ManagedLabel marks a copy; LabelFalse as its value takes an object out of the federation's hands.
	ManagedLabel = "kubefed.io/managed"
	LabelTrue    = "true"
	LabelFalse   = "false"
	// AppliedAnnotation holds the hash of what was last applied to the copy.
	AppliedAnnotation = "fedsync.io/applied"
)

// ServerMetadata are the fields of metadata that an API server keeps by itself: they say nothing of what somebody declared.
func ServerMetadata() []string {
	return []string{"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink"}
}

// CopyKey names a copy: the unit of work.
type CopyKey struct {
	Object ObjectKey
	Member Name
}

// Hash identifies rendered bytes. The zero value means "none".
type Hash [16]byte

// HashOf returns the hash of the bytes: the first half of their SHA-256.
func HashOf(b []byte) Hash {
	sum := sha256.Sum256(b)
	return Hash(sum[:16])
}

// ParseHash reads what String wrote. Anything else gives the zero Hash, which equals no hash of rendered bytes.
func ParseHash(s string) Hash {
	var h Hash
	if len(s) != hex.EncodedLen(len(h)) {
		return Hash{}
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return Hash{}
	}
	return h
}

// String returns the hash in lower-case hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Desired is what a copy should be. It is shared by all members with the same overrides: read only.
type Desired struct {
	// Hash identifies the content; it is the value of AppliedAnnotation inside Body.
	Hash Hash
	// APIVersion is the group and version that the body is written in.
	APIVersion string
	// Object is the content as decoded JSON, with the managed label and the hash.
	Object map[string]any
	// Body is Object as JSON, its keys sorted.
	Body []byte
	// RetainReplicas tells that spec.replicas is left out of Object and Body because the member's own value counts.
	RetainReplicas bool
	// InitialReplicas is what spec.replicas is set to when the copy is created and RetainReplicas is set; nil for none.
	InitialReplicas any
}

// Ownership is the set of fields that our server-side apply owns in a copy, as FieldsV1 JSON. Copies with equal
// content share one string, so it costs a pointer and compares as one. The zero value means that we own nothing.
type Ownership struct {
	fields unique.Handle[string]
}

// NewOwnership keeps the FieldsV1 JSON.
func NewOwnership(fieldsV1 string) Ownership { return Ownership{fields: unique.Make(fieldsV1)} }

// FieldsV1 returns the JSON, or "" for the zero value.
func (o Ownership) FieldsV1() string {
	if o == (Ownership{}) {
		return ""
	}
	return o.fields.Value()
}

// Observed is what the member's watch, or its answer to our own write, last told about a copy.
type Observed struct {
	UID             types.UID
	ResourceVersion string
	Generation      int64
	// Applied is the value of AppliedAnnotation.
	Applied Hash
	// Owned is our apply entry in managedFields.
	Owned Ownership
	// Covered is the desired hash for which Owned was found, or proven by an apply that changed nothing, to cover
	// every desired field.
	Covered Hash
	// LastManager is the field manager other than fedsync that changed the copy last, "" if nobody did.
	LastManager string
	// OptedOut tells that the managed label is "false".
	OptedOut bool
	// Deleting tells that the copy has a deletionTimestamp.
	Deleting bool
	// LegacyOwned tells that managedFields has an entry which must be migrated before an apply can remove fields:
	// one by KubeFed, or our own from a create.
	LegacyOwned bool
}
