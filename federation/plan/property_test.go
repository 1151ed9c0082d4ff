package plan_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/fleet"
)

// ends returns all leaves of an entry but the nodes that tell that a map or item itself is owned.
func ends(entry map[string]any, at []step) (leaves [][]step) {
	for _, key := range slices.Sorted(maps.Keys(entry)) {
		if key == "." {
			continue
		}
		path := append(slices.Clone(at), step{key, strings.TrimPrefix(key, "f:")})
		below, _ := entry[key].(map[string]any)
		if found := ends(below, path); len(found) > 0 {
			leaves = append(leaves, found...)
		} else {
			leaves = append(leaves, path)
		}
	}
	return leaves
}

// entryIn is our entry as the server holds it, decoded anew.
func entryIn(t *testing.T, s server) map[string]any {
	t.Helper()
	entry, err := decodedObject([]byte(s.observed().Owned.FieldsV1()))
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// Whatever field a server with schemas takes out of our entry, the walk misses it: keyed lists, sets and all.
func TestCoveredMissesEveryField(t *testing.T) {
	tests := map[string]struct {
		why, manifest string
		ignored       []string
	}{
		"a Deployment": {
			why: "a null is the same as none, although the server tells who applied it", manifest: deployment,
			ignored: []string{"spec.paused", "spec.template.metadata.creationTimestamp"},
		},
		"a Service":                  {why: "port 53 is there twice", manifest: dns},
		"a ConfigMap":                {why: "keys hold dots", manifest: settings},
		"an object without a schema": {why: "as with the Deployment", manifest: widget, ignored: []string{"spec.none"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			d, s := desiredOf(t, tc.manifest), applied(t, tc.manifest)
			leaves := ends(entryIn(t, s), nil)
			if len(leaves) < 4 {
				t.Fatalf("the entry has %d leaves", len(leaves))
			}
			var ignored []string
			for _, leaf := range leaves {
				entry := entryIn(t, s)
				lost := lose(entry, leaf)
				if _, covered := plan.Covered(d, observedOf(t, entry)); covered {
					ignored = append(ignored, lost)
				}
			}
			if diff := cmp.Diff(tc.ignored, ignored); diff != "" {
				t.Errorf("what is lost and not missed (-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func someContent(depth int) *rapid.Generator[any] {
	leaf := rapid.OneOf(
		rapid.Map(rapid.IntRange(0, 3), func(i int) any { return i }),
		rapid.Map(rapid.SampledFrom([]string{"", "x", "y", "ä/~<"}), func(s string) any { return s }),
		rapid.Just[any](nil),
	)
	if depth == 0 {
		return leaf
	}
	below := someContent(depth - 1)
	return rapid.OneOf(
		leaf,
		rapid.Map(rapid.MapOfN(rapid.SampledFrom([]string{"name", "a", "b.c", "f:d", ".", "[0]", ""}), below, 0, 4), func(m map[string]any) any { return m }),
		rapid.Map(rapid.SliceOfN(below, 0, 4), func(s []any) any { return s }),
		rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]any{"x", "y", "z"}), 0, 4), func(s []any) any { return s }),
		rapid.Map(rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"x", "y", "z"}), 0, 3, rapid.ID), func(names []string) any {
			items := make([]any, 0, len(names))
			for i, name := range names {
				items = append(items, map[string]any{"name": name, "value": i})
			}
			return items
		}),
	)
}

func someObject() *rapid.Generator[map[string]any] {
	return rapid.MapOfN(rapid.SampledFrom([]string{"spec", "data", "metadata", "kind", "status"}), someContent(4), 0, 4)
}

func TestCoveredByOurEntry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &fleet.Desired{Object: someObject().Draw(t, "content")}
		a := applier{style: rapid.Uint8Range(0, 15).Draw(t, "style")}
		entry := a.entryOf(d.Object)
		if field, covered := plan.Covered(d, observedOf(t, entry)); !covered {
			t.Fatalf("%q is not covered by our own entry", field)
		}
		if len(a.leaves) == 0 {
			return
		}
		lost := lose(entry, rapid.SampledFrom(a.leaves).Draw(t, "leaf"))
		if field, covered := plan.Covered(d, observedOf(t, entry)); covered || field != lost {
			t.Fatalf("%q is lost, and the walk says %q, %v", lost, field, covered)
		}
	})
}

// shuffled writes the entry with its keys in any order.
func shuffled(t *rapid.T, entry map[string]any) string {
	var members []string
	for _, key := range rapid.Permutation(slices.Sorted(maps.Keys(entry))).Draw(t, "keys") {
		below, _ := entry[key].(map[string]any)
		members = append(members, quoted(key)+":"+shuffled(t, below))
	}
	return "{" + strings.Join(members, ",") + "}"
}

func TestCoveredDoesNotDependOnTheOrderOfTheEntry(t *testing.T) {
	type input struct {
		d     *fleet.Desired
		entry string
	}
	var inputs []input
	for _, manifest := range []string{deployment, dns, settings, widget} {
		inputs = append(inputs, input{desiredOf(t, manifest), applied(t, manifest).observed().Owned.FieldsV1()})
	}
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SampledFrom(inputs).Draw(t, "input")
		var entry map[string]any
		if err := json.Unmarshal([]byte(in.entry), &entry); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 3).Draw(t, "lost") { // so that several things may be missed
			if leaves := ends(entry, nil); len(leaves) > 0 {
				lose(entry, rapid.SampledFrom(leaves).Draw(t, "leaf"))
			}
		}
		want, covered := plan.Covered(in.d, observedOf(t, entry))
		got, coveredToo := plan.Covered(in.d, fleet.Observed{Owned: fleet.NewOwnership(shuffled(t, entry))})
		if diff := cmp.Diff(want, got); diff != "" || covered != coveredToo {
			t.Fatalf("another order, another answer (-want +got):\n%s", diff)
		}
	})
}

// Where a keyed list's items stand says nothing about who owns them.
func TestCoveredDoesNotDependOnTheOrderOfKeyedItems(t *testing.T) {
	item := func(i int) map[string]any {
		m := map[string]any{"port": i / 2, "name": i}
		if i%2 == 1 {
			m["protocol"] = "UDP"
		}
		return m
	}
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfNDistinct(rapid.IntRange(0, 7), 1, 6, rapid.ID).Draw(t, "items")
		list, entry := make([]any, 0, len(numbers)), map[string]any{}
		for _, i := range numbers {
			list = append(list, item(i))
			protocol := "TCP"
			if i%2 == 1 {
				protocol = "UDP"
			}
			key, err := json.Marshal(map[string]any{"port": i / 2, "protocol": protocol})
			if err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 4).Draw(t, "ours") > 0 {
				entry["k:"+string(key)] = map[string]any{".": map[string]any{}, "f:port": map[string]any{}, "f:name": map[string]any{}, "f:protocol": map[string]any{}}
			}
		}
		if len(entry) == 0 {
			entry["."] = map[string]any{}
		}
		o := observedOf(t, map[string]any{"f:spec": entry})
		_, want := plan.Covered(&fleet.Desired{Object: map[string]any{"spec": list}}, o)
		_, got := plan.Covered(&fleet.Desired{Object: map[string]any{"spec": rapid.Permutation(list).Draw(t, "shuffled")}}, o)
		if want != got {
			t.Fatalf("another order, another answer: %v, then %v", want, got)
		}
	})
}
