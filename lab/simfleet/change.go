package simfleet

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// operation is a way to write an object.
type operation string

// The operations are named as the server names them: patches by their content types.
const (
	opCreate operation = "create"
	opUpdate operation = "update"
	opApply  operation = "application/apply-patch+yaml"
	opMerge  operation = "application/merge-patch+json"
	opJSON   operation = "application/json-patch+json"
	opSMP    operation = "application/strategic-merge-patch+json"
)

// change is what a request asks to be done to an object.
type change struct {
	op          operation
	kind        *kind
	key         key
	manager     string
	force       bool
	status      bool   // the subresource
	validation  string // as in metav1.PatchOptions
	contentType string // of the body of a create or update
	body        []byte
}

// outcome is what a change makes of a content.
type outcome struct {
	next *content
	// carried holds for each managedFields entry of next where the entry that it continues stood, timeNow or timeNever.
	carried  []int8
	warnings []string
}

// Places of entries that are none.
const (
	timeNow   = -1
	timeNever = -2
)

// changes computes outcomes, and remembers them: what is done to one member is done to many.
type changes struct {
	contents *contents
	known    *cache[changeID, *outcome]
}

// changeID is all that an outcome depends on.
type changeID struct {
	before     *content // nil if there is no object
	kind       *kind
	key        key
	op         operation
	manager    string
	force      bool
	status     bool
	validation string
	body       digest
}

// rememberedChanges bounds what is remembered. Members that are written at the same time share outcomes if fewer different
// changes than this are made meanwhile.
const rememberedChanges = 1 << 16

func newChanges() *changes {
	return &changes{contents: newContents(), known: newCache[changeID, *outcome](rememberedChanges)}
}

// do returns what becomes of an object, which is nil if there is none.
func (c *changes) do(ch *change, before *record) (*outcome, error) {
	if !ch.sameEverywhere() {
		return c.compute(ch, before)
	}
	id := changeID{
		kind: ch.kind, key: ch.key, op: ch.op, manager: ch.manager, force: ch.force, status: ch.status, validation: ch.validation,
		body: sha256.Sum256(ch.body),
	}
	if before != nil {
		id.before = before.content
	}
	if known, ok := c.known.get(id); ok {
		return known, nil
	}
	made, err := c.compute(ch, before)
	if err == nil { // an error may name times
		c.known.put(id, made)
	}
	return made, err
}

// sameEverywhere tells that nothing in the body can be about one member's object.
func (ch *change) sameEverywhere() bool {
	for _, own := range []string{`uid`, `resourceVersion`, `managedFields`, `generateName`} {
		if hasWord(ch.body, own) {
			return false
		}
	}
	return true
}

// hasWord tells that a word stands in the text by itself, as a key of JSON or YAML and a step of a JSON pointer do. Data may
// hold "guide" without being about a UID.
func hasWord(text []byte, word string) bool {
	for {
		before, after, found := bytes.Cut(text, []byte(word))
		if !found {
			return false
		}
		if (len(before) == 0 || !inWord(before[len(before)-1])) && (len(after) == 0 || !inWord(after[0])) {
			return true
		}
		text = after
	}
}

func inWord(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_'
}

func (c *changes) compute(ch *change, before *record) (*outcome, error) {
	made, warnings, err := ch.make(before)
	if err != nil {
		return nil, err
	}
	m, err := objectMeta(made)
	if err != nil {
		return nil, err
	}
	if err := ch.check(m, before); err != nil {
		return nil, err
	}
	if before == nil {
		prepare(made)
	}
	carried := carriedTimes(m, before)
	next, err := c.contents.intern(ch.kind, made)
	if err != nil {
		return nil, err
	}
	return &outcome{next: next, carried: carried, warnings: warnings}, nil
}

// make returns the changed object, with what the server keeps: status, UID and the like.
func (ch *change) make(before *record) (made runtime.Object, warnings []string, err error) {
	live, err := ch.live(before)
	if err != nil {
		return nil, nil, err
	}
	switch ch.op {
	case opCreate, opUpdate:
		made, warnings, err = ch.replace(live)
	case opApply:
		made, warnings, err = ch.apply(live)
	default:
		made, warnings, err = ch.patch(live)
	}
	if err != nil {
		return nil, nil, err
	}
	if before == nil {
		keepStatus(made, nil)
		return made, warnings, nil
	}
	if !ch.status {
		keepStatus(made, before.content.object)
	}
	return made, warnings, nil
}

// live returns the object to change, empty if there is none.
func (ch *change) live(before *record) (runtime.Object, error) {
	if before != nil {
		return before.whole()
	}
	o, err := scheme.Scheme.New(ch.kind.gvk)
	if err != nil {
		return nil, err
	}
	o.GetObjectKind().SetGroupVersionKind(ch.kind.gvk)
	return o, nil
}

func (ch *change) apply(live runtime.Object) (runtime.Object, []string, error) {
	intent := &unstructured.Unstructured{Object: map[string]any{}}
	if err := yaml.Unmarshal(ch.body, &intent.Object); err != nil {
		return nil, nil, apierrors.NewBadRequest("error encoding patch: " + strings.TrimPrefix(err.Error(), "error converting YAML to JSON: "))
	}
	made, err := ch.fieldManager().Apply(live, intent, ch.manager, ch.force)
	if err != nil || ch.validation == metav1.FieldValidationIgnore {
		return made, nil, err
	}
	switch err := yaml.UnmarshalStrict(ch.body, &map[string]any{}); {
	case err == nil:
		return made, nil, nil
	case ch.validation == metav1.FieldValidationStrict:
		return nil, nil, apierrors.NewBadRequest("error strict decoding patch: " + err.Error())
	default:
		return made, []string{strings.TrimPrefix(err.Error(), "error converting YAML to JSON: yaml: unmarshal errors:\n  ")}, nil
	}
}

