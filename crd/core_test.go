package crd_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	corev1alpha1 "sigs.k8s.io/kubefed/pkg/apis/core/v1alpha1"
	corev1beta1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"
	schedulingv1alpha1 "sigs.k8s.io/kubefed/pkg/apis/scheduling/v1alpha1"
	"sigs.k8s.io/randfill"

	"github.com/fedsync/fedsync/crd"
)

// asObject returns what a client sends for a value.
func asObject(t *testing.T, value any) map[string]any {
	t.Helper()

	bytes, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}

	object := map[string]any{}
	if err := utiljson.Unmarshal(bytes, &object); err != nil {
		t.Fatal(err)
	}

	return object
}

func TestCoreDefinitionsHoldWhatKubeFedsGoTypesHold(t *testing.T) {
	t.Parallel()

	kinds := map[string]func() any{
		"core-kubefedclusters":              func() any { return &corev1beta1.KubeFedCluster{} },
		"core-federatedtypeconfigs":         func() any { return &corev1beta1.FederatedTypeConfig{} },
		"core-kubefedconfigs":               func() any { return &corev1beta1.KubeFedConfig{} },
		"core-propagatedversions":           func() any { return &corev1alpha1.PropagatedVersion{} },
		"core-clusterpropagatedversions":    func() any { return &corev1alpha1.ClusterPropagatedVersion{} },
		"core-replicaschedulingpreferences": func() any { return &schedulingv1alpha1.ReplicaSchedulingPreference{} },
	}

	for name, empty := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			kind := serve(t, installed(t, name))
			filler := randfill.NewWithSeed(rand.Int64()).NilChance(0).NumElements(1, 3).Funcs(
				func(moment *metav1.Time, _ randfill.Continue) { moment.Time = time.Unix(rand.Int64N(4e9), 0) },
				func(meta *metav1.ObjectMeta, _ randfill.Continue) { meta.Name = "some-name" },
				func(meta *metav1.TypeMeta, _ randfill.Continue) { meta.Kind, meta.APIVersion = "SomeKind", "some/v1" },
			)

			for range 20 {
				value := empty()
				filler.Fill(value)

				sent := asObject(t, value)
				stored := asObject(t, value)

				if faults := kind.admit(stored); len(faults) > 0 {
					t.Fatalf("refused: %v\n%v", faults.ToAggregate(), sent)
				}

				if diff := cmp.Diff(sent, stored); diff != "" {
					t.Fatalf("a server changes it (-sent +stored):\n%s", diff)
				}
			}
		})
	}
}

func TestStatusOfAMember(t *testing.T) {
	t.Parallel()

	clusters := serve(t, installed(t, "core-kubefedclusters"))

	tests := map[string]struct{ why, status, wantFault string }{
		"as KubeFed writes it": {
			status: `{conditions: [{type: Ready, status: "True", lastProbeTime: "2026-01-02T03:04:05Z",
				lastTransitionTime: "2026-01-02T03:04:05Z", reason: ClusterReady, message: /healthz responded with ok}],
				kubernetesVersion: v1.37.2}`,
		},
		"no transition yet":  {status: `{conditions: [{type: Offline, status: "True", lastProbeTime: "2026-01-02T03:04:05Z"}]}`},
		"no conditions":      {status: `{conditions: []}`},
		"conditions missing": {status: `{}`, wantFault: "status.conditions"},
		"never probed": {
			why:       "a Go time that was not set is sent as null, which a server drops",
			status:    `{conditions: [{type: Ready, status: "True", lastProbeTime: null}]}`,
			wantFault: "status.conditions[0].lastProbeTime",
		},
	}

	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			object := decode(t, "{spec: {apiEndpoint: a, secretRef: {name: b}}, status: "+tc.status+"}")

			var got string
			for _, fault := range clusters.admit(object) {
				got += fault.Field
			}

			if got != tc.wantFault {
				t.Errorf("%s: want a fault in %q, got %q", tc.why, tc.wantFault, got)
			}
		})
	}
}

