package provenance_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/federation/provenance"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement/override"
)

func decoded(t interface{ Fatal(args ...any) }, text string) map[string]any {
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// owner is an entry of managedFields.
func owner(manager, operation, fields string) string {
	return `{"manager":"` + manager + `","operation":"` + operation + `","time":"2026-01-02T03:04:05Z","fieldsV1":` + fields + `}`
}

func TestFields(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	scaler := []provenance.Owner{{Manager: "scaler", Operation: "Update", Since: at}}
	const containers = `"spec":{"containers":[{"name":"web","image":"web:2"}]}`
	tests := map[string]struct {
		why, template, desired, live string
		overrides                    []override.Change
		retain                       bool
		want                         []provenance.Field
	}{
		"the template": {
			why: "nobody else has a hand in it", template: `{"data":{"k":"v"}}`, desired: `{"data":{"k":"v"}}`,
			live: `{"data":{"k":"v"},"metadata":{"managedFields":[` + owner("fedsync", "Apply", `{"f:data":{"f:k":{}}}`) + `]}}`,
			want: []provenance.Field{{Path: "data.k", Value: "v", Origin: provenance.FromTemplate, Rule: "spec.template"}},
		},
		"an override in a list": {
			why: "its pointer has a position, the field a name", template: `{"spec":{"containers":[{"name":"web","image":"web:1"}]}}`, desired: `{` + containers + `}`,
			overrides: []override.Change{{Path: "/spec/containers/0/image", Op: "replace", Rule: "rule"}},
			live: `{"spec":{"containers":[{"name":"sidecar","image":"s"},{"name":"web","image":"web:2","tty":false}]},"metadata":{"managedFields":[` +
				owner("fedsync", "Apply", `{"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":{".":{},"f:name":{},"f:image":{}}}}}`) + `,` +
				owner("scaler", "Update", `{"f:spec":{"f:containers":{"k:{\"name\":\"sidecar\"}":{".":{},"f:name":{},"f:image":{}}}}}`) + `]}}`,
			want: []provenance.Field{
				{Path: "spec.containers[name=sidecar].image", Value: "s", Origin: provenance.FromMember, Owners: scaler},
				{Path: "spec.containers[name=sidecar].name", Value: "sidecar", Origin: provenance.FromMember, Owners: scaler},
				{Path: "spec.containers[name=web].image", Value: "web:2", Origin: provenance.FromOverride, Rule: "rule (replace /spec/containers/0/image)", Template: "web:1"},
				{Path: "spec.containers[name=web].name", Value: "web", Origin: provenance.FromTemplate, Rule: "spec.template"},
				{Path: "spec.containers[name=web].tty", Value: false, Origin: provenance.FromServer},
			},
		},
		"replicas that are retained": {
			why: "whoever scales it decides", retain: true, template: `{"spec":{"replicas":2}}`, desired: `{"spec":{}}`,
			live: `{"spec":{"replicas":7},"metadata":{"managedFields":[` + owner("scaler", "Update", `{"f:spec":{"f:replicas":{}}}`) + `]}}`,
			want: []provenance.Field{{Path: "spec.replicas", Value: 7.0, Origin: provenance.FromMember, Owners: scaler, Note: "spec.retainReplicas leaves it to the member"}},
		},
		"drift": {
			why: "somebody else has it now", template: `{"data":{"k":"v"}}`, desired: `{"data":{"k":"v"}}`,
			live: `{"data":{"k":"w"},"metadata":{"managedFields":[` + owner("scaler", "Update", `{"f:data":{"f:k":{}}}`) + `]}}`,
			want: []provenance.Field{{Path: "data.k", Value: "w", Declared: "v", Origin: provenance.Drifted, Rule: "spec.template", Owners: scaler}},
		},
		"a field that the member does not know": {
			why: "it is declared, and not there", template: `{"data":{"k":"v"}}`, desired: `{"data":{"k":"v"}}`, live: `{}`,
			want: []provenance.Field{{Path: "data.k", Value: "v", Origin: provenance.Missing, Rule: "spec.template"}},
		},
		"a field that is declared no more": {
			why: "the next apply takes it away", template: `{}`, desired: `{}`,
			live: `{"data":{"k":"v"},"metadata":{"managedFields":[` + owner("fedsync", "Apply", `{"f:data":{"f:k":{}}}`) + `]}}`,
			want: []provenance.Field{{Path: "data.k", Value: "v", Origin: provenance.Leaving, Note: "it is not declared any more"}},
		},
		"no look at the member": {
			why: "what is declared is shown", template: `{"data":{"k":"v"}}`, desired: `{"data":{"k":"v"}}`,
			want: []provenance.Field{{Path: "data.k", Value: "v", Origin: provenance.FromTemplate, Rule: "spec.template"}},
		},
		"a Secret": {
			why: "its content is nobody's business", template: `{"data":{"k":"czNjcjN0"}}`, desired: `{"kind":"Secret","data":{"k":"czNjcjN0"}}`,
			want: []provenance.Field{
				{Path: "data.k", Value: "(hidden)", Origin: provenance.FromTemplate, Rule: "spec.template"},
				{Path: "kind", Value: "Secret", Origin: provenance.FromFederation},
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			in := provenance.Input{
				Desired: &fleet.Desired{Object: decoded(t, tc.desired), RetainReplicas: tc.retain}, Overrides: tc.overrides, Template: decoded(t, tc.template), Manager: "fedsync",
			}
			if tc.live != "" {
				in.Live = decoded(t, tc.live)
			}
			if diff := cmp.Diff(tc.want, provenance.Fields(in)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

// Whatever a member sends, every field gets one origin, and the same one each time.
func TestFieldsOfAnything(t *testing.T) {
	var value *rapid.Generator[any]
	value = rapid.Deferred(func() *rapid.Generator[any] {
		return rapid.OneOf(
			rapid.Just[any](nil), rapid.Map(rapid.StringMatching(`[a-c]`), func(s string) any { return s }),
			rapid.Map(rapid.MapOfN(rapid.SampledFrom([]string{"a", "name", "f:a", "k:{", ".", "v:1", "i:0", "metadata", "data"}), value, 0, 3), func(m map[string]any) any { return m }),
			rapid.Map(rapid.SliceOfN(value, 0, 3), func(l []any) any { return l }),
		)
	})
	object := rapid.MapOfN(rapid.SampledFrom([]string{"spec", "data", "metadata", "status", "kind"}), value, 0, 4)
	rapid.Check(t, func(t *rapid.T) {
		live := object.Draw(t, "live")
		live["metadata"] = map[string]any{"managedFields": []any{map[string]any{"manager": "fedsync", "operation": "Apply", "fieldsV1": value.Draw(t, "fields")}, value.Draw(t, "entry")}}
		in := provenance.Input{Desired: &fleet.Desired{Object: object.Draw(t, "desired")}, Template: object.Draw(t, "template"), Live: live, Manager: "fedsync"}
		got := provenance.Fields(in)
		if diff := cmp.Diff(got, provenance.Fields(in)); diff != "" {
			t.Fatalf("the second time (-want +got):\n%s", diff)
		}
		for _, f := range got {
			if f.Origin == "" || f.Path == "" {
				t.Fatalf("a field without path or origin: %+v", f)
			}
		}
	})
}

func TestTerms(t *testing.T) {
	selector := &metav1.LabelSelector{
		MatchLabels:      map[string]string{"tier": "production", "region": "eu"},
		MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "site", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"one", "two"}}, {Key: "gpu", Operator: metav1.LabelSelectorOpExists}},
	}
	want := []provenance.Term{
		{Text: "region=eu", Has: "us"},
		{Text: "tier=production", Met: true, Has: "production"},
		{Text: "site NotIn (one, two)", Has: "two"},
		{Text: "gpu Exists", Has: "(none)"},
	}
	if diff := cmp.Diff(want, provenance.Terms(selector, labels.Set{"tier": "production", "region": "us", "site": "two"})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
