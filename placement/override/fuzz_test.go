package override_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement/override"
)

// maxInput bounds what the fuzzer makes; TestRenderOfLargeObjects looks at size. An input that takes 10 s fails by itself.
const maxInput = 1 << 16

var fuzzedTypes = []fleet.Type{configMaps, deployments, clusterRoles}

// nest writes a value inside n lists or objects.
func nest(n int, open, inside, end string) string {
	return strings.Repeat(open, n) + inside + strings.Repeat(end, n)
}

func nastyTemplates() []string {
	return []string{
		``, `null`, `{}`, `[]`, `"text"`, `{`, ` {} `, `{"metadata":{"labels":{"a":"b"}},"spec":{"replicas":1e999}}`, `{"metadata":null}`, `{"metadata":[]}`,
		`{"data":{"k":[1,2,{"x":"y"}]},"status":{}}`, `{"data":{"a/b":1,"c~d":2,"":{"":3}},"status":{"x":null}}`,
		`{"apiVersion":"v1/v1"}`, `{"apiVersion":"apps/v1","spec":{"replicas":null}}`, `{"apiVersion":1}`, `{"apiVersion":"rbac.authorization.k8s.io/v1"}`,
		`{"spec":[]}`, `{"spec":null}`, `{"data":"\ud800"}`, "{\"data\":\"\xff\",\"\xff\":1,\"\xfe\":2}", `{"data":1,"data":{"k":2},"Data":3}`,
		`{"metadata":{"labels":{"kubefed.io/managed":"false"},"annotations":{"fedsync.io/applied":"x","<&>":"\u2028"},"finalizers":["f"],"name":"x"},"kind":"Y"}`,
		`{"metadata":{"labels":null,"annotations":[]}}`, `{"metadata":{"labels":"x"}}`, `{"data":[-0,-0.0,1E400,123456789012345678901234567890,0.1e-7,1.10]}`,
		`{"data":` + nest(9990, `[`, `1`, `]`) + `}`, `{"data":` + nest(500, `{"k":`, `1`, `}`) + `}`, `{"data":` + nest(10001, `[`, ``, `]`) + `}`,
		`{"` + strings.Repeat("k", 5000) + `":1}`,
	}
}

// nastyItems are overrides of one cluster.
func nastyItems() []string {
	return []string{
		`[]`, `null`, `{}`, `[null]`, `[{}]`, `[[]]`, `"add"`,
		`[{"op":"add","path":"/metadata","value":{}}]`, `[{"op":"remove","path":"/metadata"}]`, `[{"path":"/metadata/labels"}]`, `[{"path":"/metadata/labels","value":[]}]`,
		`[{"op":"remove","path":"/data/k/-4"},{"path":"","value":{"apiVersion":"v1","metadata":{}}}]`, `[{"path":"","value":[{}]},{"op":"add","path":"/-","value":1}]`,
		`[{"path":"/spec/replicas"},{"path":"/data/k/-","op":"add"}]`, `[{"path":"/spec","value":{"replicas":3}}]`, `[{"op":"remove","path":"/spec/replicas"}]`,
		`[{"op":"add","path":"/data/k/-1","value":9},{"op":"remove","path":"/data/k/-3"},{"path":"/data/k/-2","value":null}]`,
		`[{"op":"add","path":"/data/k/99999999999999999999","value":1}]`, `[{"op":"add","path":"/data/k/9223372036854775807","value":1}]`,
		`[{"path":"/data/k/-9223372036854775808","value":1}]`, `[{"op":"remove","path":"/data/k/+1"},{"op":"add","path":"/data/k/00","value":1}]`,
		`[{"path":"/data/a~1b","value":1},{"op":"remove","path":"/data/c~0d"},{"op":"add","path":"/data/~2~","value":1}]`, `[{"path":"/metadata~1name","value":"x"}]`,
		`[{"path":"/data/"},{"path":"/data//"},{"op":"add","path":"//","value":1}]`, `[{"path":"data"}]`, `[{"path":"/"}]`,
		`[{"path":"/data","value":1},{"path":"/data","value":2}]`, `[{"path":"/data","path":"/kind"}]`, `[{"PATH":"/kind","Op":"remove"}]`,
		`[{"path":"/kind","value":"Secret"}]`, `[{"path":"/metadata/name","value":"x"}]`, `[{"op":"remove","path":"/metadata/namespace"}]`,
		`[{"op":"add","path":"/metadata/generateName","value":"x"}]`, `[{"op":"move","from":"/metadata/name","path":"/data"}]`, `[{"op":"test","path":"/kind","value":"x"}]`,
		`[{"op":"copy","from":"","path":"/data"}]`, `[{"op":null,"path":null,"value":null}]`, `[{"path":1}]`, `[{"path":"/apiVersion","value":"../x"}]`,
		`[{"path":"/apiVersion","value":"apps/v2"}]`, `[{"path":"/apiVersion"}]`,
		`[{"op":"add","path":"/metadata/uid","value":"x"},{"op":"add","path":"/metadata/ownerReferences","value":[null]}]`,
		`[{"op":"add","path":"/metadata/annotations","value":{"fedsync.io/applied":7}},{"op":"add","path":"/metadata/annotations/fedsync.io~1applied","value":"x"}]`,
		`[{"op":"add","path":"/metadata/labels/kubefed.io~1managed","value":"false"}]`, `[{"op":"remove","path":"/metadata/labels"}]`,
		`[{"path":"/x","value":{"a":1,"a":2,"b":1e999,"c":"\ud800\u0000","d":123456789012345678901234567890}},{"path":"/x/a","value":-0.0}]`,
		"[{\"path\":\"/\xff\",\"value\":\"\xff\"},{\"path\":\"/\xfe\"}]", `[{"path":"/data` + strings.Repeat("/k", 500) + `","value":1}]`,
		`[{"path":"/data` + strings.Repeat("/0", 100) + `","value":1}]`, `[{"path":"/data","value":` + nest(9990, `[`, ``, `]`) + `}]`,
		`[{"path":"/data/` + strings.Repeat("k", 5000) + `","value":1}]`,
	}
}

