package host

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// asText compares selectors by what they select, as text. Nil and "everything" differ.
var asText = cmp.Comparer(func(a, b labels.Selector) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.String() == b.String()
})

func selector(t *testing.T, text string) labels.Selector {
	t.Helper()
	s, err := labels.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDecodeSpec(t *testing.T) {
	noSpec := []fleet.Problem{
		{Field: "spec.placement", Message: "spec is missing or no object"},
		{Field: "spec.template", Message: "spec is missing or no object"},
	}
	placementProblem := func(field, message string) []fleet.Problem {
		return []fleet.Problem{{Field: field, Message: message}}
	}
	tests := map[string]struct {
		why, spec string
		want      fleet.FederatedObject
	}{
		"everything": {
			why: "KubeFed's whole schema",
			spec: `{"template":{"data":{"k":1.0}},"placement":{"clusters":[{"name":"b"},{"name":"a"}]},
				"overrides":[{"clusterName":"a"}],"retainReplicas":true,"unheardOf":1}`,
			want: fleet.FederatedObject{
				Template: []byte(`{"data":{"k":1.0}}`), Overrides: []byte(`[{"clusterName":"a"}]`), RetainReplicas: true,
				Placement: fleet.Placement{Listed: true, Clusters: []fleet.Name{"a", "b"}},
			},
		},
		"an empty spec":       {why: "nobody is selected, which is no fault", spec: `{}`},
		"everything is null":  {why: "null is the same as none", spec: `{"template":null,"placement":null,"overrides":null,"retainReplicas":null}`},
		"no spec":             {why: "neither who nor what is known; an absent placement would mean nobody, and remove every copy", spec: ``, want: fleet.FederatedObject{Problems: noSpec}},
		"a spec that is null": {why: "as above", spec: `null`, want: fleet.FederatedObject{Problems: noSpec}},
		"a spec that is text": {why: "as above", spec: `"text"`, want: fleet.FederatedObject{Problems: noSpec}},
		"a spec that is a list": {
			why: "as above", spec: `[]`, want: fleet.FederatedObject{Problems: noSpec},
		},

		"an empty list of clusters": {
			why: "KubeFed: nobody", spec: `{"placement":{"clusters":[],"clusterSelector":{}}}`, want: fleet.FederatedObject{Placement: fleet.Placement{Listed: true}},
		},
		"clusters that are null": {
			why:  "KubeFed: absent, so the selector decides",
			spec: `{"placement":{"clusters":null,"clusterSelector":{}}}`, want: fleet.FederatedObject{Placement: fleet.Placement{Selector: labels.Everything()}},
		},
		"a cluster twice": {
			why: "KubeFed: fine", spec: `{"placement":{"clusters":[{"name":"a"},{"name":"a"}]}}`,
			want: fleet.FederatedObject{Placement: fleet.Placement{Listed: true, Clusters: []fleet.Name{"a"}}},
		},
		"a list and a selector that cannot be read": {
			why:  "the list wins, so the selector cannot be at fault",
			spec: `{"placement":{"clusters":[{"name":"a"}],"clusterSelector":7}}`,
			want: fleet.FederatedObject{Placement: fleet.Placement{Listed: true, Clusters: []fleet.Name{"a"}}},
		},
		"an empty selector": {
			why: "KubeFed: everybody", spec: `{"placement":{"clusterSelector":{}}}`, want: fleet.FederatedObject{Placement: fleet.Placement{Selector: labels.Everything()}},
		},
		"a selector that is null": {why: "KubeFed: nobody", spec: `{"placement":{"clusterSelector":null}}`},
		"a selector of labels and expressions": {
			why:  "all of it must hold",
			spec: `{"placement":{"clusterSelector":{"matchLabels":{"region":"eu"},"matchExpressions":[{"key":"gpu","operator":"Exists"}]}}}`,
			want: fleet.FederatedObject{Placement: fleet.Placement{Selector: selector(t, "gpu,region=eu")}},
		},
		"an empty placement": {why: "KubeFed: nobody", spec: `{"placement":{}}`},

		"a placement that is a list": {
			why: "nobody knows who is wanted", spec: `{"placement":[]}`,
			want: fleet.FederatedObject{Problems: placementProblem("spec.placement", "must be an object")},
		},
		"clusters that are an object": {
			why: "as above", spec: `{"placement":{"clusters":{"name":"a"}}}`,
			want: fleet.FederatedObject{Problems: placementProblem("spec.placement.clusters", "must be a list of {name}")},
		},
		"clusters that are texts": {
			why: "as above", spec: `{"placement":{"clusters":["a"]}}`,
			want: fleet.FederatedObject{Problems: placementProblem("spec.placement.clusters", "must be a list of {name}")},
		},
		"a cluster without a name": {
			why: "it could be meant for any", spec: `{"placement":{"clusters":[{"name":"a"},{}]}}`,
			want: fleet.FederatedObject{
				Placement: fleet.Placement{Listed: true, Clusters: []fleet.Name{"", "a"}}, Problems: placementProblem("spec.placement.clusters[1].name", "must name a cluster"),
			},
		},
		"a selector that is a text": {
			why: "nobody knows who is wanted", spec: `{"placement":{"clusterSelector":"region=eu"}}`,
			want: fleet.FederatedObject{Problems: placementProblem("spec.placement.clusterSelector",
				"must be a label selector: json: cannot unmarshal string into Go value of type v1.LabelSelector")},
		},
		"an operator that does not exist": {
			why: "as above", spec: `{"placement":{"clusterSelector":{"matchExpressions":[{"key":"a","operator":"Like"}]}}}`,
			want: fleet.FederatedObject{Problems: placementProblem("spec.placement.clusterSelector", `"Like" is not a valid label selector operator`)},
		},
		"a label that cannot be one": {
			why: "KubeFed fails on it too, at each reconcile", spec: `{"placement":{"clusterSelector":{"matchLabels":{"a b":"c"}}}}`,
			want: fleet.FederatedObject{Problems: placementProblem("spec.placement.clusterSelector", "key: Invalid value")},
		},

		"a template that is a text": {
			why: "what is wanted is not known; who is wanted is", spec: `{"template":"text","placement":{"clusters":[]}}`,
			want: fleet.FederatedObject{
				Template: []byte(`"text"`), Placement: fleet.Placement{Listed: true}, Problems: placementProblem("spec.template", "must be an object"),
			},
		},
		"overrides that are no list": {
			why: "package override says what is wrong with them, to whom it concerns", spec: `{"overrides":{"clusterName":"a"}}`,
			want: fleet.FederatedObject{Overrides: []byte(`{"clusterName":"a"}`)},
		},
		"retainReplicas that is a text": {
			why: "guessing could reset replicas", spec: `{"retainReplicas":"yes"}`,
			want: fleet.FederatedObject{Problems: placementProblem("spec.template", "spec.retainReplicas must be true or false")},
		},
		"several faults": {
			why: "each is told, in a fixed order", spec: `{"template":1,"placement":1,"retainReplicas":1}`,
			want: fleet.FederatedObject{Template: []byte(`1`), Problems: []fleet.Problem{
				{Field: "spec.placement", Message: "must be an object"},
				{Field: "spec.template", Message: "must be an object"},
				{Field: "spec.template", Message: "spec.retainReplicas must be true or false"},
			}},
		},
	}
	// The text of apimachinery's validation is long, and not ours: its beginning is enough.
	problems := cmp.Comparer(func(a, b fleet.Problem) bool {
		return a.Field == b.Field && (strings.HasPrefix(a.Message, b.Message) || strings.HasPrefix(b.Message, a.Message))
	})
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.want.Key = fleet.ObjectKey{Type: "configmaps"}
			got, _ := decodeObject("configmaps", &raw.Object{Spec: json.RawMessage(tc.spec)})
			if diff := cmp.Diff(&tc.want, got, asText, problems); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
			for _, p := range got.Problems {
				if p.Message == "" {
					t.Errorf("%q has a problem that says nothing", p.Field)
				}
			}
		})
	}
}

