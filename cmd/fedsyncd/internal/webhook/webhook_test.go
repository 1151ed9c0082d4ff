package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	judge "github.com/fedsync/fedsync/federation/admission"
	"github.com/fedsync/fedsync/federation/resolve"
)

// fakeHost has one type, ConfigMaps, and one member, a; or it does not answer.
type fakeHost struct {
	client.Reader

	err error
}

// List implements client.Reader.
func (h fakeHost) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	switch list := list.(type) {
	case *fedv1b1.FederatedTypeConfigList:
		list.Items = []fedv1b1.FederatedTypeConfig{{
			ObjectMeta: metav1.ObjectMeta{Name: "configmaps"},
			Spec: fedv1b1.FederatedTypeConfigSpec{
				Propagation:   fedv1b1.PropagationEnabled,
				TargetType:    fedv1b1.APIResource{Version: "v1", Kind: "ConfigMap", PluralName: "configmaps", Scope: "Namespaced"},
				FederatedType: fedv1b1.APIResource{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedConfigMap", PluralName: "federatedconfigmaps", Scope: "Namespaced"},
			},
			Status: fedv1b1.FederatedTypeConfigStatus{PropagationController: fedv1b1.ControllerStatusRunning},
		}}
	case *fedv1b1.KubeFedClusterList:
		list.Items = []fedv1b1.KubeFedCluster{{ObjectMeta: metav1.ObjectMeta{Name: "a"}}}
	}
	return h.err
}

const (
	fine   = `{"metadata": {"namespace": "n", "name": "o"}, "spec": {"placement": {"clusters": [{"name": "a"}]}}}`
	faulty = `{"metadata": {"namespace": "n", "name": "o"}, "spec": {"placement": {"clusters": [{"name": "a"}, {"name": "a"}]}}}`
	worse  = `{"metadata": {"namespace": "n", "name": "o"}, "spec": {"placement": {"clusters": [{"name": "a"}, {"name": "a"}]}, "overrides": 1}}`
	going  = `{"metadata": {"namespace": "n", "name": "o", "deletionTimestamp": "2026-01-01T00:00:00Z"}, "spec": {"overrides": 1}}`

	twice     = `spec.placement.clusters[1].name: cluster "a" is listed already, in spec.placement.clusters[0]`
	overrides = "spec.overrides: must be a list of {clusterName, clusterOverrides}"
)

// ask is a request about the kind with that plural, to create an object or, with one that it replaces, to update it.
func ask(plural, object, before string) admission.Request {
	r := admissionv1.AdmissionRequest{
		Operation: admissionv1.Create, Resource: metav1.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: plural},
		Object: runtime.RawExtension{Raw: []byte(object)},
	}
	if before != "" {
		r.Operation, r.OldObject = admissionv1.Update, runtime.RawExtension{Raw: []byte(before)}
	}
	return admission.Request{AdmissionRequest: r}
}

// outcome is what an author sees of an answer.
type outcome struct {
	Refused  string
	Warnings []string
}

func outcomeOf(r admission.Response) outcome {
	o := outcome{Warnings: r.Warnings}
	if !r.Allowed {
		o.Refused = fmt.Sprintf("%d %s", r.Result.Code, r.Result.Message)
	}
	return o
}

