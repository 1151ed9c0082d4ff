package plan_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apimachinery/pkg/util/managedfields/managedfieldstest"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/fleet"
)

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: ns
  labels: {kubefed.io/managed: "true", app: web}
  annotations: {fedsync.io/applied: hash, note: mine}
spec:
  replicas: 3
  paused: null
  strategy: {}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {creationTimestamp: null, labels: {app: web}}
    spec:
      nodeSelector: {disk: ssd}
      volumes: [{name: scratch, emptyDir: {}}]
      containers:
      - name: web
        image: web:1
        args: [a, b]
        env: [{name: FIRST, value: "1"}, {name: SECOND, value: "2"}]
        ports: [{containerPort: 80}, {containerPort: 443, name: tls}]
        resources: {requests: {cpu: 1, memory: 1Gi}}
      - name: helper
        image: helper:1
`

const dns = `
apiVersion: v1
kind: Service
metadata: {name: dns, namespace: ns, labels: {kubefed.io/managed: "true"}, finalizers: [example.io/first, example.io/second]}
spec:
  selector: {app: dns}
  ports:
  - {name: tcp, port: 53}
  - {name: udp, port: 53, protocol: UDP}
  loadBalancerSourceRanges: [10.0.0.0/8]
`

const settings = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: ns, labels: {kubefed.io/managed: "true"}}
data: {k: v, "a.b-c_d": "1", other: x}
`

// widget is of a kind whose schema the server does not know: lists are atomic there, and every number counts.
const widget = `
apiVersion: example.io/v1
kind: Widget
metadata: {name: w, namespace: ns, labels: {kubefed.io/managed: "true"}}
spec: {size: 9007199254740993, deep: {a: 1, b: 2}, list: [{name: x, v: 1}], none: null, empty: {}, void: []}
status: {phase: Ready}
`

// field returns the map at the path, whose numbers are indexes. Writing to one that is not there panics.
func field(o map[string]any, path ...any) map[string]any {
	var at any = o
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := at.(map[string]any)
			at = m[s]
		case int:
			at = list(at)[s]
		}
	}
	m, _ := at.(map[string]any)
	return m
}

func list(v any) []any {
	items, _ := v.([]any)
	return items
}

func container(live map[string]any, i int) map[string]any {
	return field(live, "spec", "template", "spec", "containers", i)
}

// server is the part of an API server that tracks who owns which field.
type server struct {
	managedfieldstest.TestFieldManager
}

// newServer returns one that knows the schemas of Kubernetes' own kinds.
func newServer(t testing.TB, o *unstructured.Unstructured) server {
	t.Helper()
	converter := managedfields.NewDeducedTypeConverter()
	if scheme.Scheme.Recognizes(o.GroupVersionKind()) {
		converter = applyconfigurations.NewTypeConverter(scheme.Scheme)
	}
	return server{managedfieldstest.NewTestFieldManager(converter, o.GroupVersionKind())}
}

func (s server) observed() fleet.Observed {
	for _, entry := range s.ManagedFields() {
		if entry.Manager == "fedsync" && entry.Subresource == "" {
			return fleet.Observed{Owned: fleet.NewOwnership(entry.FieldsV1.GetRawString())}
		}
	}
	return fleet.Observed{}
}

// desiredOf decodes the manifest as the renderer does.
func desiredOf(t testing.TB, manifest string) *fleet.Desired {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	d := &fleet.Desired{Hash: fleet.HashOf(raw)}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	if err := decoder.Decode(&d.Object); err != nil {
		t.Fatal(err)
	}
	return d
}

// parsed decodes the manifest as an API server does.
func parsed(t testing.TB, manifest string) *unstructured.Unstructured {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	return o
}

// applied returns a server that holds what the manifest declares.
func applied(t testing.TB, manifest string) server {
	t.Helper()
	o := parsed(t, manifest)
	delete(o.Object, "status") // the server takes no status from the main resource
	s := newServer(t, o)
	if err := s.Apply(o, "fedsync", true); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s server) live(t rapid.TB) *unstructured.Unstructured {
	t.Helper()
	live, ok := s.Live().(*unstructured.Unstructured)
	if !ok {
		t.Fatalf("the server holds a %T", s.Live())
	}
	return live.DeepCopy()
}