// fieldManager tells who owns what that is written through the same subresource.
func (ch *change) fieldManager() *managedfields.FieldManager {
	if ch.status {
		return ch.kind.statusManager
	}
	return ch.kind.manager
}

// check refuses what is meant for another object or another version of it.
func (ch *change) check(m *metav1.ObjectMeta, before *record) error {
	if before == nil && m.UID != "" && ch.op == opApply {
		return apierrors.NewConflict(ch.kind.groupResource(), ch.key.name,
			errors.New("uid mismatch: the provided object specified uid "+string(m.UID)+", and no existing object was found"))
	}
	if err := ch.checkName(m); err != nil {
		return err
	}
	if before == nil {
		return ch.checkNew(m)
	}
	now := before.meta()
	if m.ResourceVersion != "" && m.ResourceVersion != now.ResourceVersion {
		return apierrors.NewConflict(ch.kind.groupResource(), ch.key.name,
			errors.New("the object has been modified; please apply your changes to the latest version and try again"))
	}
	if m.UID != "" && m.UID != now.UID {
		return ch.otherObject(m.UID, now.UID)
	}
	return nil
}

// otherObject refuses a UID, in the words for an update or for a patch.
func (ch *change) otherObject(want, have types.UID) error {
	if ch.op != opUpdate {
		return ch.invalid(field.Invalid(field.NewPath("metadata", "uid"), want, "field is immutable"))
	}
	return apierrors.NewConflict(ch.kind.groupResource(), ch.key.name,
		fmt.Errorf("StorageError: invalid object, Code: 4, Key: /registry/%s/%s/%s, ResourceVersion: 0, AdditionalErrorMsg: "+
			"Precondition failed: UID in precondition: %s, UID in object meta: %s", ch.kind.Name, ch.key.namespace, ch.key.name, want, have))
}

func (ch *change) invalid(problems ...*field.Error) error {
	return apierrors.NewInvalid(ch.kind.gvk.GroupKind(), ch.key.name, problems)
}

// checkNew refuses names that the server would refuse.
func (ch *change) checkNew(m *metav1.ObjectMeta) error {
	if ch.op == opCreate && m.ResourceVersion != "" {
		return errors.New("resourceVersion should not be set on objects to be created")
	}
	var problems field.ErrorList
	for _, problem := range ch.kind.validName(m.Name, false) {
		problems = append(problems, field.Invalid(field.NewPath("metadata", "name"), m.Name, problem))
	}
	if len(problems) > 0 {
		return ch.invalid(problems...)
	}
	return nil
}

func (ch *change) checkName(m *metav1.ObjectMeta) error {
	if m.Namespace == "" {
		m.Namespace = ch.key.namespace
	}
	if m.Namespace != ch.key.namespace {
		return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	if ch.op == opCreate {
		return nil
	}
	if m.Name == "" {
		return apierrors.NewBadRequest("name is required")
	}
	if m.Name != ch.key.name {
		return apierrors.NewBadRequest("the name of the object (" + m.Name + ") does not match the name on the URL (" + ch.key.name + ")")
	}
	return nil
}

// prepare completes a new object.
func prepare(o runtime.Object) {
	if ns, ok := o.(*corev1.Namespace); ok {
		ns.Spec.Finalizers = []corev1.FinalizerName{corev1.FinalizerKubernetes}
		ns.Status.Phase = corev1.NamespaceActive
	}
}

// carriedTimes sorts the entries, so that equal contents are equal whatever their times, and finds which times stay. Those
// that the field manager has set have fractions of seconds.
func carriedTimes(m *metav1.ObjectMeta, before *record) []int8 {
	slices.SortStableFunc(m.ManagedFields, byManager)
	carried := make([]int8, len(m.ManagedFields))
	for i := range m.ManagedFields {
		entry := &m.ManagedFields[i]
		carried[i] = timeNow
		if entry.Time == nil { // of a manager whose first apply changed nothing
			carried[i] = timeNever
			continue
		}
		if before == nil || entry.Time.Nanosecond() != 0 {
			continue
		}
		carried[i] = int8(slices.IndexFunc(before.content.meta.ManagedFields, func(old metav1.ManagedFieldsEntry) bool {
			return byManager(old, *entry) == 0
		}))
	}
	return carried
}

func byManager(a, b metav1.ManagedFieldsEntry) int {
	return slices.Compare(
		[]string{string(a.Operation), a.Manager, a.APIVersion, a.Subresource},
		[]string{string(b.Operation), b.Manager, b.APIVersion, b.Subresource},
	)
}

// record returns the object that the outcome makes of the one before, without a version.
func (o *outcome) record(before *record, now time.Time) *record {
	r := &record{content: o.next, times: make([]seconds, len(o.carried))}
	for i, from := range o.carried {
		switch {
		case from >= 0 && before != nil:
			r.times[i] = before.times[from]
		case from != timeNever:
			r.times[i] = secondsOf(now)
		}
	}
	if before == nil {
		r.uid, r.created = newUID(), secondsOf(now)
	} else {
		r.uid, r.created, r.generation, r.deleted = before.uid, before.created, before.generation, before.deleted
	}
	if o.next.kind.counts && (before == nil || before.content.spec != o.next.spec) {
		r.generation++
	}
	return r
}

// managerOf returns the field manager that a request names or, without one, its client's name.
func managerOf(fieldManager, userAgent string) string {
	if fieldManager != "" {
		return fieldManager
	}
	name, _, _ := strings.Cut(userAgent, "/")
	return name
}
