package federation

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
)

func TestParse(t *testing.T) {
	cases := map[string]struct {
		stream string
		want   []string
		err    string
	}{
		"several documents": {
			stream: "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n",
			want:   []string{"Secret a", "Pod b"},
		},
		"documents without content": {
			stream: "---\n# nothing\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n---\n",
			want:   []string{"Pod b"},
		},
		"a list": {
			stream: "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n",
			want:   []string{"Pod a", "Pod b"},
		},
		"nothing":     {stream: ""},
		"no name":     {stream: "apiVersion: v1\nkind: Pod\n", err: "document 1: Pod has no metadata.name"},
		"no kind":     {stream: "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\nmetadata: {name: a}\n", err: "document 2: apiVersion or kind"},
		"not YAML":    {stream: "a: b: c\n", err: "document 1"},
		"not a kind":  {stream: "- a\n- b\n", err: "document 1"},
		"a JSON file": {stream: `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}`, want: []string{"Pod a"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			objects, err := parse([]byte(c.stream))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("parse() = %v, want an error with %q", err, c.err)
				}
				return
			}
			if diff := cmp.Diff(c.want, names(objects)); err != nil || diff != "" {
				t.Errorf("parse(): %v %s", err, diff)
			}
		})
	}
}

func TestReadTakesYAMLInOrderOfNames(t *testing.T) {
	dir := t.TempDir()
	for file, content := range map[string]string{
		"b.yaml": pod("b"), "a.yml": pod("a"), "c.txt": "no: manifest", "README.md": "# none",
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	objects, err := read([]string{dir, filepath.Join(dir, "b.yaml")})
	if diff := cmp.Diff([]string{"Pod a", "Pod b", "Pod b"}, names(objects)); err != nil || diff != "" {
		t.Errorf("read(): %v %s", err, diff)
	}
	for _, missing := range []string{filepath.Join(dir, "none"), t.TempDir()} {
		if _, err := read([]string{missing}); err == nil {
			t.Errorf("read(%q) gave no error", missing)
		}
	}
}

func TestOnlyOneNamespaceIsReplaced(t *testing.T) {
	objects := []*unstructured.Unstructured{
		newObject("v1", "Pod", Namespace, "a", nil), newObject("v1", "Pod", "other", "b", nil), newObject("v1", "Node", "", "c", nil),
	}
	move(objects, Namespace, "limited")
	var got []string
	for _, o := range objects {
		got = append(got, o.GetNamespace())
	}
	if diff := cmp.Diff([]string{"limited", "other", ""}, got); diff != "" {
		t.Errorf("move(): %s", diff)
	}
}

func TestOthersNeedNamespacesAndTypesFirst(t *testing.T) {
	objects := []*unstructured.Unstructured{
		newObject("v1", "Pod", "x", "z", nil),
		newObject("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "b", nil),
		newObject("v1", "Pod", "x", "a", nil),
		newObject("v1", "Namespace", "", "x", nil),
		newObject("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "a", nil),
		newObject("core.kubefed.io/v1beta1", "Namespace", "", "not-a-namespace", nil),
	}
	inOrder(objects)
	want := []string{
		"Namespace x", "CustomResourceDefinition b", "CustomResourceDefinition a", "Pod z", "Pod a", "Namespace not-a-namespace",
	}
	if diff := cmp.Diff(want, names(objects)); diff != "" {
		t.Error(diff)
	}
}

func TestTypeUnknown(t *testing.T) {
	cases := map[string]struct {
		err  error
		want bool
	}{
		"nothing is wrong":         {nil, false},
		"not in discovery":         {&meta.NoKindMatchError{GroupKind: schema.GroupKind{Kind: "X"}}, true},
		"not served yet":           {apierrors.NewGenericServerResponse(404, "PATCH", schema.GroupResource{Resource: "xs"}, "a", "", 0, true), true},
		"the namespace is missing": {apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "x"), false},
		"not allowed":              {apierrors.NewForbidden(schema.GroupResource{Resource: "xs"}, "a", nil), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := typeUnknown(c.err); got != c.want {
				t.Errorf("typeUnknown(%v) = %v", c.err, got)
			}
		})
	}
}

func TestSettle(t *testing.T) {
	pending := map[string]string{"member1": "?", "member2": "?"}
	steps := []struct {
		why  string
		e    watch.Event
		done bool
		want map[string]string
	}{
		{"nobody waits for it", event(watch.Added, "other", "True", ""), false, map[string]string{"member1": "?", "member2": "?"}},
		{"it has no condition yet", event(watch.Added, "member1", "", ""), false, map[string]string{"member1": "not ready", "member2": "?"}},
		{"it says why", event(watch.Modified, "member1", "False", "no route"), false, map[string]string{"member1": "no route", "member2": "?"}},
		{"it is ready", event(watch.Modified, "member1", "True", "ok"), false, map[string]string{"member2": "?"}},
		{"it goes away", event(watch.Deleted, "member2", "True", ""), false, map[string]string{"member2": "not ready"}},
		{"all are ready", event(watch.Added, "member2", "True", ""), true, map[string]string{}},
	}
	for _, s := range steps {
		if done := settle(pending, s.e); done != s.done {
			t.Errorf("%s: settle() = %v", s.why, done)
		}
		if diff := cmp.Diff(s.want, pending); diff != "" {
			t.Errorf("%s: %s", s.why, diff)
		}
	}
}

func event(kind watch.EventType, name, ready, message string) watch.Event {
	o := newObject("core.kubefed.io/v1beta1", "KubeFedCluster", Namespace, name, nil)
	if ready != "" {
		o.Object["status"] = fields{"conditions": []any{
			fields{"type": "Offline", "status": "Unknown"},
			fields{"type": "Ready", "status": ready, "message": message},
		}}
	}
	return watch.Event{Type: kind, Object: o}
}

func pod(name string) string { return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + "}\n" }

func names(objects []*unstructured.Unstructured) []string {
	var all []string
	for _, o := range objects {
		all = append(all, o.GetKind()+" "+o.GetName())
	}
	return all
}

func TestKubeFedConfigParses(t *testing.T) {
	objects, err := parse(KubeFedConfig("somewhere", "Namespaced", true))
	if err != nil || len(objects) != 2 {
		t.Fatalf("%d objects, %v", len(objects), err)
	}
	if got := objects[1].GetNamespace() + "/" + objects[1].GetName(); got != "somewhere/kubefed" {
		t.Errorf("the KubeFedConfig is %s", got)
	}
}