// fine is a template that most of the items above can be applied to, and someItem is one for most of the templates.
const (
	fine = `{"data":{"k":[1,2,{"x":"y"}],"a/b":1,"c~d":2,"":{"":3}},"metadata":{"labels":{"a":"b"},"annotations":{"c":"d"}},"spec":{"replicas":1}}`

	someItem = `[{"op":"add","path":"/x","value":[{}]},{"op":"add","path":"/x/0/y","value":1.10}]`
)

// pairs yields each template with a simple list of items, and each list with a simple template.
func pairs(templates, lists []string, yield func(i int, template, list string)) {
	for i, template := range templates {
		yield(i, template, `[]`)
		yield(i, template, someItem)
	}
	for i, list := range lists {
		yield(i, fine, list)
		yield(i+1, `{"data":[[[1]],null]}`, list)
	}
}

// FuzzPatch compares whole copies with those of KubeFed, whose overrides are one patch of the whole template.
func FuzzPatch(f *testing.F) {
	pairs(nastyTemplates(), nastyItems(), func(i int, template, items string) { f.Add([]byte(template), []byte(items), uint8(i)) })
	f.Fuzz(func(t *testing.T, template, items []byte, kind uint8) {
		if len(template)+len(items) > maxInput || len(template) > 0 && !json.Valid(template) || !json.Valid(items) {
			return // the decoder hands on what a server has sent, which is JSON
		}
		compareWithKubeFed(t, fuzzedTypes[int(kind)%len(fuzzedTypes)], template, items)
	})
}

// FuzzRender renders whatever bytes there are, and checks what must hold of every copy.
func FuzzRender(f *testing.F) {
	lists := []string{
		``, `[{"clusterName":"member","clusterOverrides":` + someItem + `}]`, `null`, `[]`, `{}`, `[`, `[null]`, `[[]]`, `[{"clusterName":"other"},{"clusterOverrides":0}]`, `[{"clusterName":"other"},{"clusterName":"member"},{"clusterName":"other"}]`,
		`[{"CLUSTERNAME":"member","clusteroverrides":[{"PATH":"/kind"}]}]`, `[{"clusterName":"member","clusterName":"other","clusterOverrides":[{"path":"/data"}]}]`,
		"[{\"clusterName\":\"\xff\"},{\"clusterName\":\"\xfe\"}]", `[{"clusterName":"member","clusterOverrides":{}}]`, `[{"clusterName":1}]`, nest(10001, `[`, ``, `]`),
		`[{"clusterName":"` + strings.Repeat("m", 5000) + `"}]`,
	}
	for _, items := range nastyItems() {
		lists = append(lists, `[{"clusterName":"other","clusterOverrides":[{"path":"/x","value":1}]},{"clusterName":"member","clusterOverrides":`+items+`}]`)
	}
	pairs(nastyTemplates(), lists, func(i int, template, list string) { f.Add([]byte(template), []byte(list), i%2 == 0, uint8(i)) })
	f.Fuzz(func(t *testing.T, template, overrides []byte, retain bool, kind uint8) {
		if len(template)+len(overrides) > maxInput {
			return
		}
		o, of := object(string(template), string(overrides)), fuzzedTypes[int(kind)%len(fuzzedTypes)]
		o.RetainReplicas = retain
		r := override.NewRenderer(o, of)
		for _, member := range []fleet.Name{"member", "other", "stranger"} {
			d, problem := r.Render(member)
			if (d == nil) == (problem == nil) {
				t.Fatalf("%s: rendering %v and problem %v", member, d, problem)
			}
			if problem != nil && (problem.Field == "" || problem.Message == "") {
				t.Errorf("%s: the problem says nothing: %#v", member, problem)
			}
			if d != nil {
				mustBeFit(t, d, of.Target)
			}
			again, problemAgain := override.NewRenderer(o, of).Render(member)
			if !same(d, again) || !cmp.Equal(problem, problemAgain) {
				t.Errorf("%s: the same input, another result: %v, %v, then %v, %v", member, d, problem, again, problemAgain)
			}
		}
		strangersMustSeeNoOverrides(t, r, o, of)
	})
}

