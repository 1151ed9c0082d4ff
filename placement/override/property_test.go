package override_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
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
		path := rapid.SampledFrom([]string{"/data", "/data", "/data", "/spec", "/metadata/labels", "/metadata/annotations", "/metadata", ""}).Draw(t, "below")
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

func asJSON(t rapid.TB, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPatchIsThatOfKubeFed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := map[string]any{"data": someValue(3).Draw(t, "data")}
		if rapid.Bool().Draw(t, "with metadata") {
			content["metadata"] = map[string]any{"labels": someValue(1).Draw(t, "labels"), "annotations": someValue(1).Draw(t, "annotations")}
		}
		compareWithKubeFed(t, configMaps, asJSON(t, content), asJSON(t, someItems().Draw(t, "items")))
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
