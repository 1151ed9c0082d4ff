package preview_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/preview"
	"github.com/fedsync/fedsync/federation/resolve"
	"github.com/fedsync/fedsync/fleet"
)

func configMaps() fleet.Type {
	return fleet.Type{
		Name: "configmaps", Target: fleet.Resource{Version: "v1", Kind: "ConfigMap", Plural: "configmaps", Namespaced: true},
		Federated: fleet.Resource{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedConfigMap", Plural: "federatedconfigmaps", Namespaced: true},
	}
}

func key(name string) fleet.ObjectKey {
	return fleet.ObjectKey{Type: "configmaps", Namespace: "ns", Name: name}
}

func listed(names ...fleet.Name) fleet.Placement {
	slices.Sort(names)
	return fleet.Placement{Listed: true, Clusters: names}
}

// world has one object in a namespace that goes everywhere.
func world(members []string, object *fleet.FederatedObject) *preview.World {
	w := &preview.World{
		Objects:    map[fleet.ObjectKey]preview.Object{},
		Namespaces: map[string]*fleet.FederatedObject{"ns": {Key: fleet.ObjectKey{Type: fleet.NamespaceType, Namespace: "ns", Name: "ns"}, Placement: fleet.Placement{Selector: labels.Everything()}}},
		Settings:   resolve.Settings{Namespace: "kube-federation-system", HostUID: "host", Adopt: true},
	}
	for _, m := range members {
		w.Members = w.Members.With(fleet.Member{Name: fleet.Name(m), UID: types.UID("uid-" + m)})
	}
	if object != nil {
		w.Objects[object.Key] = preview.Object{FederatedObject: object, Kind: configMaps()}
	}
	return w
}

func object(template string, p fleet.Placement, change ...func(*fleet.FederatedObject)) *fleet.FederatedObject {
	o := &fleet.FederatedObject{Key: key("o"), UID: "o", Template: []byte(template), Placement: p}
	for _, c := range change {
		c(o)
	}
	return o
}

// inStep is a copy that is as the world declares it.
func inStep(w *preview.World, m fleet.Name) preview.Seen {
	d, ok := w.Desired(key("o"), m)
	if !ok {
		return preview.Seen{Known: true}
	}
	return preview.Seen{Known: true, Present: true, Observed: fleet.Observed{UID: "copy", Applied: d.Hash, Covered: d.Hash}}
}

// told is what a test compares of a change.
type told struct {
	Member    fleet.Name
	Verb      plan.Verb
	Reason    plan.Reason
	Certainty preview.Certainty
}

func TestChanges(t *testing.T) {
	proposed := map[fleet.ObjectKey]bool{key("o"): true}
	before := world([]string{"a", "b"}, object(`{"data":{"k":"v"}}`, listed("a", "b")))
	tests := map[string]struct {
		why           string
		before, after *preview.World
		proposed      map[fleet.ObjectKey]bool
		seen          func(fleet.ObjectKey, fleet.Name) preview.Seen
		want          []told
	}{
		"nothing": {why: "what is stored already changes nothing", after: before, proposed: proposed},
		"a field": {
			why: "both copies follow", after: world([]string{"a", "b"}, object(`{"data":{"k":"w"}}`, listed("a", "b"))), proposed: proposed,
			want: []told{{"a", plan.Apply, plan.Edited, preview.Exact}, {"b", plan.Apply, plan.Edited, preview.Exact}},
		},
		"a placement that shrinks": {
			why: "the copy goes", after: world([]string{"a", "b"}, object(`{"data":{"k":"v"}}`, listed("a"))), proposed: proposed,
			want: []told{{"b", plan.Delete, plan.Unplaced, preview.Exact}},
		},
		"a new object": {
			why: "it has no finalizer yet, and will have", before: world([]string{"a", "b"}, nil), after: before, proposed: proposed,
			seen: func(fleet.ObjectKey, fleet.Name) preview.Seen { return preview.Seen{Known: true} },
			want: []told{{"a", plan.Apply, plan.Missing, preview.Exact}, {"b", plan.Apply, plan.Missing, preview.Exact}},
		},
		"a namespace that is not there yet": {
			why: "nobody can be asked before it is", before: world([]string{"a"}, nil), after: world([]string{"a"}, object(`{}`, listed("a"))), proposed: proposed,
			seen: func(fleet.ObjectKey, fleet.Name) preview.Seen {
				return preview.Seen{Known: true, NamespaceAbsent: true}
			},
			want: []told{{"a", plan.Apply, plan.Missing, preview.Predicted}},
		},
		"a member that does not answer": {
			why:   "its status says what it has",
			after: world([]string{"a"}, object(`{"data":{"k":"w"}}`, listed("a"))), proposed: proposed,
			before: world([]string{"a"}, object(`{"data":{"k":"v"}}`, listed("a"), func(o *fleet.FederatedObject) { o.Journal = []fleet.Name{"a"} })),
			seen:   func(fleet.ObjectKey, fleet.Name) preview.Seen { return preview.Seen{Why: "it is down"} },
			want:   []told{{"a", plan.Apply, plan.Edited, preview.Predicted}},
		},
		"a member that does not say": {
			why:   "nobody knows what it has",
			after: world([]string{"a"}, object(`{"data":{"k":"w"}}`, listed("a"))), proposed: proposed,
			seen: func(fleet.ObjectKey, fleet.Name) preview.Seen { return preview.Seen{Why: "forbidden", Forbidden: true} },
			want: []told{{"a", plan.Apply, plan.Missing, preview.Unknown}},
		},
		"what the step does not cause": {
			why: "a copy that is out of step already is not the plan's to tell", after: before,
			seen: func(fleet.ObjectKey, fleet.Name) preview.Seen { return preview.Seen{Known: true} },
		},
		"a member that is drained": {
			why: "what it causes is told of objects that nobody proposed", want: []told{{"b", plan.Delete, plan.MemberDrained, preview.Exact}},
			after: func() *preview.World {
				w := *before
				w.Members = w.Members.With(fleet.Member{Name: "b", UID: "uid-b", Drained: true})
				return &w
			}(),
		},
		"a deletion that is declared faultily": {
			why: "the copy stays, and it says why", proposed: proposed,
			after: world([]string{"a"}, object(`{"data":{"k":"v"}}`, listed("a"), func(o *fleet.FederatedObject) {
				o.Deleting, o.Problems = true, []fleet.Problem{{Field: fleet.DeleteOptionsField, Message: "no JSON"}}
			})),
			want: []told{{"a", plan.Wait, plan.Undeletable, preview.Exact}},
		},
		"a member that does not serve the type": {
			why: "it has no copies that could go", proposed: proposed,
			before: world([]string{"a"}, object(`{}`, listed("a"), func(o *fleet.FederatedObject) { o.Journal = []fleet.Name{"a"} })),
			after:  world([]string{"a"}, object(`{}`, fleet.Placement{Listed: true})),
			seen: func(fleet.ObjectKey, fleet.Name) preview.Seen {
				return preview.Seen{Why: "it is not served", TypeMissing: true}
			},
		},
		"an opted-out object": {
			why: "the excluded member keeps what is not the federation's", after: world([]string{"a"}, object(`{}`, fleet.Placement{Listed: true})), proposed: proposed,
			seen: func(fleet.ObjectKey, fleet.Name) preview.Seen {
				return preview.Seen{Known: true, Present: true, Observed: fleet.Observed{OptedOut: true}}
			},
		},
		"an override that is faulty": {
			why: "nobody gets it, and it says why", proposed: proposed,
			after: world([]string{"a"}, object(`{}`, listed("a"), func(o *fleet.FederatedObject) {
				o.Overrides = []byte(`[{"clusterName":"a","clusterOverrides":[{"op":"move","path":"/a"}]}]`)
			})),
			want: []told{{"a", plan.Wait, plan.Unrenderable, preview.Exact}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			was, seen := before, tc.seen
			if tc.before != nil {
				was = tc.before
			}
			if seen == nil {
				seen = func(_ fleet.ObjectKey, m fleet.Name) preview.Seen { return inStep(was, m) }
			}
			var got []told
			for _, c := range preview.Changes(was, tc.after, tc.proposed, seen) {
				got = append(got, told{c.Member, c.Action.Verb, c.Action.Reason, c.Certainty})
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

// Whatever the order of members is, groups hold every changed copy once, and copies of a group have the same future.
func TestGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-f]`), 1, 6, rapid.ID).Draw(t, "members")
		special := rapid.SampledFrom(members).Draw(t, "special")
		o := object(`{"data":{"k":"v"}}`, fleet.Placement{Selector: labels.Everything()}, func(o *fleet.FederatedObject) {
			o.Overrides = fmt.Appendf(nil, `[{"clusterName":%q,"clusterOverrides":[{"path":"/data/k","value":"w"}]}]`, special)
		})
		nothing := func(fleet.ObjectKey, fleet.Name) preview.Seen { return preview.Seen{Known: true} }
		of := func(order []string) []preview.Group {
			return preview.Groups(preview.Changes(world(order, nil), world(order, o), nil, nothing))
		}
		groups := of(members)
		reversed := slices.Clone(members)
		slices.Reverse(reversed)
		if diff := cmp.Diff(of(reversed), groups, cmp.AllowUnexported(fleet.Ownership{}), cmpopts.IgnoreFields(fleet.Observed{}, "Owned")); diff != "" {
			t.Fatalf("another order gives other groups:\n%s", diff)
		}
		var all []string
		for _, g := range groups {
			for _, m := range g.Members {
				all = append(all, string(m))
				if (string(m) == special) != (string(g.Members[0]) == special) {
					t.Fatalf("%s and %s have different overrides and are in one group", m, g.Members[0])
				}
			}
		}
		slices.Sort(all)
		slices.Sort(members)
		if diff := cmp.Diff(members, all); diff != "" {
			t.Fatalf("(-members +in groups):\n%s", diff)
		}
	})
}

func TestDiff(t *testing.T) {
	type object = map[string]any
	tests := map[string]struct {
		why           string
		before, after object
		want          []preview.Field
	}{
		"equal":             {why: "there is nothing to tell", before: object{"a": int64(1)}, after: object{"a": 1.0}},
		"a value":           {why: "it differs", before: object{"a": object{"b": "x"}}, after: object{"a": object{"b": "y"}}, want: []preview.Field{{Path: "a.b", Before: "x", After: "y"}}},
		"one that comes":    {why: "before there is nothing", before: object{}, after: object{"a": "y"}, want: []preview.Field{{Path: "a", After: "y"}}},
		"items with names":  {why: "a new first item changes no other", before: object{"l": []any{object{"name": "b", "v": "1"}}}, after: object{"l": []any{object{"name": "a"}, object{"name": "b", "v": "1"}}}, want: []preview.Field{{Path: "l[name=a]", After: object{"name": "a"}}}},
		"their order alone": {why: "it matters to some", before: object{"z": "1", "l": []any{object{"name": "b"}, object{"name": "a"}}}, after: object{"z": "2", "l": []any{object{"name": "a"}, object{"name": "b"}}}, want: []preview.Field{{Path: "l", Before: []any{object{"name": "b"}, object{"name": "a"}}, After: []any{object{"name": "a"}, object{"name": "b"}}}, {Path: "z", Before: "1", After: "2"}}},
		"items without":     {why: "they are told apart by position", before: object{"l": []any{"a", "b"}}, after: object{"l": []any{"a"}}, want: []preview.Field{{Path: "l[1]", Before: "b"}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, preview.Diff(tc.before, tc.after)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestVeil(t *testing.T) {
	secret := map[string]any{
		"kind": "Secret", "type": "Opaque",
		"metadata": map[string]any{"name": "s", "annotations": map[string]any{"kubectl.kubernetes.io/last-applied-configuration": "c2VjcmV0", "note": "kept"}},
		"data":     map[string]any{"a": "c2VjcmV0", "b": "b3RoZXI="}, "stringData": map[string]any{"c": "secret"},
	}
	covered := preview.NewVeil([]byte("key")).Cover(secret)
	data, _ := covered["data"].(map[string]any)
	plain, _ := covered["stringData"].(map[string]any)
	if data["a"] != plain["c"] || data["a"] == data["b"] {
		t.Errorf("equal content must show as equal, other as other: %v, %v", data, plain)
	}
	if diff := cmp.Diff(covered, preview.NewVeil([]byte("another")).Cover(secret)); diff == "" {
		t.Error("without the key the hashes must not be found")
	}
	text := fmt.Sprint(covered)
	for _, open := range []string{"c2VjcmV0", "b3RoZXI=", "secret"} {
		if slices.Contains([]string{fmt.Sprint(data["a"]), fmt.Sprint(data["b"]), fmt.Sprint(plain["c"])}, open) {
			t.Errorf("%q shows in %s", open, text)
		}
	}
	if covered["type"] != "Opaque" {
		t.Error("the type is no secret")
	}
	other := map[string]any{"kind": "ConfigMap", "data": map[string]any{"a": "v"}}
	if diff := cmp.Diff(other, preview.NewVeil(nil).Cover(other)); diff != "" {
		t.Errorf("a ConfigMap is covered:\n%s", diff)
	}
}

func TestHashMovesWithWhatWasRead(t *testing.T) {
	base := func() preview.Read {
		r := preview.Read{}
		r.NoteWorld(world([]string{"a"}, object(`{}`, listed("a"))))
		r.NoteSeen(key("o"), "a", preview.Seen{Known: true})
		return r
	}
	if one, again := base().Hash(), base().Hash(); one != again || len(one) != 16 {
		t.Errorf("the same plan has the hashes %s and %s", one, again)
	}
	for name, move := range map[string]func(preview.Read){
		"an edit": func(r preview.Read) { r.NoteWorld(world([]string{"a"}, object(`{"data":{}}`, listed("a")))) },
		"a label": func(r preview.Read) {
			w := world(nil, nil)
			w.Members = fleet.NewSnapshot(fleet.Member{Name: "a", Labels: labels.Set{"x": "y"}})
			r.NoteWorld(w)
		},
		"drift":      func(r preview.Read) { r.NoteSeen(key("o"), "a", preview.Seen{Known: true, Present: true}) },
		"a proposal": func(r preview.Read) { r.Note("proposed x", "y") },
	} {
		t.Run(name, func(t *testing.T) {
			moved := base()
			move(moved)
			if moved.Hash() == base().Hash() {
				t.Error("the plan has the same hash")
			}
		})
	}
}

// What fedsyncd looks past is no part of a plan, and what it protects is never deleted in one.
func TestRulesOfTheControlPlane(t *testing.T) {
	namespaces := fleet.Type{Name: fleet.NamespaceType, Target: fleet.Resource{Version: "v1", Kind: "Namespace", Plural: "namespaces"}}
	plan1 := func(name string, change func(*preview.World)) []preview.Change {
		o := &fleet.FederatedObject{Key: fleet.ObjectKey{Type: fleet.NamespaceType, Namespace: name, Name: name}, UID: "o", Placement: fleet.Placement{Listed: true}}
		w := world([]string{"a"}, nil)
		w.Objects[o.Key] = preview.Object{FederatedObject: o, Kind: namespaces}
		change(w)
		return preview.Changes(w, w, map[fleet.ObjectKey]bool{o.Key: true}, func(fleet.ObjectKey, fleet.Name) preview.Seen {
			return preview.Seen{Known: true, Present: true, Observed: fleet.Observed{UID: "copy"}}
		})
	}
	if got := plan1("ns", func(*preview.World) {}); len(got) != 1 || got[0].Action.Verb != plan.Delete {
		t.Errorf("a namespace that is not wanted: %+v", got)
	}
	if got := plan1("kube-system", func(*preview.World) {}); len(got) != 0 {
		t.Errorf("the system's namespace: %+v", got)
	}
	if got := plan1("ns", func(w *preview.World) { w.Settings.Limited = true }); len(got) != 0 {
		t.Errorf("a namespace in a limited control plane: %+v", got)
	}
	if got := plan1("ns", func(w *preview.World) { w.Settings.HostUID = "" }); len(got) != 1 || got[0].Action.Verb != plan.Release {
		t.Errorf("a namespace in what may be the host: %+v", got)
	}
}
