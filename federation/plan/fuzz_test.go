package plan_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apimachinery/pkg/util/managedfields/managedfieldstest"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/fleet"
)

// maxInput bounds what the fuzzer makes; TestCoveredOfLargeObjects looks at size. An input that takes 10 s fails by itself.
const maxInput = 1 << 16

func nest(n int, open, inside, end string) string {
	return strings.Repeat(open, n) + inside + strings.Repeat(end, n)
}

func nastyContents() []string {
	return []string{
		`{}`, `{"data":{"k":"v"}}`, `{"data":[{"a":1,"b":2},1,null,[[]]]}`, `{"metadata":[],"data":1e999}`, `{"metadata":{"name":"x","namespace":1,"labels":{"":""}}}`,
		`{"data":{"":{"":{}},".":{".":1},"f:k":1,"k:{}":2,"[0]":3}}`, `{"data":null,"status":{"x":1},"kind":2,"apiVersion":[]}`, `{"data":{"a":null,"b":[null,{"c":null}]}}`,
		`{"data":[{"name":"x","v":1},{"name":"y","v":[{"name":"z"}]}],"set":["a","b","a"],"other":[1,1.0,9007199254740993,-0]}`,
		`{"data":[{"port":53},{"port":53,"protocol":"UDP"},{"port":53.0,"protocol":null}]}`, `{"data":1,"data":{"k":1,"k":2}}`, "{\"\xff\":{\"\xfe\":\"\xff\"}}",
		`{"data":{"k":"\ud800\u0000<&>\u2028"}}`, `{"data":` + nest(500, `{"a":`, `1`, `}`) + `}`, `{"data":` + nest(500, `[`, `{}`, `]`) + `}`,
		`{"data":{"` + strings.Repeat("k", 5000) + `":123456789012345678901234567890}}`, `{"data":[` + strings.Repeat(`{"name":"x"},`, 200) + `{"name":"y"}]}`,
	}
}

func nastyEntries() []string {
	return []string{
		``, `{}`, `null`, `[]`, `{`, `"f:data"`, ownsAll, `{"f:data":null}`, `{"f:data":{"f:k":1}}`, `{"f:data":{".":{}}}`, `{".":{}}`, `{"f:data":{"f:":{"f:":{}}}}`,
		`{"f:data":{"k:{\"a\":1}":{"f:b":{}},"v:1":{},"i:0":{}}}`, `{"f:data":{"k:":{},"k:null":{},"k:[]":{},"k:{":{},"k:{}":{},"v:":{},"v:{":{},"i:-1":{},"i:":{},"i:x":{}}}`,
		`{"f:data":{"k:{\"a\":1,\"a\":2}":{},"k:{\"a\":{\"b\":[1]}}":{},"k:{\"a\":null}":{"f:z":{}}}}`, "{\"f:\xff\":{\"k:{\\\"\xff\\\":1}\":{},\"v:\\\"\xff\\\"\":{}}}",
		`{"f:data":{"k:{\"port\":53,\"protocol\":\"TCP\"}":{".":{},"f:port":{}},"k:{\"port\":53,\"protocol\":\"UDP\"}":{".":{},"f:port":{},"f:protocol":{}}}}`,
		`{"f:data":{"i:99999999999999999999":{},"v:1e999":{},"v:\"a\"":{},"v:1.0":{}},"f:data":{}}`, `{"f:data":` + nest(500, `{"f:a":`, `{}`, `}`) + `}`,
		`{"f:data":` + nest(500, `{"i:0":`, `{}`, `}`) + `}`, nest(10001, `{"f:a":`, `{}`, `}`), `{"f:data":{"v:` + strings.Repeat("[", 5000) + `":{},"k:` + strings.Repeat("x", 5000) + `":{}}}`,
	}
}

