package member

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/fleet"
)

var (
	hashA = fleet.HashOf([]byte("a"))
	hashB = fleet.HashOf([]byte("b"))
)

// ownerships compares what two copies own by its text.
var ownerships = cmp.Comparer(func(a, b fleet.Ownership) bool { return a.FieldsV1() == b.FieldsV1() })

// copyAt returns ns/n as it is in the version: managed, with uid, besides the changes.
func copyAt(version string, changes ...func(*metav1.PartialObjectMetadata)) *metav1.PartialObjectMetadata {
	m := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: "n", UID: "uid", ResourceVersion: version, Generation: 1, Labels: map[string]string{fleet.ManagedLabel: fleet.LabelTrue},
	}}
	for _, change := range changes {
		change(m)
	}
	return m
}

func called(name string) func(*metav1.PartialObjectMetadata) {
	return func(m *metav1.PartialObjectMetadata) { m.Name = name }
}

func being(uid types.UID) func(*metav1.PartialObjectMetadata) {
	return func(m *metav1.PartialObjectMetadata) { m.UID = uid }
}

func labelled(value string) func(*metav1.PartialObjectMetadata) {
	return func(m *metav1.PartialObjectMetadata) { m.Labels = map[string]string{fleet.ManagedLabel: value} }
}

func unlabelled(m *metav1.PartialObjectMetadata) { m.Labels = map[string]string{"other": "true"} }

func going(m *metav1.PartialObjectMetadata) {
	at := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	m.DeletionTimestamp = &at
}

func generated(n int64) func(*metav1.PartialObjectMetadata) {
	return func(m *metav1.PartialObjectMetadata) { m.Generation = n }
}

// ours is what an apply of ours leaves: the hash and the entry.
func ours(h fleet.Hash, fields string) func(*metav1.PartialObjectMetadata) {
	return func(m *metav1.PartialObjectMetadata) {
		m.Annotations = map[string]string{fleet.AppliedAnnotation: h.String()}
		m.ManagedFields = append(m.ManagedFields, managed(FieldManager, metav1.ManagedFieldsOperationApply, "", fields))
	}
}

func managed(manager string, operation metav1.ManagedFieldsOperationType, subresource, fields string) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{Manager: manager, Operation: operation, Subresource: subresource, FieldsV1: metav1.NewFieldsV1(fields)}
}