func TestConditionsOfATypeConfig(t *testing.T) {
	t.Parallel()

	configs := serve(t, installed(t, "core-federatedtypeconfigs"))
	status := func(conditions ...metav1.Condition) map[string]any {
		object := asObject(t, map[string]any{"status": map[string]any{
			"observedGeneration": 1, "propagationController": "NotRunning", "conditions": conditions,
		}})
		spec := asObject(t, corev1beta1.FederatedTypeConfig{})
		object["spec"] = spec["spec"]

		return object
	}
	accepted := metav1.Condition{
		Type: "Accepted", Status: metav1.ConditionFalse, Reason: "KindTaken", Message: "choose another kind",
		ObservedGeneration: 1, LastTransitionTime: metav1.Unix(1, 0),
	}

	want := status(accepted)
	got := status(accepted)

	if faults := configs.admit(got); len(faults) > 0 {
		t.Errorf("refused: %v", faults.ToAggregate())
	}

	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a server changes it (-sent +stored):\n%s", diff)
	}

	if faults := configs.admit(status(accepted, accepted)); len(faults) == 0 {
		t.Error("two conditions of one type are accepted")
	}

	accepted.Message = strings.Repeat("x", crd.MaxConditionMessage+1)
	if faults := configs.admit(status(accepted)); len(faults) == 0 {
		t.Error("a message without end is accepted")
	}
}

func TestCompleteLeavesItsArgumentAlone(t *testing.T) {
	t.Parallel()

	given := installed(t, "core-federatedtypeconfigs")
	given.Annotations = map[string]string{"controller-gen.kubebuilder.io/version": "v0"}
	given.Spec.Versions[0].Schema.OpenAPIV3Schema.Description = "theirs"
	before := given.DeepCopy()

	done, err := crd.Complete(given)
	if err != nil {
		t.Fatal(err)
	}

	if diff := cmp.Diff(before, given); diff != "" {
		t.Errorf("the argument (-before +after):\n%s", diff)
	}

	if diff := cmp.Diff(installed(t, "core-federatedtypeconfigs"), done); diff != "" {
		t.Errorf("completed (-chart +got):\n%s", diff)
	}
}

func TestCompleteRefuses(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		spoil func(*apiextensionsv1.CustomResourceDefinition)
		want  string
	}{
		"a kind that is not served": {
			spoil: func(d *apiextensionsv1.CustomResourceDefinition) { d.Name = "federatedservicestatuses.core.kubefed.io" },
			want:  `complete definition "federatedservicestatuses.core.kubefed.io": not a core kind of fedsync`,
		},
		"a version without schema": {
			spoil: func(d *apiextensionsv1.CustomResourceDefinition) { d.Spec.Versions[0].Schema = nil },
			want:  `complete definition "kubefedclusters.core.kubefed.io": version "v1beta1" has no schema`,
		},
		"a field that is gone": {
			spoil: func(d *apiextensionsv1.CustomResourceDefinition) {
				delete(d.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties, "spec")
			},
			want: `complete definition "kubefedclusters.core.kubefed.io": find field "spec": there is none`,
		},
		"a list that is none": {
			spoil: func(d *apiextensionsv1.CustomResourceDefinition) {
				properties := d.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["status"].Properties
				properties["conditions"] = apiextensionsv1.JSONSchemaProps{Type: "string"}
			},
			want: `complete definition "kubefedclusters.core.kubefed.io": step into field "conditions[]": it is neither list nor map`,
		},
	}

	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			definition := installed(t, "core-kubefedclusters")
			tc.spoil(definition)

			_, err := crd.Complete(definition)
			if err == nil || err.Error() != tc.want {
				t.Errorf("want %q, got %v", tc.want, err)
			}
		})
	}
}

func TestCoreFilesRefuses(t *testing.T) {
	t.Parallel()

	if _, err := crd.CoreFiles([]byte("---\na: b\n")); err == nil || !strings.Contains(err.Error(), "no kubefedclusters.core.kubefed.io") {
		t.Errorf("want an error that names what is missing, got %v", err)
	}

	if _, err := crd.CoreFiles([]byte("a: [")); err == nil {
		t.Error("YAML that is none is accepted")
	}
}