// FuzzCovered walks whatever entry there is: it must end, say the same twice, and take only what is there for owned.
func FuzzCovered(f *testing.F) {
	contents, entries := nastyContents(), nastyEntries()
	for i, owned := range entries {
		f.Add(owned, contents[i%len(contents)])
		f.Add(owned, `{"data":[{"port":53},{"port":53,"protocol":"UDP"},{"a":2},"a",1,null]}`)
	}
	for i, content := range contents {
		f.Add(entries[(i+1)%len(entries)], content)
		f.Add(`{"f:metadata":{},"f:data":{"f:k":{},"k:{\"name\":\"x\"}":{"f:v":{}},"i:1":{},"v:1":{}}}`, content)
	}
	f.Fuzz(func(t *testing.T, owned, content string) {
		if len(owned)+len(content) > maxInput {
			return
		}
		d := &fleet.Desired{Hash: fleet.HashOf([]byte(content))}
		if json.Unmarshal([]byte(content), &d.Object) != nil {
			d.Object = map[string]any{"data": content} // the renderer makes only objects
		}
		o := fleet.Observed{Owned: fleet.NewOwnership(owned)}
		field, covered := plan.Covered(d, o)
		if covered && field != "" {
			t.Errorf("covered, and yet %q is not", field)
		}
		if again, coveredAgain := plan.Covered(d, o); again != field || coveredAgain != covered {
			t.Errorf("first %q, %v, then %q, %v", field, covered, again, coveredAgain)
		}
		if _, proven := plan.Covered(d, fleet.Observed{Owned: o.Owned, Covered: d.Hash}); !proven {
			t.Error("a proof does not count")
		}
		if declared(d.Object) > 0 {
			for _, nothing := range []string{``, `{}`, `null`, `[]`} {
				if _, covered := plan.Covered(d, fleet.Observed{Owned: fleet.NewOwnership(nothing)}); covered {
					t.Errorf("the entry %q covers what is declared", nothing)
				}
			}
		}
		var entry map[string]any
		if covered && json.Unmarshal([]byte(owned), &entry) == nil && entry != nil {
			entry["f:more"], entry["v:1"], entry["k:{\"a\":1}"] = map[string]any{}, map[string]any{}, map[string]any{}
			if field, covered := plan.Covered(d, observedOf(t, entry)); !covered {
				t.Errorf("owning more loses %q", field)
			}
		}
	})
}

// declared counts the top fields that can be owned.
func declared(content map[string]any) int {
	count := 0
	for key, value := range content {
		if value != nil && key != "apiVersion" && key != "kind" && key != "status" {
			count++
		}
	}
	return count
}

func observedOf(t rapid.TB, entry map[string]any) fleet.Observed {
	raw, err := json.Marshal(entry)
	if err != nil {
		t.Fatal(err)
	}
	return fleet.Observed{Owned: fleet.NewOwnership(string(raw))}
}

// step is one step into an entry: the key of the node, and how a field's path tells it.
type step struct{ key, text string }

// pathOf writes steps as Covered does.
func pathOf(steps []step) string {
	path := ""
	for _, s := range slices.Backward(steps) {
		if path != "" && path[0] != '[' {
			path = "." + path
		}
		path = s.text + path
	}
	return path
}

// lose takes the leaf out of the entry, with all nodes that hold nothing else, and returns the path of what is lost.
func lose(entry map[string]any, leaf []step) string {
	chain := []map[string]any{entry}
	for _, s := range leaf[:len(leaf)-1] {
		below, _ := chain[len(chain)-1][s.key].(map[string]any)
		chain = append(chain, below)
	}
	for i := len(leaf) - 1; ; i-- {
		delete(chain[i], leaf[i].key)
		if i == 0 || len(chain[i]) > 0 {
			return pathOf(leaf[:i+1])
		}
	}
}

// How an applier's entry may tell a list, and whether a map is owned itself.
const (
	listsByKey uint8 = 1 << iota
	listsAsSets
	listsByPlace
	ownedMaps
)

// applier makes the entry of an apply, without a schema: style says what one would.
type applier struct {
	style  uint8
	leaves [][]step
}

func (a *applier) entryOf(content map[string]any) map[string]any {
	entry := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(content)) {
		value := content[key]
		if value == nil || key == "apiVersion" || key == "kind" || key == "status" {
			continue
		}
		if metadata, isMap := value.(map[string]any); key == "metadata" && isMap {
			metadata = maps.Clone(metadata)
			delete(metadata, "name")
			delete(metadata, "namespace")
			value = metadata
		}
		entry["f:"+key] = a.node(value, []step{{"f:" + key, key}})
	}
	return entry
}

// node returns what is owned of the value at the path.
func (a *applier) node(value any, at []step) map[string]any {
	n := map[string]any{}
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if v[key] != nil {
				n["f:"+key] = a.node(v[key], append(slices.Clone(at), step{"f:" + key, key}))
			}
		}
		if len(n) > 0 && a.style&ownedMaps != 0 {
			n["."] = map[string]any{}
		}
	case []any:
		for i, key := range a.itemKeys(v) {
			if n[key] == nil {
				n[key] = a.node(v[i], append(slices.Clone(at), step{key, "[" + strconv.Itoa(i) + "]"}))
			}
		}
	}
	if len(n) == 0 {
		a.leaves = append(a.leaves, at)
	}
	return n
}

