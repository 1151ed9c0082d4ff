package host

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
	"github.com/fedsync/fedsync/placement/override"
)

// maxInput bounds what the fuzzer makes: what is decoded does not depend on size. An input that takes 10 s fails by itself.
const maxInput = 1 << 16

// whole compares content as a whole: byte by byte, cmp takes milliseconds for it.
var whole = cmp.Comparer(bytes.Equal)

func nest(n int, open, inside, end string) string {
	return strings.Repeat(open, n) + inside + strings.Repeat(end, n)
}

func nastySpecs() []string {
	return []string{
		``, `null`, `{}`, `[]`, `{`, `"text"`, ` {"template": {} , "overrides":[{}]} `, `{"template":{"a":1},"template":null}`, `{"retainReplicas":[]}`, `{"retainReplicas":"true"}`,
		`{"placement":{"clusters":[{"name":"b"},{"name":"a"},{"name":"b"}]}}`, `{"placement":{"clusters":[null,{"name":null}]}}`, `{"placement":{"clusters":[{"name":1}]}}`,
		`{"placement":{"clusters":[[]]}}`, `{"placement":{"clusters":null,"clusterSelector":{}}}`, `{"placement":{"clusters":[],"clusterSelector":{"matchLabels":7}}}`,
		`{"placement":{"clusterSelector":{"matchExpressions":[{"key":"a","operator":"In","values":["b"]}]}}}`, `{"placement":{"clusterSelector":{"matchLabels":null}}}`,
		`{"placement":{"clusterSelector":{"matchExpressions":[{"key":"a","operator":"Exists","values":["b"]}]}}}`, `{"placement":{"clusterSelector":{"matchExpressions":[null]}}}`,
		`{"placement":{"clusterSelector":{"matchLabels":{"a":"b","":"","c/d/e":"f"}}}}`, `{"placement":{"clusterSelector":{"matchLabels":{"` + strings.Repeat("k", 300) + `":"v"}}}}`,
		`{"placement":[]}`, `{"placement":"a"}`, `{"placement":null,"template":7}`, `{"PLACEMENT":{"Clusters":7}}`, `{"placement":{"clusters":[{"name":"a"}]},"Placement":{"clusterSelector":{}}}`,
		"{\"template\":{\"\xff\":1},\"placement\":{\"clusters\":[{\"name\":\"\xff\"},{\"name\":\"\xfe\"}]}}", `{"template":{"data":{"n":123456789012345678901234567890,"m":1e999,"l":-0.0}}}`,
		`{"template":{"data":{"a":1,"a":2}},"overrides":[{"clusterName":"a","clusterOverrides":[{"path":"/data/a","value":1.10}]}]}`, `{"overrides":{}}`, `{"overrides":"x"}`,
		`{"template":` + nest(9990, `{"a":`, `1`, `}`) + `}`, `{"template":` + nest(10001, `[`, ``, `]`) + `}`, `{"placement":{"clusters":` + nest(5000, `[`, ``, `]`) + `}}`,
		`{"placement":{"clusters":[` + strings.Repeat(`{"name":"a"},`, 500) + `{"name":""}]}}`, `{"template":{"` + strings.Repeat("k", 5000) + `":"\ud800\u0000"}}`,
	}
}

func nastyStatuses() []string {
	return []string{
		``, `null`, `{}`, `[`, `[]`, `{"clusters":[{"name":"a"},{"name":"a"}]}`, `{"clusters":[[]]}`, `{"clusters":[null,{"name":null},{"name":"b"}]}`, `{"observedGeneration":1e999}`,
		`{"observedGeneration":9223372036854775808,"clusters":[{"name":"a"}]}`, `{"conditions":[{"type":"Propagation"},{"type":"Propagation","message":"é"}],"clusters":[{"name":"b"},{"name":"a"}]}`,
		"{\"clusters\":[{\"name\":\"\xff\"}]}", nest(10001, `{"clusters":[`, ``, `]}`),
	}
}