func TestObserve(t *testing.T) {
	const update, apply = metav1.ManagedFieldsOperationUpdate, metav1.ManagedFieldsOperationApply
	entries := func(list ...metav1.ManagedFieldsEntry) func(*metav1.PartialObjectMetadata) {
		return func(m *metav1.PartialObjectMetadata) { m.ManagedFields = list }
	}
	plain := fleet.Observed{UID: "uid", ResourceVersion: "5", Generation: 1}
	but := func(change func(*fleet.Observed)) fleet.Observed {
		o := plain
		change(&o)
		return o
	}
	tests := map[string]struct {
		why  string
		seen *metav1.PartialObjectMetadata
		want fleet.Observed
	}{
		"a plain copy": {why: "who it is and in which version", seen: copyAt("5"), want: plain},
		"a copy that we applied": {
			why: "the hash and our entry are what tells drift", seen: copyAt("5", ours(hashA, `{"f:data":{}}`)),
			want: but(func(o *fleet.Observed) { o.Applied, o.Owned = hashA, fleet.NewOwnership(`{"f:data":{}}`) }),
		},
		"a hash that is none": {
			why: "somebody changed the annotation: the copy is not as applied", want: plain,
			seen: copyAt("5", func(m *metav1.PartialObjectMetadata) { m.Annotations = map[string]string{fleet.AppliedAnnotation: "x"} }),
		},
		"a copy that opted out": {why: "KubeFed's label", seen: copyAt("5", labelled("false")), want: but(func(o *fleet.Observed) { o.OptedOut = true })},
		"a label of another value": {
			why: "only true makes a copy ours", seen: copyAt("5", labelled("True")), want: but(func(o *fleet.Observed) { o.OptedOut = true }),
		},
		"a copy that is being deleted": {
			why: "it has a time", seen: copyAt("5", going), want: but(func(o *fleet.Observed) { o.Deleting = true }),
		},
		"a copy that KubeFed wrote": {
			why: "its fields must be handed over before an apply can remove any", want: but(func(o *fleet.Observed) { o.LegacyOwned = true }),
			seen: copyAt("5", entries(managed("controller-manager", update, "", `{"f:data":{}}`))),
		},
		"a copy that we created": {
			why: "a create owns by update, as above", want: but(func(o *fleet.Observed) { o.LegacyOwned = true }),
			seen: copyAt("5", entries(managed(FieldManager, update, "", `{"f:data":{}}`))),
		},
		"a copy whose status a controller-manager wrote": {
			why: "Kubernetes' own has a longer name, but a subresource is nobody's copy anyway", want: plain,
			seen: copyAt("5", entries(managed("controller-manager", update, "status", `{"f:status":{}}`), managed(FieldManager, apply, "status", `{"f:status":{}}`))),
		},
		"a copy that others write": {
			why: "what they own is theirs", want: plain,
			seen: copyAt("5", entries(managed("kubectl", update, "", `{"f:data":{}}`), managed("argocd", apply, "", `{"f:data":{}}`), managed("controller-manager", apply, "", `{}`))),
		},
		"an entry without fields": {
			why: "it owns nothing", want: plain, seen: copyAt("5", entries(metav1.ManagedFieldsEntry{Manager: FieldManager, Operation: apply})),
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, observe(tc.seen, fleet.Ownership{}), ownerships); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

// storeOf returns a store that holds the copies, and the names that it calls changed from then on.
func storeOf(t rapid.TB, list ...*metav1.PartialObjectMetadata) (*copies, *[]string) {
	t.Helper()
	told := &[]string{}
	c := newCopies(func(namespace, name string) { *told = append(*told, namespace+"/"+name) })
	for _, m := range list {
		if err := c.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	*told = nil
	return c, told
}

func TestUpdate(t *testing.T) {
	tests := map[string]struct {
		why         string
		known, next *metav1.PartialObjectMetadata
		told        bool
		wantVersion string // empty if there is no copy afterwards
	}{
		"the same again":            {why: "nothing happened", known: copyAt("5"), next: copyAt("5"), wantVersion: "5"},
		"a version before":          {why: "the watch is behind our own write", known: copyAt("10"), next: copyAt("9", labelled("false")), wantVersion: "10"},
		"a version after":           {why: "a status, or what others own: it must not wake anybody", known: copyAt("5"), next: copyAt("7"), wantVersion: "7"},
		"another generation":        {why: "as above: what we own tells drift, not the generation", known: copyAt("5"), next: copyAt("7", generated(2)), wantVersion: "7"},
		"another hash":              {why: "somebody else applied, or changed it", known: copyAt("5", ours(hashA, `{}`)), next: copyAt("7", ours(hashB, `{}`)), told: true, wantVersion: "7"},
		"another entry":             {why: "a field of ours was taken", known: copyAt("5", ours(hashA, `{"f:a":{}}`)), next: copyAt("7", ours(hashA, `{}`)), told: true, wantVersion: "7"},
		"the label becomes false":   {why: "the copy opted out", known: copyAt("5"), next: copyAt("7", labelled("false")), told: true, wantVersion: "7"},
		"the label is gone":         {why: "it is no copy any more", known: copyAt("5"), next: copyAt("7", unlabelled), told: true},
		"an object without a label": {why: "it never was a copy", known: copyAt("5", called("other")), next: copyAt("7", unlabelled)},
		"a deletion begins":         {why: "nothing may be applied to it", known: copyAt("5"), next: copyAt("7", going), told: true, wantVersion: "7"},
		"another object":            {why: "it was deleted and made anew", known: copyAt("5"), next: copyAt("7", being("new")), told: true, wantVersion: "7"},
		"a new copy":                {why: "there was none of that name", known: copyAt("5", called("other")), next: copyAt("7"), told: true, wantVersion: "7"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, told := storeOf(t, tc.known)
			if err := c.Update(tc.next); err != nil {
				t.Fatal(err)
			}
			var want []string
			if tc.told {
				want = []string{"ns/n"}
			}
			if diff := cmp.Diff(want, *told); diff != "" {
				t.Errorf("told (-want +got), because %s:\n%s", tc.why, diff)
			}
			o, present := c.get("ns", "n")
			if diff := cmp.Diff(tc.wantVersion, o.ResourceVersion); diff != "" || present != (tc.wantVersion != "") {
				t.Errorf("present %v (-want +got), because %s:\n%s", present, tc.why, diff)
			}
		})
	}
}

func TestDelete(t *testing.T) {
	tests := map[string]struct {
		why     string
		deleted *metav1.PartialObjectMetadata
		gone    bool
	}{
		"the copy that is known":         {why: "it is gone", deleted: copyAt("10"), gone: true},
		"a later version of it":          {why: "as above", deleted: copyAt("12"), gone: true},
		"an earlier version of it":       {why: "its label was taken off, and we have put it on again since", deleted: copyAt("9")},
		"an earlier object of that name": {why: "it is gone, and ours is another", deleted: copyAt("9", being("earlier"))},
		"another object, told late":      {why: "as above, whatever its version", deleted: copyAt("12", being("earlier"))},
		"a copy that nobody knows":       {why: "there is nothing to forget", deleted: copyAt("12", called("other"))},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, told := storeOf(t, copyAt("10"))
			if err := c.Delete(tc.deleted); err != nil {
				t.Fatal(err)
			}
			_, present := c.get("ns", "n")
			if present == tc.gone || (len(*told) > 0) != tc.gone {
				t.Errorf("present %v, told %v, because %s", present, *told, tc.why)
			}
		})
	}
}