// itemKeys returns the node keys of all items, or nothing for a list that is owned as a whole.
func (a *applier) itemKeys(list []any) []string {
	sets, keyed, placed, names := make([]string, len(list)), make([]string, len(list)), make([]string, len(list)), map[any]bool{}
	allTexts := true
	for i, item := range list {
		text, isText := item.(string)
		allTexts = allTexts && isText
		sets[i], placed[i] = "v:"+quoted(text), "i:"+strconv.Itoa(i)
		m, _ := item.(map[string]any)
		if name, isText := m["name"].(string); isText {
			names[name] = true
			keyed[i] = `k:{"name":` + quoted(name) + `}`
		}
	}
	switch {
	case a.style&listsByKey != 0 && len(names) == len(list):
		return keyed
	case a.style&listsAsSets != 0 && allTexts:
		return sets
	case a.style&listsByPlace != 0:
		return placed
	}
	return nil
}

func quoted(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(fmt.Sprintf("a text always marshals: %v", err))
	}
	return string(raw)
}

// FuzzCoveredByOurEntry makes the entry that an apply of the content leaves: it covers the content, and whatever is taken
// out of it is missed, by its name.
func FuzzCoveredByOurEntry(f *testing.F) {
	for i, content := range nastyContents() {
		for style := range uint8(4) {
			f.Add(content, style<<2|uint8(i%4), uint16(i)*7+uint16(style))
		}
	}
	f.Fuzz(func(t *testing.T, content string, style uint8, pick uint16) {
		if len(content) > maxInput {
			return
		}
		d := &fleet.Desired{}
		decoder := json.NewDecoder(strings.NewReader(content))
		decoder.UseNumber()
		if decoder.Decode(&d.Object) != nil {
			return // the renderer makes only objects
		}
		a := applier{style: style}
		entry := a.entryOf(d.Object)
		if field, covered := plan.Covered(d, observedOf(t, entry)); !covered {
			t.Fatalf("%q is not covered by our own entry", field)
		}
		if len(a.leaves) == 0 {
			return
		}
		lost := lose(entry, a.leaves[int(pick)%len(a.leaves)])
		if field, covered := plan.Covered(d, observedOf(t, entry)); covered || field != lost {
			t.Errorf("%q is lost, and the walk says %q, %v", lost, field, covered)
		}
	})
}

// leavesOf returns the leaves of an entry that the content declares.
func leavesOf(entry map[string]any, value any, at []step) (leaves [][]step) {
	content, isMap := value.(map[string]any)
	if !isMap || len(entry) == 0 {
		return [][]step{at}
	}
	for _, key := range slices.Sorted(maps.Keys(entry)) {
		name, isField := strings.CutPrefix(key, "f:")
		below, _ := entry[key].(map[string]any)
		if isField && content[name] != nil {
			leaves = append(leaves, leavesOf(below, content[name], append(slices.Clone(at), step{key, name}))...)
		}
	}
	return leaves
}

// FuzzCoveredByServer applies the content as an API server does that knows no schema.
func FuzzCoveredByServer(f *testing.F) {
	gvk := schema.GroupVersionKind{Group: "example.io", Version: "v1", Kind: "Widget"}
	for i, content := range nastyContents() {
		if len(content) < 1000 { // a server takes long for what is deep
			f.Add(content, uint16(i))
		}
	}
	f.Fuzz(func(t *testing.T, content string, pick uint16) {
		if len(content) > maxInput/16 {
			return
		}
		o := &unstructured.Unstructured{}
		d := &fleet.Desired{}
		if json.Unmarshal([]byte(content), &o.Object) != nil || o.Object == nil {
			return // no server takes it
		}
		delete(o.Object, "metadata")
		delete(o.Object, "status") // a server takes none from the main resource
		o.SetGroupVersionKind(gvk)
		o.SetName("w")
		o.SetLabels(map[string]string{fleet.ManagedLabel: fleet.LabelTrue})
		raw, err := o.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := o.UnmarshalJSON(raw); err != nil {
			return // as above
		}
		if d.Object, err = decodedObject(raw); err != nil {
			t.Fatal(err)
		}
		s := server{managedfieldstest.NewTestFieldManager(managedfields.NewDeducedTypeConverter(), gvk)}
		if s.Apply(o, "fedsync", true) != nil {
			return // as above
		}
		if field, covered := plan.Covered(d, s.observed()); !covered {
			t.Fatalf("%q is not covered right after the apply by %s", field, s.observed().Owned.FieldsV1())
		}
		entry, err := decodedObject([]byte(s.observed().Owned.FieldsV1()))
		if err != nil {
			t.Fatal(err)
		}
		leaves := leavesOf(entry, d.Object, nil)
		lost := lose(entry, leaves[int(pick)%len(leaves)])
		if field, covered := plan.Covered(d, observedOf(t, entry)); covered || field != lost {
			t.Errorf("%q is lost, and the walk says %q, %v", lost, field, covered)
		}
	})
}

func decodedObject(raw []byte) (o map[string]any, err error) {
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	return o, decoder.Decode(&o)
}
