package override_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement/override"
)

// bare is the content of a ConfigMap's copy besides the part that is given.
func bare(part string) string {
	return `{"apiVersion":"v1",` + part + `"kind":"ConfigMap","metadata":{"labels":{"kubefed.io/managed":"true"},"name":"name","namespace":"ns"}}`
}

const (
	inItem     = "spec.overrides[0].clusterOverrides[0]"
	inLastItem = "spec.overrides[0].clusterOverrides[1]"
)

// The meaning is that of evanphx/json-patch v4, which KubeFed uses; v5 differs.
func TestPatch(t *testing.T) {
	tests := map[string]struct {
		why, template, items string
		want, problem        string
	}{
		"replace of a key": {
			why: "the plainest override", template: `{"data":{"k":"old"}}`, items: `{"op":"replace","path":"/data/k","value":"new"}`,
			want: bare(`"data":{"k":"new"},`),
		},
		"replace of a missing key": {
			why: "v4 lets it succeed, and KubeFed's users rely on it", template: `{"data":{}}`, items: `{"op":"replace","path":"/data/k","value":"new"}`,
			want: bare(`"data":{"k":"new"},`),
		},
		"replace below a missing key": {
			why: "a parent is never made", template: `{}`, items: `{"op":"replace","path":"/data/k","value":"new"}`,
			problem: inItem,
		},
		"no op": {
			why: "KubeFed: absent means replace", template: `{"data":{"k":"old"}}`, items: `{"path":"/data/k","value":"new"}`,
			want: bare(`"data":{"k":"new"},`),
		},
		"an empty op": {
			why: "KubeFed: empty means replace", template: `{"data":{"k":"old"}}`, items: `{"op":"","path":"/data/k","value":"new"}`,
			want: bare(`"data":{"k":"new"},`),
		},
		"no value": {
			why: "KubeFed: absent means null", template: `{"data":{"k":"old"}}`, items: `{"path":"/data/k"}`,
			want: bare(`"data":{"k":null},`),
		},
		"a value that is null": {
			why: "null is set, as written", template: `{"data":{"k":"old"}}`, items: `{"op":"add","path":"/data/k","value":null}`,
			want: bare(`"data":{"k":null},`),
		},
		"add of a key": {
			why: "a value may be anything", template: `{"data":{}}`, items: `{"op":"add","path":"/data/k","value":{"deep":[1,true]}}`,
			want: bare(`"data":{"k":{"deep":[1,true]}},`),
		},
		"add of a key that exists": {
			why: "RFC 6902: it replaces", template: `{"data":{"k":"old"}}`, items: `{"op":"add","path":"/data/k","value":"new"}`,
			want: bare(`"data":{"k":"new"},`),
		},
		"add below a missing key": {
			why: "a parent is never made", template: `{}`, items: `{"op":"add","path":"/data/k","value":1}`, problem: inItem,
		},
		"add below a text": {
			why: "a text has no keys", template: `{"data":"text"}`, items: `{"op":"add","path":"/data/k","value":1}`, problem: inItem,
		},
		"add below null": {
			why: "null has no keys either, and must not panic", template: `{"data":null}`, items: `{"op":"add","path":"/data/k","value":1}`, problem: inItem,
		},
		"remove of a key": {
			why: "a value that is given does not matter", template: `{"data":{"k":1,"l":2}}`, items: `{"op":"remove","path":"/data/k","value":9}`,
			want: bare(`"data":{"l":2},`),
		},
		"remove of a missing key": {
			why: "v4 refuses, and so does KubeFed", template: `{"data":{}}`, items: `{"op":"remove","path":"/data/k"}`, problem: inItem,
		},
		"remove of a key of a missing key": {
			why: "as above", template: `{}`, items: `{"op":"remove","path":"/data/k"}`, problem: inItem,
		},
		"add to the end of a list": {
			why: "- is the place after the last", template: `{"data":[1]}`, items: `{"op":"add","path":"/data/-","value":2}`,
			want: bare(`"data":[1,2],`),
		},
		"add into a list": {
			why: "what follows moves on", template: `{"data":[1,2]}`, items: `{"op":"add","path":"/data/1","value":9}`,
			want: bare(`"data":[1,9,2],`),
		},
		"add at the length of a list": {
			why: "the same as -", template: `{"data":[1]}`, items: `{"op":"add","path":"/data/1","value":2}`, want: bare(`"data":[1,2],`),
		},
		"add beyond a list": {
			why: "there may be no gap", template: `{"data":[1]}`, items: `{"op":"add","path":"/data/2","value":2}`, problem: inItem,
		},
		"replace in a list": {
			why: "the item goes", template: `{"data":[1,2]}`, items: `{"path":"/data/1","value":9}`, want: bare(`"data":[1,9],`),
		},
		"replace beyond a list": {
			why: "there is nothing to replace", template: `{"data":[1]}`, items: `{"path":"/data/1","value":9}`, problem: inItem,
		},
		"replace of the end of a list": {
			why: "- names no item", template: `{"data":[1]}`, items: `{"path":"/data/-","value":9}`, problem: inItem,
		},
		"remove from a list": {
			why: "what follows moves up", template: `{"data":[1,2,3]}`, items: `{"op":"remove","path":"/data/0"}`, want: bare(`"data":[2,3],`),
		},
		"remove beyond a list": {
			why: "there is nothing to remove", template: `{"data":[1]}`, items: `{"op":"remove","path":"/data/1"}`, problem: inItem,
		},
		"replace of the last item by a negative index": {
			why: "v4 counts from the end", template: `{"data":[1,2]}`, items: `{"path":"/data/-1","value":9}`, want: bare(`"data":[1,9],`),
		},
		"remove of the last item by a negative index": {
			why: "as above", template: `{"data":[1,2]}`, items: `{"op":"remove","path":"/data/-1"}`, want: bare(`"data":[1],`),
		},
		"add at a negative index": {
			why: "-1 is the place after the last, as the list is one longer then", template: `{"data":[1,2]}`, items: `{"op":"add","path":"/data/-1","value":9}`,
			want: bare(`"data":[1,2,9],`),
		},
		"a negative index before a list": {
			why: "kubefed#1466 was a process lost to one", template: `{"data":[1]}`, items: `{"op":"remove","path":"/data/-2"}`, problem: inItem,
		},
		"a negative index into an empty list": {
			why: "as above", template: `{"data":[]}`, items: `{"path":"/data/-1","value":1}`, problem: inItem,
		},
		"an index that is none": {
			why: "lists have no keys", template: `{"data":[1]}`, items: `{"op":"add","path":"/data/first","value":1}`, problem: inItem,
		},
		"a path through a list": {
			why: "the usual way to a container's image", template: `{"spec":{"containers":[{"image":"a"},{"image":"b"}]}}`, items: `{"path":"/spec/containers/1/image","value":"c"}`,
			want: strings.Replace(bare(""), `}}`, `},"spec":{"containers":[{"image":"a"},{"image":"c"}]}}`, 1),
		},
		"a key with slashes and tildes": {
			why: "RFC 6901 writes them ~1 and ~0", template: `{"metadata":{"annotations":{"a.io/b":"1","c~d":"2"}}}`,
			items: `{"op":"remove","path":"/metadata/annotations/a.io~1b"},{"path":"/metadata/annotations/c~0d","value":"3"}`,
			want:  strings.Replace(bare(""), `"metadata":{`, `"metadata":{"annotations":{"c~d":"3"},`, 1),
		},
		"an empty key": {
			why: "a key may be empty", template: `{"data":{"":"old"}}`, items: `{"path":"/data/","value":"new"}`, want: bare(`"data":{"":"new"},`),
		},
		"items in their order": {
			why: "the second builds on the first", template: `{}`, items: `{"op":"add","path":"/data","value":{}},{"op":"add","path":"/data/k","value":1}`,
			want: bare(`"data":{"k":1},`),
		},
		"a fault in the second item": {
			why: "the problem names the item that has it", template: `{}`, items: `{"op":"add","path":"/data","value":{}},{"op":"remove","path":"/data/k"}`,
			problem: inLastItem,
		},
		"numbers of many digits": {
			why: "neither the template's nor the override's may be rounded", template: `{"data":{"a":9007199254740993}}`,
			items: `{"path":"/data/b","value":9007199254740995}`, want: bare(`"data":{"a":9007199254740993,"b":9007199254740995},`),
		},
		"all labels": {
			why: "KubeFed's own e2e suite does it; our mark comes after", template: `{"metadata":{"labels":{"a":"b"}}}`,
			items: `{"path":"/metadata/labels","value":{"c":"d"}}`,
			want:  strings.Replace(bare(""), `"labels":{`, `"labels":{"c":"d",`, 1),
		},
		"no labels": {
			why: "null is the same as none", template: `{}`, items: `{"path":"/metadata/labels"}`, want: bare(""),
		},
		"the managed label": {
			why: "an override cannot take a copy out of the federation's hands", template: `{}`, items: `{"path":"/metadata/labels","value":{"kubefed.io/managed":"false"}}`,
			want: bare(""),
		},
		"labels that are no object": {
			why: "our label has no place there", template: `{}`, items: `{"path":"/metadata/labels","value":[]}`, problem: "spec.template.metadata.labels",
		},
		"all metadata": {
			why: "KubeFed allows it: who the copy is comes back, and no server field gets in", template: `{"metadata":{"labels":{"a":"b"}}}`,
			items: `{"path":"/metadata","value":{"name":"x","namespace":"kube-system","uid":"u","resourceVersion":"1","generateName":"g","managedFields":[],"labels":{"c":"d"}}}`,
			want:  strings.Replace(bare(""), `"labels":{`, `"labels":{"c":"d",`, 1),
		},
		"the resource version": {
			why: "it would be a precondition that fails for ever", template: `{}`, items: `{"op":"add","path":"/metadata/resourceVersion","value":"1"}`, want: bare(""),
		},
		"the uid": {
			why: "as above", template: `{}`, items: `{"op":"add","path":"/metadata/uid","value":"1"}`, want: bare(""),
		},
		"finalizers": {
			why: "KubeFed drops those of the template, and lets an override add some", template: `{"metadata":{"finalizers":["a"]}}`, items: `{"op":"add","path":"/metadata/finalizers","value":["b"]}`,
			want: strings.Replace(bare(""), `"labels"`, `"finalizers":["b"],"labels"`, 1),
		},
		"metadata that is gone": {
			why: "there is no object without it", template: `{}`, items: `{"op":"remove","path":"/metadata"}`, problem: "spec.overrides",
		},
		"another version": {
			why: "KubeFed allows it; the group must stay", template: `{}`, items: `{"path":"/apiVersion","value":"v2"}`, want: strings.Replace(bare(""), `"v1"`, `"v2"`, 1),
		},
		"another group": {
			why: "it would be another resource", template: `{}`, items: `{"path":"/apiVersion","value":"apps/v1"}`, problem: "spec.template.apiVersion",
		},
		"no version": {
			why: "no server could read it", template: `{}`, items: `{"op":"remove","path":"/apiVersion"}`, problem: "spec.template.apiVersion",
		},
		"the whole document": {
			why: "v4 replaces it; who the copy is comes back", template: `{"data":{}}`, items: `{"path":"","value":{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"},"data":{"k":1}}}`,
			want: bare(`"data":{"k":1},`),
		},
		"the whole document by nothing": {
			why: "it leaves no object", template: `{}`, items: `{"path":""}`, problem: inItem,
		},
		"the whole document by a list": {
			why: "it leaves no object", template: `{}`, items: `{"path":"","value":[]}`, problem: inItem,
		},
		"the whole document by a text": {
			why: "it leaves no object", template: `{}`, items: `{"path":"","value":"text"}`, problem: inItem,
		},
		"add of the whole document": {
			why: "v4 cannot", template: `{}`, items: `{"op":"add","path":"","value":{}}`, problem: inItem,
		},
		"a path without a slash": {
			why: "it is no JSON pointer", template: `{}`, items: `{"op":"add","path":"data","value":{}}`, problem: inItem,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			overrides := `[{"clusterName":"member","clusterOverrides":[` + tc.items + `]}]`
			content, problem := rendered(t, object(tc.template, overrides), configMaps, "member")
			field, _, _ := strings.Cut(problem, ": ")
			if diff := cmp.Diff([]string{tc.want, tc.problem}, []string{content, field}); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s\nproblem: %s", tc.why, diff, problem)
			}
		})
	}
}

