package host

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// version returns ns/n as it is in the version, besides the changes.
func version(resourceVersion string, changes ...func(*raw.Object)) *raw.Object {
	raw := &raw.Object{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "n", UID: "uid", ResourceVersion: resourceVersion, Generation: 1},
		Spec:       json.RawMessage(`{}`),
	}
	for _, change := range changes {
		change(raw)
	}
	return raw
}

func named(namespace, name string) func(*raw.Object) {
	return func(r *raw.Object) { r.Namespace, r.Name, r.UID = namespace, name, types.UID(namespace+"/"+name) }
}

func generation(n int64) func(*raw.Object) { return func(r *raw.Object) { r.Generation = n } }

func uid(u types.UID) func(*raw.Object) { return func(r *raw.Object) { r.UID = u } }

func status(text string) func(*raw.Object) {
	return func(r *raw.Object) { r.Status = json.RawMessage(text) }
}

func finalizers(names ...string) func(*raw.Object) {
	return func(r *raw.Object) { r.Finalizers = names }
}

func annotated(key, value string) func(*raw.Object) {
	return func(r *raw.Object) { r.Annotations = map[string]string{key: value} }
}

func deleted(r *raw.Object) {
	at := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	r.DeletionTimestamp = &at
}

// told is a Change in words: versions instead of objects, empty where there is none.
type told struct {
	Old, New   string
	StatusOnly bool
}

func words(c Change) told {
	w := told{StatusOnly: c.StatusOnly}
	if c.Old != nil {
		w.Old = fmt.Sprintf("%s@%s", c.Old.UID, c.Old.ResourceVersion)
	}
	if c.New != nil {
		w.New = fmt.Sprintf("%s@%s", c.New.UID, c.New.ResourceVersion)
	}
	return w
}