func TestCovered(t *testing.T) {
	tests := map[string]struct {
		why, manifest string
		// change is what somebody else does to the copy after we applied it, by an update.
		change func(live map[string]any)
		want   string
	}{
		"nobody changes a Deployment": {
			why: "null fields, empty objects and defaulted keys must not look like drift", manifest: deployment,
			change: func(map[string]any) {},
		},
		"nobody changes a Service": {
			why: "as above", manifest: dns, change: func(map[string]any) {},
		},
		"nobody changes an object without a schema": {
			why: "as above; status is the member's to say", manifest: widget, change: func(map[string]any) {},
		},
		"a number": {
			why: "the plainest drift", manifest: deployment,
			change: func(live map[string]any) { field(live, "spec")["replicas"] = int64(5) },
			want:   "spec.replicas",
		},
		"a text in a list item": {
			why: "the item is found by its key", manifest: deployment,
			change: func(live map[string]any) { container(live, 1)["image"] = "evil:1" },
			want:   "spec.template.spec.containers[1].image",
		},
		"an item of an atomic list": {
			why: "such a list has one owner as a whole", manifest: deployment,
			change: func(live map[string]any) { container(live, 0)["args"] = []any{"a", "c"} },
			want:   "spec.template.spec.containers[0].args",
		},
		"one more item in an atomic list": {
			why: "as above", manifest: dns,
			change: func(live map[string]any) {
				field(live, "spec")["loadBalancerSourceRanges"] = []any{"10.0.0.0/8", "0.0.0.0/0"}
			},
			want: "spec.loadBalancerSourceRanges",
		},
		"a value in a nested list": {
			why: "each level is walked", manifest: deployment,
			change: func(live map[string]any) { field(container(live, 0), "env", 1)["value"] = "3" },
			want:   "spec.template.spec.containers[0].env[1].value",
		},
		"a list item is removed": {
			why: "its key is gone from our entry", manifest: deployment,
			change: func(live map[string]any) {
				pod := field(live, "spec", "template", "spec")
				pod["containers"] = list(pod["containers"])[:1]
			},
			want: "spec.template.spec.containers[1]",
		},
		"a list item is removed that leaves a key to its default": {
			why: "the other port has another number", manifest: deployment,
			change: func(live map[string]any) {
				c := container(live, 0)
				c["ports"] = list(c["ports"])[1:]
			},
			want: "spec.template.spec.containers[0].ports[0]",
		},
		"a list item is removed that differs from another only by a defaulted key": {
			why: "the port that says UDP must not stand in for the one that says nothing, which means TCP", manifest: dns,
			change: func(live map[string]any) {
				spec := field(live, "spec")
				spec["ports"] = list(spec["ports"])[1:]
			},
			want: "spec.ports[0]",
		},
		"the other one of the two is removed": {
			why: "the port that says nothing means TCP and must not stand in for the one that says UDP", manifest: dns,
			change: func(live map[string]any) {
				spec := field(live, "spec")
				spec["ports"] = list(spec["ports"])[:1]
			},
			want: "spec.ports[1]",
		},
		"a name in one of two items that differ only by a defaulted key": {
			why: "as above", manifest: dns,
			change: func(live map[string]any) { field(live, "spec", "ports", 0)["name"] = "renamed" },
			want:   "spec.ports[0].name",
		},
		"an atomic map": {
			why: "a selector has one owner as a whole", manifest: dns,
			change: func(live map[string]any) { field(live, "spec", "selector")["app"] = "other" },
			want:   "spec.selector",
		},
		"one more key in an atomic map": {
			why: "as above", manifest: deployment,
			change: func(live map[string]any) {
				field(live, "spec", "template", "spec", "nodeSelector")["more"] = "x"
			},
			want: "spec.template.spec.nodeSelector",
		},
		"all of a map's values": {
			why: "what is left of such a map in our entry is nothing", manifest: deployment,
			change: func(live map[string]any) {
				field(container(live, 0), "resources")["requests"] = map[string]any{"cpu": int64(2), "memory": "2Gi"}
			},
			want: "spec.template.spec.containers[0].resources",
		},
		"an annotation is changed": {
			why: "each key has its own owner", manifest: deployment,
			change: func(live map[string]any) { field(live, "metadata", "annotations")["note"] = "theirs" },
			want:   "metadata.annotations.note",
		},
		"an annotation is removed": {
			why: "so it is, when it is gone", manifest: deployment,
			change: func(live map[string]any) { delete(field(live, "metadata", "annotations"), "note") },
			want:   "metadata.annotations.note",
		},
		"all labels are removed": {
			why: "our own is among them", manifest: settings,
			change: func(live map[string]any) { delete(field(live, "metadata"), "labels") },
			want:   "metadata",
		},
		"a key of data is removed": {
			why: "a ConfigMap has no spec", manifest: settings,
			change: func(live map[string]any) { delete(field(live, "data"), "a.b-c_d") },
			want:   "data.a.b-c_d",
		},
		"all data is removed": {
			why: "as above", manifest: settings,
			change: func(live map[string]any) { delete(live, "data") }, want: "data",
		},
		"an item of a set": {
			why: "finalizers are one", manifest: dns,
			change: func(live map[string]any) {
				field(live, "metadata")["finalizers"] = []any{"example.io/first"}
			},
			want: "metadata.finalizers[1]",
		},
		"one more item in a set": {
			why: "what others add is theirs", manifest: dns,
			change: func(live map[string]any) {
				field(live, "metadata")["finalizers"] = []any{"example.io/zeroth", "example.io/first", "example.io/second"}
			},
		},
		"a deep value in an object without a schema": {
			why: "maps are walked there too", manifest: widget,
			change: func(live map[string]any) { field(live, "spec", "deep")["a"] = int64(2) },
			want:   "spec.deep.a",
		},
		"a list in an object without a schema": {
			why: "it is atomic", manifest: widget,
			change: func(live map[string]any) { field(live, "spec", "list", 0)["v"] = int64(2) },
			want:   "spec.list",
		},
		"a number of many digits": {
			why: "a float64 would not see the change", manifest: widget,
			change: func(live map[string]any) { field(live, "spec")["size"] = int64(9007199254740992) },
			want:   "spec.size",
		},
		"what the template does not name": {
			why: "an allocated port, a sidecar, an injected annotation and a scaled status belong to whoever wrote them", manifest: deployment,
			change: func(live map[string]any) {
				field(live, "metadata", "annotations")["deployment.kubernetes.io/revision"] = "1"
				field(live, "metadata", "labels")["theirs"] = "1"
				field(live, "spec")["revisionHistoryLimit"] = int64(2)
				pod := field(live, "spec", "template", "spec")
				pod["containers"] = append([]any{map[string]any{"name": "sidecar", "image": "s"}}, list(pod["containers"])...)
				live["status"] = map[string]any{"replicas": int64(3)}
			},
		},
		"what a default fills in": {
			why: "the server writes it into our items without taking them from us", manifest: dns,
			change: func(live map[string]any) {
				spec := field(live, "spec")
				spec["clusterIP"], spec["type"] = "10.0.0.10", "ClusterIP"
				field(live, "spec", "ports", 0)["targetPort"] = int64(53)
				field(live, "spec", "ports", 1)["nodePort"] = int64(30053)
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			d, s := desiredOf(t, tc.manifest), applied(t, tc.manifest)
			if field, covered := plan.Covered(d, s.observed()); !covered {
				t.Fatalf("%s is not covered right after the apply by %s", field, s.observed().Owned.FieldsV1())
			}
			live := s.live(t)
			tc.change(live.Object)
			if err := s.Update(live, "somebody"); err != nil {
				t.Fatal(err)
			}
			got, covered := plan.Covered(d, s.observed())
			if diff := cmp.Diff(tc.want, got); diff != "" || covered != (tc.want == "") {
				t.Errorf("covered %v (-want +got), because %s:\n%s\n%s", covered, tc.why, diff, s.observed().Owned.FieldsV1())
			}
		})
	}
}