// What the overrides say is judged before anything is rendered.
func TestParse(t *testing.T) {
	const fine = `{"data":{"k":1}}`
	notNamed := func(i int) string { return fmt.Sprintf("spec.overrides[%d].clusterName: must name a cluster", i) }
	tests := map[string]struct {
		why, overrides string
		member, other  string // the problems of the members "member" and "other"
	}{
		"nothing":         {why: "there are none", overrides: ``},
		"null":            {why: "the decoder leaves it out, and it means none anyway", overrides: `null`},
		"an empty list":   {why: "there are none", overrides: `[]`},
		"not a list":      {why: "no member can know what is meant", overrides: `{}`, member: "spec.overrides: must be a list of {clusterName, clusterOverrides}", other: "spec.overrides: must be a list of {clusterName, clusterOverrides}"},
		"a list of texts": {why: "an entry that names no cluster could be meant for any", overrides: `["member"]`, member: notNamed(0), other: notNamed(0)},
		"an entry without a cluster": {
			why: "as above", overrides: `[{"clusterName":"member"},{"clusterOverrides":[]}]`, member: notNamed(1), other: notNamed(1),
		},
		"an entry with an empty cluster": {
			why: "as above", overrides: `[{"clusterName":""}]`, member: notNamed(0), other: notNamed(0),
		},
		"an entry with a number for a cluster": {
			why: "as above", overrides: `[{"clusterName":1}]`, member: notNamed(0), other: notNamed(0),
		},
		"an entry that is null": {
			why: "as above", overrides: `[null]`, member: notNamed(0), other: notNamed(0),
		},
		"two entries without a cluster": {
			why: "the first is told", overrides: `[{},{}]`, member: notNamed(0), other: notNamed(0),
		},
		"a cluster twice": {
			why:       "KubeFed stops every member; we stop the one that nobody can decide about",
			overrides: `[{"clusterName":"other"},{"clusterName":"member"},{"clusterName":"member"}]`,
			member:    `spec.overrides[2].clusterName: cluster "member" already has overrides in spec.overrides[1]: merge the two`,
		},
		"a cluster three times": {
			why:       "the last one is told",
			overrides: `[{"clusterName":"member"},{"clusterName":"member"},{"clusterName":"member"}]`,
			member:    `spec.overrides[2].clusterName: cluster "member" already has overrides in spec.overrides[1]: merge the two`,
		},
		"a path twice": {
			why:       "KubeFed refuses it, and so do we, for this member",
			overrides: `[{"clusterName":"member","clusterOverrides":[{"path":"/data/a"},{"path":"/data/b"},{"op":"remove","path":"/data/a"}]}]`,
			member:    `spec.overrides[0].clusterOverrides[2].path: path "/data/a" is already overridden by item 0`,
		},
		"the name": {
			why: "it is who the copy is", overrides: `[{"clusterName":"member","clusterOverrides":[{"path":"/metadata/name","value":"x"}]}]`,
			member: `spec.overrides[0].clusterOverrides[0].path: path "/metadata/name" may not be overridden`,
		},
		"the namespace": {
			why: "as above", overrides: `[{"clusterName":"member","clusterOverrides":[{"path":"/metadata/namespace","value":"x"}]}]`,
			member: `spec.overrides[0].clusterOverrides[0].path: path "/metadata/namespace" may not be overridden`,
		},
		"the generated name": {
			why: "as above", overrides: `[{"clusterName":"member","clusterOverrides":[{"path":"/metadata/generateName","value":"x"}]}]`,
			member: `spec.overrides[0].clusterOverrides[0].path: path "/metadata/generateName" may not be overridden`,
		},
		"the kind": {
			why: "as above", overrides: `[{"clusterName":"member","clusterOverrides":[{"op":"remove","path":"/kind"}]}]`,
			member: `spec.overrides[0].clusterOverrides[0].path: path "/kind" may not be overridden`,
		},
		"an operation that JSON patch knows and KubeFed does not": {
			why: "move could carry away who the copy is", overrides: `[{"clusterName":"member","clusterOverrides":[{"op":"move","path":"/data/a","value":1}]}]`,
			member: `spec.overrides[0].clusterOverrides[0].op: op "move" must be add, remove or replace`,
		},
		"an operation in capitals": {
			why: "KubeFed's schema refuses it", overrides: `[{"clusterName":"member","clusterOverrides":[{"op":"Add","path":"/data/a","value":1}]}]`,
			member: `spec.overrides[0].clusterOverrides[0].op: op "Add" must be add, remove or replace`,
		},
		"an operation that is a number": {
			why: "it says nothing", overrides: `[{"clusterName":"member","clusterOverrides":[{"op":1,"path":"/data/a"}]}]`,
			member: `spec.overrides[0].clusterOverrides[0]: must be an object with the strings op and path, and a value`,
		},
		"an item that is a text": {
			why: "it says nothing", overrides: `[{"clusterName":"member","clusterOverrides":["/data/a"]}]`,
			member: `spec.overrides[0].clusterOverrides[0]: must be an object with the strings op and path, and a value`,
		},
		"items that are no list": {
			why: "they say nothing", overrides: `[{"clusterName":"other"},{"clusterName":"member","clusterOverrides":{"path":"/data/a"}}]`,
			member: `spec.overrides[1].clusterOverrides: must be a list of {op, path, value}`,
		},
		"items that are null": {
			why: "there are none", overrides: `[{"clusterName":"member","clusterOverrides":null}]`,
		},
		"a path that cannot be applied": {
			why: "only the member that it is for suffers", overrides: `[{"clusterName":"member","clusterOverrides":[{"op":"remove","path":"/data/z"}]}]`,
			member: `spec.overrides[0].clusterOverrides[0]: remove "/data/z": error in remove for path: '/data/z': Unable to remove nonexistent key: z: missing value`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			o := object(fine, tc.overrides)
			for member, want := range map[fleet.Name]string{"member": tc.member, "other": tc.other} {
				_, problem := rendered(t, o, configMaps, member)
				if diff := cmp.Diff(want, problem); diff != "" {
					t.Errorf("%s (-want +got), because %s:\n%s", member, tc.why, diff)
				}
			}
		})
	}
}

// Members share a rendering; a fault is each one's own, because it names the entry that has it.
func TestProblemsNameTheirOwnEntry(t *testing.T) {
	o := object(`{}`, `[{"clusterName":"a","clusterOverrides":[{"op":"remove","path":"/x"}]},{"clusterName":"b","clusterOverrides":[{"op":"remove","path":"/x"}]}]`)
	r := override.NewRenderer(o, configMaps)
	for member, want := range map[fleet.Name]string{"a": "spec.overrides[0].clusterOverrides[0]", "b": "spec.overrides[1].clusterOverrides[0]"} {
		_, problem := r.Render(member)
		if problem == nil {
			t.Fatalf("%s has no problem", member)
		}
		if diff := cmp.Diff(want, problem.Field); diff != "" {
			t.Errorf("%s (-want +got):\n%s", member, diff)
		}
	}
}