func FuzzDecodeObject(f *testing.F) {
	for i, spec := range nastySpecs() {
		f.Add([]byte(spec), []byte(nastyStatuses()[i%len(nastyStatuses())]))
	}
	for _, status := range nastyStatuses() {
		f.Add([]byte(`{"template":{"k":1},"placement":{"clusters":[{"name":"a"}]}}`), []byte(status))
	}
	f.Fuzz(func(t *testing.T, spec, status []byte) {
		if len(spec)+len(status) > maxInput {
			return
		}
		raw := &raw.Object{Spec: spec, Status: status}
		o, published := decodeObject("configmaps", raw)
		again, publishedAgain := decodeObject("configmaps", raw)
		if diff := cmp.Diff(o, again, asText, whole); diff != "" || published != publishedAgain {
			t.Errorf("decoded twice (-first +second):\n%s", diff)
		}
		mustTellFaults(t, spec, o)
		mustKeepContent(t, spec, o)
		if p := o.Placement; !slices.IsSorted(p.Clusters) || len(slices.Compact(slices.Clone(p.Clusters))) != len(p.Clusters) || !p.Listed && len(p.Clusters) > 0 {
			t.Errorf("placement %+v", p)
		}
		if !slices.IsSorted(o.Journal) {
			t.Errorf("journal %v", o.Journal)
		}
		comparePlacement(t, spec, o)
		mustSuitTheStages(t, o)
	})
}

func mustTellFaults(t *testing.T, spec []byte, o *fleet.FederatedObject) {
	t.Helper()
	var fields map[string]json.RawMessage
	if json.Unmarshal(spec, &fields) != nil || fields == nil {
		for _, field := range []string{"spec.placement", "spec.template"} {
			if _, told := o.ProblemIn(field); !told {
				t.Errorf("the spec is no object, and %s is not called faulty", field)
			}
		}
	}
	for _, p := range o.Problems {
		if p.Field == "" || p.Message == "" {
			t.Errorf("a problem that says nothing: %#v", p)
		}
	}
	if _, faulty := o.ProblemIn("spec.template"); !faulty && len(o.Template) > 0 && !isObject(o.Template) {
		t.Errorf("the template is %q, and nobody says so", o.Template)
	}
}

// mustKeepContent checks that template and overrides are the very bytes that were sent: no number loses a digit. How the
// JSON is laid out says nothing.
func mustKeepContent(t *testing.T, spec []byte, o *fleet.FederatedObject) {
	t.Helper()
	if !bytes.Contains(spec, o.Template) || !bytes.Contains(spec, o.Overrides) {
		t.Errorf("the content was changed: %q, %q", o.Template, o.Overrides)
	}
	var compact bytes.Buffer
	if json.Compact(&compact, spec) != nil {
		return
	}
	laidOut, _ := decodeObject("configmaps", &raw.Object{Spec: compact.Bytes()})
	want := *o
	want.Journal = nil
	want.Template, want.Overrides = compacted(t, o.Template), compacted(t, o.Overrides)
	if diff := cmp.Diff(&want, laidOut, asText, whole); diff != "" {
		t.Errorf("another layout, another object (-want +got):\n%s", diff)
	}
}

func compacted(t *testing.T, raw []byte) []byte {
	t.Helper()
	if raw == nil {
		return nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatalf("compact %q: %v", raw, err)
	}
	return b.Bytes()
}

// kubefedPlacement is KubeFed's GenericPlacementFields.
type kubefedPlacement struct {
	Clusters []struct {
		Name string `json:"name"`
	} `json:"clusters"`
	ClusterSelector *metav1.LabelSelector `json:"clusterSelector"`
}