func TestDecodeMetadata(t *testing.T) {
	at := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	tests := map[string]struct {
		why  string
		meta metav1.ObjectMeta
		want fleet.FederatedObject
	}{
		"a plain object": {
			why:  "who it is comes from its metadata",
			meta: metav1.ObjectMeta{Namespace: "ns", Name: "n", UID: "u", ResourceVersion: "5", Generation: 2},
			want: fleet.FederatedObject{Key: fleet.ObjectKey{Type: "configmaps", Namespace: "ns", Name: "n"}, UID: "u", ResourceVersion: "5", Generation: 2},
		},
		"a held object": {
			why: "KubeFed's finalizer is ours", meta: metav1.ObjectMeta{Finalizers: []string{"other", "kubefed.io/sync-controller"}},
			want: fleet.FederatedObject{Key: fleet.ObjectKey{Type: "configmaps"}, Held: true},
		},
		"an object that others hold": {
			why: "their finalizers do not keep our copies in sight", meta: metav1.ObjectMeta{Finalizers: []string{"other"}},
			want: fleet.FederatedObject{Key: fleet.ObjectKey{Type: "configmaps"}},
		},
		"an object that leaves its copies": {
			why: "KubeFed's annotation", meta: metav1.ObjectMeta{Annotations: map[string]string{"kubefed.io/orphan": "true"}},
			want: fleet.FederatedObject{Key: fleet.ObjectKey{Type: "configmaps"}, Orphan: true},
		},
		"an annotation with another value": {
			why: "KubeFed takes only true", meta: metav1.ObjectMeta{Annotations: map[string]string{"kubefed.io/orphan": "True"}},
			want: fleet.FederatedObject{Key: fleet.ObjectKey{Type: "configmaps"}},
		},
		"an object that is being deleted": {
			why: "it has a time", meta: metav1.ObjectMeta{DeletionTimestamp: &at},
			want: fleet.FederatedObject{Key: fleet.ObjectKey{Type: "configmaps"}, Deleting: true},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, _ := decodeObject("configmaps", &raw.Object{ObjectMeta: tc.meta, Spec: json.RawMessage(`{}`)})
			if diff := cmp.Diff(&tc.want, got, asText); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestDecodeStatus(t *testing.T) {
	kubefed := `{"observedGeneration":3,"conditions":[{"type":"Propagation","status":"False","reason":"CheckClusters","lastUpdateTime":"1","lastTransitionTime":"2"}],
		"clusters":[{"name":"b","status":"ClusterNotReady","remoteStatus":{"x":1}},{"name":"a"}]}`
	decoded := report.Status{
		ObservedGeneration: 3,
		Conditions:         []report.Condition{{Type: "Propagation", Status: "False", Reason: "CheckClusters", LastUpdateTime: "1", LastTransitionTime: "2"}},
		Clusters:           []report.Cluster{{Name: "b", Status: "ClusterNotReady", RemoteStatus: json.RawMessage(`{"x":1}`)}, {Name: "a"}},
	}
	nothing := report.Digest(report.Status{})
	tests := map[string]struct {
		why, status string
		journal     []fleet.Name
		published   report.Published
	}{
		"none":      {why: "nobody has published anything", status: ``, published: nothing},
		"null":      {why: "as above", status: `null`, published: nothing},
		"KubeFed's": {why: "it says where copies may be, sorted", status: kubefed, journal: []fleet.Name{"a", "b"}, published: report.Digest(decoded)},
		"a text":    {why: "the next write replaces it", status: `"text"`, published: nothing},
		"a foreign part": {
			why: "whom it names is not forgotten for it", status: `{"observedGeneration":"three","clusters":[{"name":"a"},7,{"name":{}}]}`,
			journal: []fleet.Name{"a"}, published: nothing,
		},
		"a foreign form": {why: "as above", status: `{"observedGeneration":"three"}`, published: nothing},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			o, published := decodeObject("configmaps", &raw.Object{Spec: json.RawMessage(`{}`), Status: json.RawMessage(tc.status)})
			if diff := cmp.Diff(tc.journal, o.Journal); diff != "" {
				t.Errorf("journal (-want +got), because %s:\n%s", tc.why, diff)
			}
			if diff := cmp.Diff(tc.published, published); diff != "" {
				t.Errorf("published (-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

// The library looks at the labels in the order of a map. A message that changes each time would be written each time.
func TestDecodeTellsTheSameFaultEachTime(t *testing.T) {
	raw := &raw.Object{Spec: json.RawMessage(`{"placement":{"clusterSelector":{"matchLabels":{"b ":"","a ":"","ok":"x","c ":""},"matchExpressions":[{"key":"d "}]}}}`)}
	for range 50 {
		o, _ := decodeObject("configmaps", raw)
		if p, _ := o.ProblemIn("spec.placement"); !strings.Contains(p.Message, `"a "`) {
			t.Fatalf("the first fault in sorted order is that of \"a \": %s", p)
		}
	}
}