func TestReplace(t *testing.T) {
	tests := map[string]struct {
		why         string
		known       []*metav1.PartialObjectMetadata
		list        []any
		listVersion string
		told        []string
		want        map[string]string // versions by name
	}{
		"the first list": {
			why: "all of it is new", list: []any{copyAt("3"), copyAt("4", called("m"))}, listVersion: "5",
			told: []string{"ns/n", "ns/m"}, want: map[string]string{"n": "3", "m": "4"},
		},
		"a copy that the list lacks": {
			why: "it was deleted while nobody watched", known: []*metav1.PartialObjectMetadata{copyAt("3"), copyAt("4", called("m"))},
			list: []any{copyAt("3")}, listVersion: "9", told: []string{"ns/m"}, want: map[string]string{"n": "3"},
		},
		"an old version in a new list": {
			why: "the member was restored from a backup: what it lists is what it has", known: []*metav1.PartialObjectMetadata{copyAt("10", ours(hashA, `{}`))},
			list: []any{copyAt("4", ours(hashB, `{}`))}, listVersion: "1000000", told: []string{"ns/n"}, want: map[string]string{"n": "4"},
		},
		"a copy that we wrote after the list was made": {
			why: "the list cannot know it", known: []*metav1.PartialObjectMetadata{copyAt("10")}, list: []any{}, listVersion: "9",
			want: map[string]string{"n": "10"},
		},
		"a copy that we wrote just when the list was made": {
			why: "the list would hold it", known: []*metav1.PartialObjectMetadata{copyAt("9")}, list: []any{}, listVersion: "9", told: []string{"ns/n"},
		},
		"a copy that the list has in an earlier version": {
			why: "our own write is later", known: []*metav1.PartialObjectMetadata{copyAt("10", ours(hashA, `{}`))}, list: []any{copyAt("8")}, listVersion: "9",
			want: map[string]string{"n": "10"},
		},
		"an empty list": {
			why: "every copy was deleted", known: []*metav1.PartialObjectMetadata{copyAt("3")}, listVersion: "9", told: []string{"ns/n"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, told := storeOf(t, tc.known...)
			if err := c.Replace(tc.list, tc.listVersion); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.told, *told); diff != "" {
				t.Errorf("told (-want +got), because %s:\n%s", tc.why, diff)
			}
			var got map[string]string
			for name, o := range c.observed {
				if got == nil {
					got = map[string]string{}
				}
				got[name.Name] = o.ResourceVersion
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("versions (-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestCopiesRefuseStrangers(t *testing.T) {
	c, told := storeOf(t, copyAt("5"))
	for name, err := range map[string]error{
		"Add": c.Add("x"), "Update": c.Update("x"), "Delete": c.Delete("x"), "Replace": c.Replace([]any{copyAt("7", labelled("false")), "x"}, "9"),
	} {
		if err == nil {
			t.Errorf("%s takes a string", name)
		}
	}
	if o, present := c.get("ns", "n"); !present || o.OptedOut || len(*told) > 0 {
		t.Errorf("a list with a stranger in it was taken in part: %+v, told %v", o, *told)
	}
	if err := c.Resync(); err != nil {
		t.Error(err)
	}
}

// What is proven to be covered stays so only while the copy is what it was proven for.
func TestCoveredIsKept(t *testing.T) {
	const fields = `{"f:data":{}}`
	tests := map[string]struct {
		why  string
		next *metav1.PartialObjectMetadata
		want fleet.Hash
	}{
		"a version after":   {why: "neither hash nor entry changed", next: copyAt("7", ours(hashA, fields)), want: hashA},
		"another entry":     {why: "the proof was about the old one", next: copyAt("7", ours(hashA, `{}`))},
		"another hash":      {why: "the proof was about the old content", next: copyAt("7", ours(hashB, fields))},
		"another object":    {why: "its fields are others", next: copyAt("7", being("new"), ours(hashA, fields))},
		"a version before":  {why: "the event is not heeded", next: copyAt("4", ours(hashB, `{}`)), want: hashA},
		"the label is lost": {why: "there is no copy to know anything of", next: copyAt("7", unlabelled)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := storeOf(t, copyAt("5", ours(hashA, fields)))
			seen, _ := c.get("ns", "n")
			c.remember("ns", "n", seen, hashA)
			if err := c.Update(tc.next); err != nil {
				t.Fatal(err)
			}
			o, _ := c.get("ns", "n")
			if diff := cmp.Diff(tc.want, o.Covered); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestRememberOfACopyThatChangedMeanwhile(t *testing.T) {
	c, _ := storeOf(t, copyAt("5", ours(hashA, `{"f:data":{}}`)))
	seen, _ := c.get("ns", "n")
	if err := c.Update(copyAt("7", ours(hashA, `{}`))); err != nil {
		t.Fatal(err)
	}
	c.remember("ns", "n", seen, hashA)
	c.remember("ns", "nobody", seen, hashA)
	if o, _ := c.get("ns", "n"); o.Covered != (fleet.Hash{}) {
		t.Error("the proof was about what was seen, and the copy is another by now")
	}
	if _, present := c.get("ns", "nobody"); present {
		t.Error("a proof brought a copy into being")
	}
}

func TestAnswerThatTheWatchHasOvertaken(t *testing.T) {
	tests := map[string]struct {
		why     string
		known   []*metav1.PartialObjectMetadata
		heard   *metav1.PartialObjectMetadata
		deleted bool
		want    string // the version that is known afterwards
	}{
		"nothing was told": {why: "nobody has to wait for the watch", want: "20"},
		"the watch is behind": {
			why: "as above", known: []*metav1.PartialObjectMetadata{copyAt("10")}, heard: copyAt("15", called("other")), want: "20",
		},
		"the watch has told of a later change": {why: "that one stays", heard: copyAt("25"), want: "25"},
		"the watch has told of its end": {
			why: "nobody would ever tell of it again", known: []*metav1.PartialObjectMetadata{copyAt("20")}, heard: copyAt("25"), deleted: true,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := storeOf(t, tc.known...)
			tell := c.Update
			if tc.deleted {
				tell = c.Delete
			}
			if tc.heard != nil {
				if err := tell(tc.heard); err != nil {
					t.Fatal(err)
				}
			}
			c.answered(copyAt("20"), fleet.Hash{})
			o, _ := c.get("ns", "n")
			if diff := cmp.Diff(tc.want, o.ResourceVersion); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestPutOfAnAnswer(t *testing.T) {
	c, told := storeOf(t)
	if !c.put(copyAt("5", ours(hashA, `{}`)), fleet.Hash{}, "") {
		t.Error("a copy that was just made is no news")
	}
	if !c.put(copyAt("5", ours(hashA, `{}`)), hashA, "") {
		t.Error("the proof is no news: nobody would look again")
	}
	if o, _ := c.get("ns", "n"); o.Covered != hashA {
		t.Errorf("the proof is not kept: %+v", o)
	}
	if len(*told) > 0 {
		t.Errorf("told %v: whoever wrote knows it already", *told)
	}
}

// Whatever order the events of one object come in, the newest is what stays, until it is deleted.
func TestTheNewestVersionStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, _ := storeOf(t)
		versions := rapid.SliceOfNDistinct(rapid.IntRange(1, 200), 1, 8, rapid.ID).Draw(t, "versions")
		for _, v := range versions {
			if err := c.Update(copyAt(fmt.Sprint(v), generated(int64(v)))); err != nil {
				t.Fatal(err)
			}
		}
		newest := slices.Max(versions)
		if o, _ := c.get("ns", "n"); o.Generation != int64(newest) {
			t.Fatalf("generation %d stays, and %d is the newest", o.Generation, newest)
		}
		v := rapid.IntRange(1, 200).Draw(t, "deleted")
		if err := c.Delete(copyAt(fmt.Sprint(v))); err != nil {
			t.Fatal(err)
		}
		if _, present := c.get("ns", "n"); present != (v < newest) {
			t.Fatalf("version %d was deleted, %d is the newest: present %v", v, newest, present)
		}
	})
}