// comparePlacement decodes the placement as KubeFed does. What we take, KubeFed takes for the same; but we do not read a
// selector beside a list.
func comparePlacement(t *testing.T, raw []byte, o *fleet.FederatedObject) {
	t.Helper()
	var sent any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if _, faulty := o.ProblemIn("spec.placement"); faulty || decoder.Decode(&sent) != nil || ambiguous(sent) {
		return
	}
	once, err := json.Marshal(sent) // each key once: KubeFed would merge what stands there twice, and no server sends it
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Placement kubefedPlacement `json:"placement"`
	}
	err = json.Unmarshal(once, &spec)
	p := spec.Placement
	if err == nil && p.Clusters == nil {
		want, err := metav1.LabelSelectorAsSelector(p.ClusterSelector)
		if err != nil {
			t.Fatalf("KubeFed: %v, we: %+v", err, o.Placement)
		}
		if p.ClusterSelector == nil {
			want = nil
		}
		if diff := cmp.Diff(fleet.Placement{Selector: want}, o.Placement, asText); diff != "" {
			t.Errorf("(-KubeFed +we):\n%s", diff)
		}
		return
	}
	if !o.Placement.Listed {
		t.Fatalf("KubeFed: %+v, %v, we: %+v", p, err, o.Placement)
	}
	var want []fleet.Name
	for _, c := range p.Clusters {
		want = append(want, fleet.Name(c.Name))
	}
	slices.Sort(want)
	if want = slices.Compact(want); err == nil && !slices.Equal(want, o.Placement.Clusters) {
		t.Errorf("KubeFed: %q, we: %q", want, o.Placement.Clusters)
	}
}

// ambiguous tells that an object has keys that differ only in case: Go's decoder takes them for one.
func ambiguous(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		seen := map[string]bool{}
		for key, below := range v {
			folded := strings.ToLower(strings.ToUpper(key))
			if seen[folded] || ambiguous(below) {
				return true
			}
			seen[folded] = true
		}
	case []any:
		return slices.ContainsFunc(v, ambiguous)
	}
	return false
}

// mustSuitTheStages hands the object to the stages that follow: they must answer, and what is not known places nothing.
func mustSuitTheStages(t *testing.T, o *fleet.FederatedObject) {
	t.Helper()
	members := fleet.NewSnapshot(fleet.Member{Name: "a", Labels: labels.Set{"a": "b"}}, fleet.Member{Name: "b"})
	_, unknown := o.ProblemIn("spec.placement")
	for _, v := range placement.Select(o, placement.Namespace{Applies: true, Object: o}, members).Verdicts {
		if unknown != (v.Choice == placement.Unknown) {
			t.Errorf("%+v of %v", v, o.Problems)
		}
	}
	_, faulty := o.ProblemIn("spec.template")
	r := override.NewRenderer(o, fleet.Type{Target: fleet.Resource{Version: "v1", Kind: "ConfigMap", Namespaced: true}})
	for _, member := range []fleet.Name{"a", "b"} {
		if d, problem := r.Render(member); (d == nil) == (problem == nil) || faulty && d != nil {
			t.Errorf("%s: rendering %v, problem %v, and the template's are %v", member, d, problem, o.Problems)
		}
	}
}