func TestCoveredWithAnotherApplier(t *testing.T) {
	const theirs = `{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: ns}, data: {k: %}}`
	tests := map[string]struct{ why, value, want string }{
		"of the same value":  {why: "the field has two owners then, and ours is one", value: "v"},
		"of another value":   {why: "force takes it from us", value: "w", want: "data.k"},
		"of a value of none": {why: "an applied null is no value", value: "null"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			d, s := desiredOf(t, settings), applied(t, settings)
			o := parsed(t, strings.Replace(theirs, "%", tc.value, 1))
			if tc.value == "null" {
				unstructured.RemoveNestedField(o.Object, "data", "k")
			}
			if err := s.Apply(o, "somebody", true); err != nil {
				t.Fatal(err)
			}
			got, _ := plan.Covered(d, s.observed())
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

// These entries are written by hand: no server that we know writes them today, or only in corners.
func TestCoveredByHand(t *testing.T) {
	tests := map[string]struct {
		why, owned, content string
		want                string
	}{
		"nothing owned":                   {why: "a copy that somebody else made", owned: ``, content: `{"data":{"k":1}}`, want: "metadata.managedFields"},
		"an entry that cannot be read":    {why: "it proves nothing", owned: `[`, content: `{"data":{"k":1}}`, want: "metadata.managedFields"},
		"an empty entry":                  {why: "we own nothing", owned: `{}`, content: `{"data":{"k":1}}`, want: "data"},
		"identity":                        {why: "managedFields never name it", owned: `{"f:metadata":{"f:labels":{}}}`, content: `{"apiVersion":"v1","kind":"X","metadata":{"name":"n","namespace":"ns","labels":{"a":"b"}}}`},
		"the name of something else":      {why: "only metadata's own is identity", owned: `{"f:spec":{"f:x":{}}}`, content: `{"spec":{"name":"n","x":1}}`, want: "spec.name"},
		"a status that is declared":       {why: "the server drops it, so it can never be owned", owned: `{"f:spec":{}}`, content: `{"spec":{"x":1},"status":{"y":1}}`},
		"a null":                          {why: "the same as none", owned: `{"f:spec":{"f:x":{}}}`, content: `{"spec":{"x":1,"y":null}}`},
		"an item by its place":            {why: "lists without keys may be tracked so", owned: `{"f:spec":{"i:0":{},"i:1":{"f:a":{}}}}`, content: `{"spec":[1,{"a":1}]}`},
		"an item by its place, changed":   {why: "as above", owned: `{"f:spec":{"i:0":{},"i:1":{"f:b":{}}}}`, content: `{"spec":[1,{"a":1}]}`, want: "spec[1].a"},
		"an item whose place is not ours": {why: "as above", owned: `{"f:spec":{"i:0":{}}}`, content: `{"spec":[1,2]}`, want: "spec[1]"},
		"a set of numbers":                {why: "1 and 1.0 are the same value", owned: `{"f:spec":{"v:1":{},"v:2.0":{}}}`, content: `{"spec":[1.0,2]}`},
		"a set of texts":                  {why: "the server and we may escape the same text differently", owned: `{"f:spec":{"v:\"a<b\"":{}}}`, content: `{"spec":["a<b"]}`},
		"a set of texts with quotes":      {why: "as above", owned: `{"f:spec":{"v:\"a\\\"b\\\\\"":{},"v:\"\\u00e9\"":{},"v:\"\"":{}}}`, content: `{"spec":["a\"b\\","é",""]}`},
		"a set of numbers with signs":     {why: "nothing but the value counts", owned: `{"f:spec":{"v:-1":{},"v:0.0":{},"v:1e3":{}}}`, content: `{"spec":[-1,0,1000]}`},
		"a set without our item":          {why: "a text is no number", owned: `{"f:spec":{"v:1":{}}}`, content: `{"spec":["1"]}`, want: "spec[0]"},
		"a key with two names":            {why: "both must match", owned: `{"f:spec":{"k:{\"a\":1,\"b\":2}":{".":{},"f:a":{},"f:b":{}}}}`, content: `{"spec":[{"a":1,"b":3}]}`, want: "spec[0]"},
		"a key that cannot be read":       {why: "it names no item", owned: `{"f:spec":{"k:{":{}}}`, content: `{"spec":[{"a":1}]}`, want: "spec[0]"},
		"a keyed list that holds a text":  {why: "a text has no keys", owned: `{"f:spec":{"k:{\"a\":1}":{}}}`, content: `{"spec":["a"]}`, want: "spec[0]"},
		"the first of several fields":     {why: "in sorted order, so that the same drift is always told alike", owned: `{"f:z":{}}`, content: `{"c":1,"b":1,"a":1,"z":1}`, want: "a"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, covered := plan.Covered(desiredOf(t, tc.content), fleet.Observed{Owned: fleet.NewOwnership(tc.owned)})
			if diff := cmp.Diff(tc.want, got); diff != "" || covered != (tc.want == "") {
				t.Errorf("covered %v (-want +got), because %s:\n%s", covered, tc.why, diff)
			}
		})
	}
}

// An empty list of keyed items is in nobody's entry. One apply that changes nothing proves that we own what can be owned.
func TestCoveredNeedsProofForAnEmptyKeyedList(t *testing.T) {
	const manifest = `{apiVersion: v1, kind: Service, metadata: {name: s, labels: {a: b}}, spec: {ports: []}}`
	d, s := desiredOf(t, manifest), applied(t, manifest)
	if field, covered := plan.Covered(d, s.observed()); covered || field != "spec" {
		t.Errorf("field %q, covered %v: if the server tells such lists now, the proof is not needed for them any more", field, covered)
	}
	o := s.observed()
	o.Covered = d.Hash
	if field, covered := plan.Covered(d, o); !covered {
		t.Errorf("%q is not covered in spite of the proof", field)
	}
}

// Whatever plain content is applied, it is covered right after, and any value of its spec that is changed is found.
func TestCoveredFollowsTheServer(t *testing.T) {
	leaf := rapid.OneOf(
		rapid.Map(rapid.IntRange(0, 9), func(i int) any { return int64(i) }),
		rapid.Map(rapid.SampledFrom([]string{"", "x", "ä/~<"}), func(s string) any { return s }),
		rapid.Just[any](true),
	)
	keys := rapid.SampledFrom([]string{"a", "b", "c.d/e", "f:g", "."})
	branch := rapid.OneOf(
		leaf,
		rapid.Map(rapid.SliceOfN(leaf, 0, 3), func(s []any) any { return s }),
		rapid.Map(rapid.MapOfN(keys, leaf, 0, 3), func(m map[string]any) any { return m }),
	)
	gvk := schema.GroupVersionKind{Group: "example.io", Version: "v1", Kind: "Widget"}
	rapid.Check(t, func(t *rapid.T) {
		// Two keys at least: of a map without a schema that loses its last key, the entry keeps an empty node, which looks
		// as that of an atomic map does. That drift is not seen; no entry could tell.
		spec := rapid.MapOfN(keys, branch, 2, 4).Draw(t, "spec")
		o := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
		o.SetGroupVersionKind(gvk)
		o.SetLabels(map[string]string{fleet.ManagedLabel: fleet.LabelTrue})
		d := &fleet.Desired{Hash: fleet.HashOf([]byte("d")), Object: o.DeepCopy().Object}
		s := server{managedfieldstest.NewTestFieldManager(managedfields.NewDeducedTypeConverter(), gvk)}
		if err := s.Apply(o.DeepCopy(), "fedsync", true); err != nil {
			t.Fatal(err)
		}
		if field, covered := plan.Covered(d, s.observed()); !covered {
			t.Fatalf("%s is not covered right after the apply by %s", field, s.observed().Owned.FieldsV1())
		}
		live := s.live(t)
		key := rapid.SampledFrom(slices.Sorted(maps.Keys(spec))).Draw(t, "key")
		field(live.Object, "spec")[key] = "changed"
		if err := s.Update(live, "somebody"); err != nil {
			t.Fatal(err)
		}
		if field, covered := plan.Covered(d, s.observed()); covered || field != "spec."+key {
			t.Fatalf("the change of spec.%s is not found (field %q) in %s", key, field, s.observed().Owned.FieldsV1())
		}
	})
}