// storeOf returns a store and what it tells.
func storeOf(t rapid.TB, objects ...*raw.Object) (*Objects, *[]told) {
	t.Helper()
	log := &[]told{}
	s := NewObjects("configmaps", func(c Change) { *log = append(*log, words(c)) })
	for _, o := range objects {
		if err := s.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	*log = nil
	return s, log
}

func TestUpdate(t *testing.T) {
	tests := map[string]struct {
		why         string
		known, next *raw.Object
		want        []told
		wantVersion string
	}{
		"a new object": {
			why: "there is none of that name", known: version("5", named("ns", "other")), next: version("7"),
			want: []told{{New: "uid@7"}}, wantVersion: "7",
		},
		"the same version again": {why: "nothing happened", known: version("5"), next: version("5"), wantVersion: "5"},
		"an edit": {
			why: "the generation counts them", known: version("5"), next: version("7", generation(2)),
			want: []told{{Old: "uid@5", New: "uid@7"}}, wantVersion: "7",
		},
		"an earlier version": {
			why: "a watch may be behind our own write", known: version("7", generation(2)), next: version("5"), wantVersion: "7",
		},
		"an earlier version with fewer digits": {
			why: "versions are numbers, not texts", known: version("10", generation(2)), next: version("9"), wantVersion: "10",
		},
		"a version that is no number": {
			why: "without an order the last word counts", known: version("b"), next: version("a", generation(2)),
			want: []told{{Old: "uid@b", New: "uid@a"}}, wantVersion: "a",
		},
		"another object of the same name": {
			why: "it was deleted and made anew; which version came first says nothing then", known: version("7"), next: version("5", uid("new")),
			want: []told{{Old: "uid@7", New: "new@5"}}, wantVersion: "5",
		},
		"a change that concerns nobody": {
			why: "an annotation of somebody else; the version must be known nevertheless", known: version("5"), next: version("7", annotated("a", "b")), wantVersion: "7",
		},
		"our finalizer": {
			why: "copies may come now", known: version("5"), next: version("7", finalizers(Finalizer)),
			want: []told{{Old: "uid@5", New: "uid@7"}}, wantVersion: "7",
		},
		"a foreign finalizer": {why: "it changes nothing for us", known: version("5"), next: version("7", finalizers("other")), wantVersion: "7"},
		"a deletion": {
			why: "it leaves the generation as it was, in some servers", known: version("5"), next: version("7", deleted),
			want: []told{{Old: "uid@5", New: "uid@7"}}, wantVersion: "7",
		},
		"the wish to leave the copies": {
			why: "what a removal does depends on it", known: version("5"), next: version("7", annotated(OrphanAnnotation, "true")),
			want: []told{{Old: "uid@5", New: "uid@7"}}, wantVersion: "7",
		},
		"a status": {
			why: "somebody changed what we published", known: version("5"), next: version("7", status(`{"observedGeneration":1}`)),
			want: []told{{Old: "uid@5", New: "uid@7", StatusOnly: true}}, wantVersion: "7",
		},
		"a status and an edit": {
			why: "the edit is more", known: version("5"), next: version("7", generation(2), status(`{"observedGeneration":1}`)),
			want: []told{{Old: "uid@5", New: "uid@7"}}, wantVersion: "7",
		},
		"another time in the status": {
			why:   "times say nothing",
			known: version("5", status(`{"conditions":[{"type":"Propagation","status":"True","lastUpdateTime":"1"}]}`)),
			next:  version("7", status(`{"conditions":[{"type":"Propagation","status":"True","lastUpdateTime":"2"}]}`)), wantVersion: "7",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s, log := storeOf(t, tc.known)
			if err := s.Update(tc.next); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, *log); diff != "" {
				t.Errorf("told (-want +got), because %s:\n%s", tc.why, diff)
			}
			if diff := cmp.Diff(tc.wantVersion, s.Get("ns", "n").Object.ResourceVersion); diff != "" {
				t.Errorf("version (-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestDelete(t *testing.T) {
	s, log := storeOf(t, version("5"))
	for range 2 {
		if err := s.Delete(version("7")); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]told{{Old: "uid@5"}}, *log); diff != "" {
		t.Errorf("told once (-want +got):\n%s", diff)
	}
	if r := s.Get("ns", "n"); r != nil {
		t.Errorf("%v is still there", r)
	}
	if keys := s.Keys("ns"); keys != nil {
		t.Errorf("keys %v", keys)
	}
}

func TestReplace(t *testing.T) {
	s, log := storeOf(t, version("5"), version("6", named("ns", "gone")), version("7", named("elsewhere", "gone")))
	list := []any{version("9", generation(2)), version("9", named("ns", "new"))}
	if err := s.Replace(list, "9"); err != nil {
		t.Fatal(err)
	}
	want := []told{
		{Old: "uid@5", New: "uid@9"}, {New: "ns/new@9"}, // in the order of the list
		{Old: "elsewhere/gone@7"}, {Old: "ns/gone@6"}, // sorted
	}
	if diff := cmp.Diff(want, *log); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	wantKeys := []fleet.ObjectKey{{Type: "configmaps", Namespace: "ns", Name: "n"}, {Type: "configmaps", Namespace: "ns", Name: "new"}}
	if diff := cmp.Diff(wantKeys, s.Keys("")); diff != "" {
		t.Errorf("all keys (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantKeys, s.Keys("ns")); diff != "" {
		t.Errorf("keys of ns (-want +got):\n%s", diff)
	}
	if keys := s.Keys("elsewhere"); keys != nil {
		t.Errorf("keys of elsewhere: %v", keys)
	}
}

func TestReplaceAfterARestore(t *testing.T) {
	s, _ := storeOf(t, version("10", generation(7)))
	if err := s.Replace([]any{version("4", generation(3))}, "1000000"); err != nil {
		t.Fatal(err)
	}
	if got := s.Get("ns", "n").Object.Generation; got != 3 {
		t.Errorf("generation %d stays known, and the host has 3", got)
	}
	if err := s.Replace([]any{version("3", generation(2))}, "3"); err != nil {
		t.Fatal(err)
	}
	if got := s.Get("ns", "n").Object.Generation; got != 3 {
		t.Errorf("a list from before what is known put generation %d in its place", got)
	}
}

func TestKeysOfClusterScopedObjects(t *testing.T) {
	s, _ := storeOf(t, version("5", named("", "b")), version("5", named("", "a")))
	want := []fleet.ObjectKey{{Type: "configmaps", Name: "a"}, {Type: "configmaps", Name: "b"}}
	if diff := cmp.Diff(want, s.Keys("")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	s, log := storeOf(t, version("5"))
	stranger := &metav1.PartialObjectMetadata{}
	for name, err := range map[string]error{
		"Add": s.Add(stranger), "Update": s.Update(stranger), "Delete": s.Delete(stranger), "Replace": s.Replace([]any{version("7"), stranger}, "7"),
	} {
		if err == nil {
			t.Errorf("%s takes a %T", name, stranger)
		}
	}
	if diff := cmp.Diff([]told(nil), *log); diff != "" {
		t.Errorf("a list with a stranger in it was taken in part (-want +got):\n%s", diff)
	}
	if err := s.Resync(); err != nil {
		t.Error(err)
	}
}

// publish notes a status write of ours that made the version.
func publish(s *Objects, u types.UID, resourceVersion string) report.Published {
	written := report.Digest(report.Status{ObservedGeneration: 1, Clusters: []report.Cluster{{Name: "a"}}})
	s.wrote(fleet.ObjectKey{Type: "configmaps", Namespace: "ns", Name: "n"}, u, resourceVersion, func(r *Record, o *fleet.FederatedObject) {
		r.Published = written
		o.Journal = []fleet.Name{"a"}
	})
	return written
}

func TestOwnWrite(t *testing.T) {
	const ours = `{"observedGeneration":1,"clusters":[{"name":"a"}]}`
	empty := report.Digest(report.Status{})
	written := report.Digest(report.Status{ObservedGeneration: 1, Clusters: []report.Cluster{{Name: "a"}}})
	tests := map[string]struct {
		why         string
		writtenUID  types.UID
		event       *raw.Object
		want        []told
		published   report.Published
		journal     []fleet.Name
		wantVersion string
	}{
		"nothing is told yet": {
			why: "nobody has to wait for the watch", writtenUID: "uid", published: written, journal: []fleet.Name{"a"}, wantVersion: "20",
		},
		"the watch tells of a version before it": {
			why: "it must not undo what we wrote", writtenUID: "uid", event: version("15"), published: written, journal: []fleet.Name{"a"}, wantVersion: "20",
		},
		"the watch tells of the write": {
			why: "that is no news", writtenUID: "uid", event: version("20", status(ours)), published: written, journal: []fleet.Name{"a"}, wantVersion: "20",
		},
		"the watch tells of the write, and of an edit before it": {
			why:        "the edit's own event is one before the write and not heeded; this one must not be missed",
			writtenUID: "uid", event: version("20", status(ours), generation(2)), want: []told{{Old: "uid@20", New: "uid@20"}},
			published: written, journal: []fleet.Name{"a"}, wantVersion: "20",
		},
		"somebody overwrites it": {
			why: "the last word counts", writtenUID: "uid", event: version("25", status(`{}`)), want: []told{{Old: "uid@20", New: "uid@25", StatusOnly: true}},
			published: empty, wantVersion: "25",
		},
		"the object was made anew meanwhile": {
			why: "the write was one to the object before", writtenUID: "earlier", published: empty, wantVersion: "10",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s, log := storeOf(t, version("10"))
			before := s.Get("ns", "n")
			publish(s, tc.writtenUID, "20")
			if tc.event != nil {
				if err := s.Update(tc.event); err != nil {
					t.Fatal(err)
				}
			}
			r := s.Get("ns", "n")
			if diff := cmp.Diff(tc.want, *log); diff != "" {
				t.Errorf("told (-want +got), because %s:\n%s", tc.why, diff)
			}
			if diff := cmp.Diff(tc.published, r.Published); diff != "" {
				t.Errorf("published (-want +got), because %s:\n%s", tc.why, diff)
			}
			if diff := cmp.Diff(tc.journal, r.Object.Journal); diff != "" {
				t.Errorf("journal (-want +got), because %s:\n%s", tc.why, diff)
			}
			if diff := cmp.Diff(tc.wantVersion, r.Object.ResourceVersion); diff != "" {
				t.Errorf("version (-want +got), because %s:\n%s", tc.why, diff)
			}
			if before.Object.ResourceVersion != "10" || before.Published != empty {
				t.Errorf("a record that somebody may hold was changed: %+v", before)
			}
		})
	}
}

// The answer to our own write may come later than the watch's word about it, and about what happened since.
func TestOwnWriteThatTheWatchHasOvertaken(t *testing.T) {
	s, _ := storeOf(t, version("25", generation(2), status(`{}`)))
	publish(s, "uid", "20")
	r := s.Get("ns", "n")
	if diff := cmp.Diff(report.Digest(report.Status{}), r.Published); diff != "" || r.Object.ResourceVersion != "25" || r.Object.Generation != 2 {
		t.Errorf("the newer word is lost: %+v (-want +got):\n%s", r.Object, diff)
	}
}

func TestOwnWriteToAnObjectThatIsGone(t *testing.T) {
	s, log := storeOf(t)
	publish(s, "uid", "20")
	if r := s.Get("ns", "n"); r != nil || len(*log) != 0 {
		t.Errorf("a write brought %v back, and told %v", r, *log)
	}
}

// Whatever order the same versions come in, the newest is what stays, and each step is told from where the last one ended.
func TestTheNewestVersionStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		versions := rapid.SliceOfNDistinct(rapid.IntRange(1, 200), 1, 8, rapid.ID).Draw(t, "versions")
		var at *fleet.FederatedObject
		s := NewObjects("configmaps", func(c Change) {
			if c.Old != at {
				t.Fatalf("a change from %v, and not from what was told last, %v", c.Old, at)
			}
			at = c.New
		})
		newest := 0
		for _, v := range versions {
			newest = max(newest, v)
			if err := s.Update(version(fmt.Sprint(v), generation(int64(v)))); err != nil {
				t.Fatal(err)
			}
		}
		if at == nil || at.Generation != int64(newest) || s.Get("ns", "n").Object != at {
			t.Fatalf("told last of %v, and %d is the newest", at, newest)
		}
	})
}

func TestOlder(t *testing.T) {
	tests := map[string]struct {
		why, a, b string
		want      bool
	}{
		"fewer digits":    {why: "versions are numbers", a: "9", b: "10", want: true},
		"more digits":     {why: "as above", a: "10", b: "9"},
		"equal":           {why: "the same is not before itself", a: "10", b: "10"},
		"nothing before":  {why: "what is not known has no order", a: "", b: "10"},
		"before nothing":  {why: "as above", a: "10", b: ""},
		"no number":       {why: "as above", a: "a", b: "b"},
		"beyond 64 bits":  {why: "a version may have any length", a: "99999999999999999999", b: "100000000000000000000", want: true},
		"a zero in front": {why: "no server writes such a one", a: "01", b: "2"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, older(tc.a, tc.b)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}