// FuzzDecodeAnswer reads what a host may answer to a list, with the client's own serializer.
func FuzzDecodeAnswer(f *testing.F) {
	serializer := raw.NewSerializer()
	list := func(items string) []byte {
		return []byte(`{"apiVersion":"types.kubefed.io/v1beta1","kind":"FederatedConfigMapList","metadata":{"resourceVersion":"7"},"items":[` + items + `]}`)
	}
	f.Add(list(oneObject))
	f.Add(list(oneObject + `,` + oneObject))
	for i, spec := range nastySpecs() {
		f.Add(list(`{"metadata":{"name":"n","finalizers":["kubefed.io/sync-controller"]},"spec":` + spec + `,"status":` + nastyStatuses()[i%len(nastyStatuses())] + `}`))
	}
	for _, answer := range []string{
		``, `null`, `{}`, `[]`, `{"kind":"Status","status":"Failure","code":410}`, `{"items":null}`, `{"items":{}}`, `{"items":[null,{}]}`, `{"items":[{"metadata":null,"spec":null}]}`,
		`{"items":[{"metadata":{"annotations":{"kubefed.io/orphan":true}}}]}`, `{"items":[{"METADATA":{"name":"x"},"SPEC":{}}]}`, `{"kind":1}`, `{"apiVersion":"a/b/c","kind":"x"}`,
		`{"items":[{"metadata":{"creationTimestamp":"x","deletionTimestamp":"2026-01-02T03:04:05Z","generation":1e3}}]}`, "kind: X\nitems: [{}]", "k8s\x00\x0a\x04\x0a\x00\x12\x00",
		`{"items":[{"metadata":{"managedFields":[{"fieldsV1":{"f:x":{}}}],"ownerReferences":[null],"deletionGracePeriodSeconds":9223372036854775808}}]}`,
	} {
		f.Add([]byte(answer))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		if len(answer) > maxInput {
			return
		}
		decode := func() (*raw.List, error) {
			l := &raw.List{}
			got, _, err := serializer.Decode(bytes.Clone(answer), nil, l)
			if err == nil && got != runtime.Object(l) {
				return nil, fmt.Errorf("decoded into a %T", got)
			}
			return l, err
		}
		l, err := decode()
		again, errAgain := decode()
		if (err == nil) != (errAgain == nil) {
			t.Fatalf("first %v, then %v", err, errAgain)
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(l, again, whole); diff != "" {
			t.Errorf("decoded twice (-first +second):\n%s", diff)
		}
		if diff := cmp.Diff(l, l.DeepCopyObject(), whole); diff != "" {
			t.Errorf("the copy differs:\n%s", diff)
		}
		for i := range l.Items {
			raw := &l.Items[i]
			if len(raw.Spec) > 0 && !bytes.Contains(answer, raw.Spec) {
				t.Errorf("the spec was changed: %q", raw.Spec)
			}
			o, _ := decodeObject("configmaps", raw)
			if o.Key.Name != raw.Name || o.Deleting != (raw.DeletionTimestamp != nil) || o.Held != slices.Contains(raw.Finalizers, Finalizer) {
				t.Errorf("%+v of %+v", o, raw.ObjectMeta)
			}
			mustTellFaults(t, raw.Spec, o)
		}
	})
}

// Lists of names and of demands are sets, and so is an object's content: their order says nothing.
func TestDecodeDoesNotDependOnOrder(t *testing.T) {
	type entry struct {
		Name string `json:"name"`
	}
	names := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 6)
	spec := func(t *rapid.T, fields map[string]any) []byte {
		var members []string
		for _, key := range rapid.Permutation([]string{"overrides", "placement", "retainReplicas", "template"}).Draw(t, "fields") {
			value, err := json.Marshal(fields[key])
			if err != nil {
				t.Fatal(err)
			}
			members = append(members, fmt.Sprintf("%q:%s", key, value))
		}
		return []byte("{" + strings.Join(members, ",") + "}")
	}
	listed := func(of []string) []entry {
		list := make([]entry, 0, len(of))
		for _, name := range of {
			list = append(list, entry{name})
		}
		return list
	}
	rapid.Check(t, func(t *rapid.T) {
		clusters, journal := names.Draw(t, "clusters"), names.Draw(t, "journal")
		made := func(clusters, journal []string) *fleet.FederatedObject {
			status, err := json.Marshal(map[string]any{"clusters": listed(journal)})
			if err != nil {
				t.Fatal(err)
			}
			o, _ := decodeObject("configmaps", &raw.Object{Status: status, Spec: spec(t, map[string]any{
				"placement": map[string]any{"clusters": listed(clusters)}, "template": map[string]any{"k": 1}, "retainReplicas": true, "overrides": []any{},
			})})
			return o
		}
		want := made(clusters, journal)
		got := made(rapid.Permutation(clusters).Draw(t, "shuffled clusters"), rapid.Permutation(journal).Draw(t, "shuffled journal"))
		if diff := cmp.Diff(want, got, asText); diff != "" {
			t.Fatalf("another order, another object (-want +got):\n%s", diff)
		}
	})
}