// same compares two renderings without a look at each level: mustBeFit holds Object to Body.
func same(a, b *fleet.Desired) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Hash == b.Hash && a.APIVersion == b.APIVersion && a.RetainReplicas == b.RetainReplicas && bytes.Equal(a.Body, b.Body) &&
		cmp.Equal(a.InitialReplicas, b.InitialReplicas)
}

// mustBeFit checks what member packages and the drift check rely on.
func mustBeFit(t *testing.T, d *fleet.Desired, kind fleet.Resource) {
	t.Helper()
	made, ok := decoded(d.Body)
	if !ok || !json.Valid(d.Body) {
		t.Fatalf("the body is no JSON: %.200s", d.Body)
	}
	namespace := any(nil)
	if kind.Namespaced {
		namespace = "ns"
	}
	metadata := metadataOf(made)
	got := map[string]any{
		"apiVersion": made["apiVersion"], "kind": made["kind"], "name": metadata["name"], "namespace": metadata["namespace"],
		"label": labelsOf(made)[fleet.ManagedLabel], "hash": annotationsOf(made)[fleet.AppliedAnnotation],
	}
	want := map[string]any{
		"apiVersion": d.APIVersion, "kind": kind.Kind, "name": "name", "namespace": namespace, "label": "true", "hash": d.Hash.String(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, field := range []string{"uid", "resourceVersion", "generateName", "managedFields", "deletionTimestamp", "creationTimestamp", "generation", "selfLink"} {
		if value, ok := metadata[field]; ok {
			t.Errorf("metadata.%s is %v", field, value)
		}
	}
	if replicas, ok := mapIn(made, "spec")["replicas"]; ok && d.RetainReplicas {
		t.Errorf("replicas are the member's, and yet they are set to %v", replicas)
	}
	if string(asJSON(t, d.Object)) != string(d.Body) {
		t.Errorf("the object is not the body:\n%s\n%s", asJSON(t, d.Object), d.Body)
	}
	delete(annotationsOf(made), fleet.AppliedAnnotation)
	if h := fleet.HashOf(asJSON(t, made)); h != d.Hash {
		t.Errorf("the hash is %s, and that of the content %s", d.Hash, h)
	}
}

// strangersMustSeeNoOverrides checks that what a member without overrides gets is the template's alone, and that rendering
// it once more changes nothing.
func strangersMustSeeNoOverrides(t *testing.T, r *override.Renderer, o *fleet.FederatedObject, of fleet.Type) {
	t.Helper()
	d, problem := r.Render("stranger")
	plain := *o
	plain.Overrides = nil
	want, wantProblem := override.NewRenderer(&plain, of).Render("stranger")
	if problem != nil && problem.Field != "spec.overrides" && !strings.HasSuffix(problem.Field, "].clusterName") && !cmp.Equal(problem, wantProblem) {
		t.Errorf("a stranger's problem is %v, and %v without overrides", problem, wantProblem)
	}
	if problem != nil {
		return
	}
	if !same(want, d) {
		t.Errorf("a stranger sees overrides: %s, and not %s", d.Body, want.Body)
	}
	plain.Template = d.Body
	if again, problem := override.NewRenderer(&plain, of).Render("stranger"); problem != nil || again.Hash != d.Hash {
		t.Errorf("rendering what was rendered gives another copy: %v", problem)
	}
}