func TestFederatedObjects(t *testing.T) {
	cases := map[string]struct {
		why    string
		strict bool
		host   fakeHost
		ask    admission.Request
		want   outcome
	}{
		"nothing is wrong":       {why: "strict or not", strict: true, ask: ask("federatedconfigmaps", fine, "")},
		"a fault":                {why: "by default authors are warned", ask: ask("federatedconfigmaps", faulty, ""), want: outcome{Warnings: []string{twice}}},
		"a fault, strict":        {why: "that is what strict is for", strict: true, ask: ask("federatedconfigmaps", faulty, ""), want: outcome{Refused: "403 " + twice}},
		"a fault of old, strict": {why: "whoever changes something else must be able to", strict: true, ask: ask("federatedconfigmaps", faulty, faulty)},
		"a fault more, strict":   {why: "only the new one is told", strict: true, ask: ask("federatedconfigmaps", worse, faulty), want: outcome{Refused: "403 " + overrides}},
		"a fault less, strict":   {why: "one after another is a way to correct them", strict: true, ask: ask("federatedconfigmaps", faulty, worse)},
		"it is being deleted":    {why: "a finalizer that cannot be taken off would hold it for ever", strict: true, ask: ask("federatedconfigmaps", going, fine)},
		"no object, strict":      {why: "it cannot be judged", strict: true, ask: ask("federatedconfigmaps", `[]`, ""), want: outcome{Refused: "400 read FederatedConfigMap: json: cannot unmarshal array into Go value of type raw.Object"}},
		"a type that nobody knows": {
			why: "a CRD alone makes no copies", strict: true, ask: ask("federatedpods", faulty, ""),
			want: outcome{Warnings: []string{"nothing is made of it: no FederatedTypeConfig names federatedpods.types.kubefed.io"}},
		},
		"the host does not answer": {
			why: "what cannot be judged is not refused", strict: true, host: fakeHost{err: errors.New("gone")}, ask: ask("federatedconfigmaps", faulty, ""),
			want: outcome{Warnings: []string{"fedsync could not judge this object now"}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := federated{reader: c.host, settings: resolve.Settings{Namespace: "system"}, strict: c.strict}
			if diff := cmp.Diff(c.want, outcomeOf(f.validate(t.Context(), c.ask))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

func TestHold(t *testing.T) {
	const others = `{"metadata": {"namespace": "n", "name": "o", "finalizers": ["example.com/theirs"]}, "spec": {}}`
	cases := map[string]struct {
		why  string
		host fakeHost
		ask  admission.Request
		want string // the patch
	}{
		"a new one":                {why: "it must not be gone before its copies are", ask: ask("federatedconfigmaps", fine, ""), want: `[{"op":"add","path":"/metadata/finalizers","value":["kubefed.io/sync-controller"]}]`},
		"one with others' ":        {why: "theirs stay", ask: ask("federatedconfigmaps", others, ""), want: `[{"op":"add","path":"/metadata/finalizers/1","value":"kubefed.io/sync-controller"}]`},
		"an update":                {why: "whoever takes it off may have a reason", ask: ask("federatedconfigmaps", fine, fine), want: "null"},
		"a type that nobody knows": {why: "nobody would take it off", ask: ask("federatedpods", fine, ""), want: "null"},
		"the host does not answer": {why: "as above", host: fakeHost{err: errors.New("gone")}, ask: ask("federatedconfigmaps", fine, ""), want: "null"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := federated{reader: c.host}.hold(t.Context(), c.ask)
			patch, err := json.Marshal(got.Patches)
			if err != nil || !got.Allowed {
				t.Fatalf("allowed %t, %v", got.Allowed, err)
			}
			if diff := cmp.Diff(c.want, string(patch)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

func TestKubeFedsKinds(t *testing.T) {
	status := ask("kubefedclusters", `{"spec": {}, "status": {"conditions": [{"type": "Ready", "status": "Maybe", "lastProbeTime": "2026-01-01T00:00:00Z"}]}}`, "")
	status.SubResource = "status"
	cases := map[string]struct {
		why  string
		got  admission.Response
		want outcome
	}{
		"a status": {
			why: "the spec is not what is written", got: kubeFeds(judge.Cluster)(t.Context(), status),
			want: outcome{Refused: `403 status.conditions[0].status: Unsupported value: "Maybe": supported values: "True", "False", "Unknown"`},
		},
		"a configuration": {why: "the scope is all that it needs", got: validateConfig(t.Context(), ask("kubefedconfigs", `{"spec": {"scope": "Cluster"}}`, ""))},
		"another scope": {
			why: "it cannot be changed", got: validateConfig(t.Context(), ask("kubefedconfigs", `{"spec": {"scope": "Cluster"}}`, `{"spec": {"scope": "Namespaced"}}`)),
			want: outcome{Refused: "403 spec.scope: is Namespaced and may not be changed: every object would have to be decided about anew"},
		},
		"no configuration": {
			why: "it cannot be read", got: defaultConfig(t.Context(), ask("kubefedconfigs", `{"spec": 1}`, "")),
			want: outcome{Refused: "400 read KubeFedConfig: json: cannot unmarshal number into Go struct field KubeFedConfig.spec of type v1beta1.KubeFedConfigSpec"},
		},
		"defaults of an update": {why: "KubeFed fills in on creation alone", got: defaultConfig(t.Context(), ask("kubefedconfigs", `{"spec": 1}`, `{}`))},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, outcomeOf(c.got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
	if got := defaultConfig(t.Context(), ask("kubefedconfigs", `{"spec": {"scope": "Cluster"}}`, "")); !got.Allowed || len(got.Patches) == 0 {
		t.Errorf("nothing is filled in: %+v", got)
	}
}

func TestManyFaultsAreCut(t *testing.T) {
	j := judge.Judgement{}
	for i := range 50 {
		j.Faults = append(j.Faults, fmt.Sprintf("fault %d", i))
	}
	got := answer(j)
	if got.Result.Code != http.StatusForbidden || !strings.HasSuffix(got.Result.Message, "; and 30 more") {
		t.Errorf("%+v", got.Result)
	}
}
