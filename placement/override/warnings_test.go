package override_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement/override"
)

func TestWarnings(t *testing.T) {
	const template = `{"metadata":{"labels":{"a/b":"x"}},"data":{"k":"v"},"list":[1,2]}`
	tests := map[string]struct {
		why, overrides string
		want           []override.Warning
	}{
		"an override that does what it says": {
			why: "there is nothing to say", overrides: `[{"clusterName":"m","clusterOverrides":[{"path":"/data/k","value":"w"}]}]`,
		},
		"an unknown member": {
			why: "a name that is written wrong is else never noticed", overrides: `[{"clusterName":"n","clusterOverrides":[{"path":"/data/k","value":"w"}]}]`,
			want: []override.Warning{{Kind: override.UnknownMember, Rule: "spec.overrides[0].clusterName", Member: "n", Message: "there is no such member"}},
		},
		"a path that is not there": {
			why: "KubeFed's replace adds it, where a typo was meant to replace", overrides: `[{"clusterName":"m","clusterOverrides":[{"path":"/data/K","value":"w"}]}]`,
			want: []override.Warning{{
				Kind: override.PathMissing, Rule: "spec.overrides[0].clusterOverrides[0]", Member: "m", Message: `the template has no "/data/K" to replace: the override adds it`,
			}},
		},
		"a path that is added": {why: "add says so", overrides: `[{"clusterName":"m","clusterOverrides":[{"op":"add","path":"/data/K","value":"w"}]}]`},
		"the same value": {
			why: "it changes nothing", overrides: `[{"clusterName":"m","clusterOverrides":[{"path":"/metadata/labels/a~1b","value":"x"}]}]`,
			want: []override.Warning{{
				Kind: override.NoEffect, Rule: "spec.overrides[0].clusterOverrides[0]", Member: "m", Message: `the template has the same value at "/metadata/labels/a~1b"`,
			}},
		},
		"a later item above": {
			why: "of the first nothing is left", overrides: `[{"clusterName":"m","clusterOverrides":[{"path":"/data/k","value":"w"},{"path":"/data","value":{}}]}]`,
			want: []override.Warning{{
				Kind: override.Shadowed, Rule: "spec.overrides[0].clusterOverrides[0]", Member: "m", Message: `item 1 overwrites all of "/data"`,
			}},
		},
		"a later item beside": {
			why: "a name that begins the same is another field", overrides: `[{"clusterName":"m","clusterOverrides":[{"op":"add","path":"/data/kk","value":"w"},{"path":"/data/k","value":"x"}]}]`,
		},
		"an item on what an earlier one made": {
			why:       "what it finds there is not the template's",
			overrides: `[{"clusterName":"m","clusterOverrides":[{"path":"/data","value":{"n":"v"}},{"path":"/data/n","value":"w"},{"path":"/data/k2","value":"v"}]}]`,
		},
		"positions in a list": {
			why:       "an insert moves what comes after it",
			overrides: `[{"clusterName":"m","clusterOverrides":[{"op":"add","path":"/list/0","value":9},{"path":"/list/1","value":2}]}]`,
		},
		"no items": {
			why: "somebody meant to write some", overrides: `[{"clusterName":"m","clusterOverrides":[]}]`,
			want: []override.Warning{{Kind: override.NoEffect, Rule: "spec.overrides[0].clusterOverrides", Member: "m", Message: "it has no items"}},
		},
		"a member twice": {
			why: "that is a fault of its own", overrides: `[{"clusterName":"m","clusterOverrides":[{"path":"/data/k","value":"v"}]},{"clusterName":"m","clusterOverrides":[{"path":"/data/k","value":"v"}]}]`,
		},
		"a fault": {why: "that is told elsewhere", overrides: `[{"clusterName":"m","clusterOverrides":[{"op":"move","path":"/data/k"}]}]`},
		"none":    {why: "most objects have none", overrides: ``},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			o := &fleet.FederatedObject{Key: fleet.ObjectKey{Name: "o"}, Template: []byte(template), Overrides: []byte(tc.overrides)}
			r := override.NewRenderer(o, fleet.Type{Target: fleet.Resource{Version: "v1", Kind: "ConfigMap"}})
			for range 2 { // the second time from memory
				if diff := cmp.Diff(tc.want, r.Warnings(func(n fleet.Name) bool { return n == "m" })); diff != "" {
					t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
				}
			}
		})
	}
}

// Whatever is written in overrides, to warn of it does not panic, and changes no copy.
func TestWarningsChangeNothing(t *testing.T) {
	path := rapid.StringMatching(`(/(data|k|0|1|-|list|~1)){0,3}`)
	item := rapid.Custom(func(t *rapid.T) string {
		return `{"op":"` + rapid.SampledFrom([]string{"add", "remove", "replace"}).Draw(t, "op") + `","path":"` + path.Draw(t, "path") + `","value":` +
			rapid.SampledFrom([]string{`"v"`, `{}`, `null`, `[1]`}).Draw(t, "value") + `}`
	})
	rapid.Check(t, func(t *rapid.T) {
		items := "["
		for i, one := range rapid.SliceOfN(item, 0, 6).Draw(t, "items") {
			if i > 0 {
				items += ","
			}
			items += one
		}
		o := &fleet.FederatedObject{
			Key: fleet.ObjectKey{Name: "o"}, Template: []byte(`{"data":{"k":"v"},"list":[1,2]}`),
			Overrides: []byte(`[{"clusterName":"m","clusterOverrides":` + items + `]}]`),
		}
		kind := fleet.Type{Target: fleet.Resource{Version: "v1", Kind: "ConfigMap"}}
		plain, warned := override.NewRenderer(o, kind), override.NewRenderer(o, kind)
		everybody := func(fleet.Name) bool { return true }
		first := warned.Warnings(everybody)
		if diff := cmp.Diff(first, warned.Warnings(everybody)); diff != "" {
			t.Fatalf("the second time (-want +got):\n%s", diff)
		}
		a, problemA := plain.Render("m")
		b, problemB := warned.Render("m")
		if diff := cmp.Diff(a, b); diff != "" || !cmp.Equal(problemA, problemB) {
			t.Fatalf("(-plain +warned):\n%s", diff)
		}
	})
}
