package override_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement/override"
)

// someValue draws a JSON value of few keys, so that paths meet something.
func someValue(depth int) *rapid.Generator[any] {
	leaves := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Map(rapid.IntRange(0, 3), func(i int) any { return i }),
		rapid.Map(rapid.SampledFrom([]string{"", "x", "a/b", "~", "é<&>"}), func(s string) any { return s }),
		rapid.Just[any](json.Number("9007199254740993")),
	)
	if depth == 0 {
		return leaves
	}
	below := someValue(depth - 1)
	return rapid.OneOf(
		leaves,
		rapid.Map(rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "", "~"}), below, 0, 3), func(m map[string]any) any { return m }),
		rapid.Map(rapid.SliceOfN(below, 0, 3), func(s []any) any { return s }),
	)
}

type item struct {
	Op    string `json:"op,omitempty"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

func someItems() *rapid.Generator[[]item] {
	segment := rapid.SampledFrom([]string{"a", "b", "", "~0", "0", "1", "-", "-1", "-2", "9"})
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) item {
		path := "/data"
		for _, s := range rapid.SliceOfN(segment, 0, 3).Draw(t, "segments") {
			path += "/" + s
		}
		return item{
			Op:    rapid.SampledFrom([]string{"add", "remove", "replace", ""}).Draw(t, "op"),
			Path:  path,
			Value: someValue(1).Draw(t, "value"),
		}
	}), 0, 5, func(i item) string { return i.Path })
}

func asJSON(t *rapid.T, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// asKubeFed applies all items as one patch, which is what KubeFed does.
func asKubeFed(t *rapid.T, doc []byte, items []item) (patched []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	items = slices.Clone(items)
	for i := range items {
		if items[i].Op == "" {
			items[i].Op = "replace"
		}
	}
	p, err := jsonpatch.DecodePatch(asJSON(t, items))
	if err != nil {
		t.Fatal(err)
	}
	return p.Apply(doc) //nolint:wrapcheck // whether it fails is all that counts
}

func TestPatchIsThatOfKubeFed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, items := someValue(3).Draw(t, "data"), someItems().Draw(t, "items")
		template := asJSON(t, map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": data})
		o := object(string(template), string(asJSON(t, []any{map[string]any{"clusterName": "member", "clusterOverrides": items}})))
		d, problem := override.NewRenderer(o, configMaps).Render("member")

		want, err := asKubeFed(t, template, items)
		if (err != nil) != (problem != nil) {
			t.Fatalf("KubeFed's answer is %v, ours %v", err, problem)
		}
		if err != nil {
			return
		}
		content := map[string]any{}
		decoder := json.NewDecoder(bytes.NewReader(want))
		decoder.UseNumber()
		if err := decoder.Decode(&content); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(asJSON(t, content["data"]), asJSON(t, d.Object["data"])); diff != "" {
			t.Fatalf("(-KubeFed +we):\n%s", diff)
		}
	})
}

// A member's rendering must not depend on what others have, nor on who asks first.
func TestRenderingIsTheMembersOwn(t *testing.T) {
	names := []fleet.Name{"a", "b", "c"}
	rapid.Check(t, func(t *rapid.T) {
		template := asJSON(t, map[string]any{"data": someValue(2).Draw(t, "data")})
		entry := map[fleet.Name]any{}
		var entries []any
		for _, name := range names {
			entry[name] = map[string]any{"clusterName": name, "clusterOverrides": someItems().Draw(t, string(name))}
			entries = append(entries, entry[name])
		}
		together := override.NewRenderer(object(string(template), string(asJSON(t, rapid.Permutation(entries).Draw(t, "entries")))), configMaps)
		for _, name := range rapid.Permutation(names).Draw(t, "names") {
			alone := override.NewRenderer(object(string(template), string(asJSON(t, []any{entry[name]}))), configMaps)
			want, wantProblem := alone.Render(name)
			got, problem := together.Render(name)
			if (problem == nil) != (wantProblem == nil) {
				t.Fatalf("%s alone: %v, among others: %v", name, wantProblem, problem)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s (-alone +among others):\n%s", name, diff)
			}
		}
	})
}

func FuzzRender(f *testing.F) {
	for _, template := range []string{
		``, `null`, `{}`, `[]`, `{"metadata":{"labels":{"a":"b"}},"spec":{"replicas":1e999}}`, `{"metadata":null}`,
		`{"data":{"k":[1,2,{"x":"y"}]},"status":{}}`, `{"apiVersion":"v1/v1"}`, `{"spec":[]}`, `{"data":"\ud800"}`, "{\"data\":\"\xff\"}",
	} {
		for _, overrides := range []string{
			``, `[]`, `[{"clusterName":"member","clusterOverrides":[{"op":"add","path":"/metadata","value":{}}]}]`,
			`[{"clusterName":"member","clusterOverrides":[{"op":"remove","path":"/data/k/-4"},{"path":"","value":{"apiVersion":"v1","metadata":{}}}]}]`,
			`[{"clusterName":"member","clusterOverrides":[{"path":"/spec/replicas"},{"path":"/data/k/-","op":"add"}]}]`,
			`[{"clusterName":"other"},{"clusterOverrides":0}]`, `[{"CLUSTERNAME":"member","clusteroverrides":[{"PATH":"/kind"}]}]`,
		} {
			f.Add([]byte(template), []byte(overrides), true)
		}
	}
	f.Fuzz(func(t *testing.T, template, overrides []byte, retain bool) {
		o := object(string(template), string(overrides))
		o.RetainReplicas = retain
		d, problem := override.NewRenderer(o, configMaps).Render("member")
		if (d == nil) == (problem == nil) {
			t.Fatalf("rendering %v and problem %v", d, problem)
		}
		if problem != nil {
			if problem.Field == "" || problem.Message == "" {
				t.Errorf("the problem says nothing: %#v", problem)
			}
			return
		}
		var made map[string]any
		decoder := json.NewDecoder(bytes.NewReader(d.Body))
		decoder.UseNumber() // a number may be too great for Go, and is then the API server's to refuse
		if err := decoder.Decode(&made); err != nil || !json.Valid(d.Body) {
			t.Fatalf("the body is no JSON: %v\n%s", err, d.Body)
		}
		metadata, _ := made["metadata"].(map[string]any)
		labels, _ := metadata["labels"].(map[string]any)
		annotations, _ := metadata["annotations"].(map[string]any)
		got := map[string]any{
			"apiVersion": made["apiVersion"], "kind": made["kind"], "name": metadata["name"], "namespace": metadata["namespace"],
			"version": metadata["resourceVersion"], "uid": metadata["uid"],
			"label": labels[fleet.ManagedLabel], "hash": annotations[fleet.AppliedAnnotation],
		}
		want := map[string]any{
			"apiVersion": d.APIVersion, "kind": "ConfigMap", "name": "name", "namespace": "ns", "version": nil, "uid": nil,
			"label": "true", "hash": d.Hash.String(),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		again, _ := override.NewRenderer(o, configMaps).Render("member")
		if diff := cmp.Diff(d, again); diff != "" {
			t.Errorf("the same input, other bytes (-first +second):\n%s", diff)
		}
	})
}
