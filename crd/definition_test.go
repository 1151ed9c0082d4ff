package crd_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/crd"
	"github.com/fedsync/fedsync/fleet"
)

// typeOf returns the default type with the given name.
func typeOf(t *testing.T, name fleet.TypeName) crd.Type {
	t.Helper()

	for _, candidate := range crd.Default() {
		if candidate.Name == name {
			return candidate
		}
	}

	t.Fatalf("no default type %q", name)

	return crd.Type{}
}

func TestDefinitionAccepts(t *testing.T) {
	t.Parallel()

	tests := map[string]struct{ why, object string }{
		"empty spec": {
			why:    "a ConfigMap has no spec, so its federated object may say nothing yet",
			object: `spec: {}`,
		},
		"everything that is specified": {
			why: "the whole of KubeFed's schema",
			object: `
spec:
  template: {metadata: {labels: {a: b}}, spec: {replicas: 3, unheardOf: [1, {x: y}]}}
  placement:
    clusters: [{name: member1}]
    clusterSelector:
      matchLabels: {region: eu}
      matchExpressions: [{key: tier, operator: In, values: [production]}, {key: gpu, operator: Exists}]
  overrides:
  - clusterName: member1
    clusterOverrides:
    - {path: /spec/replicas, value: 5}
    - {op: "", path: /a, value: text}
    - {op: add, path: /b, value: {c: [1]}}
    - {op: replace, path: /c, value: true}
    - {op: remove, path: /d}
  retainReplicas: true
status:
  observedGeneration: 3
  conditions:
  - {type: Propagation, status: "False", reason: CheckClusters, message: see clusters,
     lastUpdateTime: "2026-01-02T03:04:05Z", lastTransitionTime: "2026-01-02T03:04:05Z"}
  clusters:
  - {name: member1}
  - {name: member2, status: ClusterNotReady, message: wait for it, remoteStatus: {replicas: 1, x: {y: z}}}
`,
		},
		"override without operation and cluster": {
			why:    "KubeFed asks only for the path",
			object: `spec: {overrides: [{clusterOverrides: [{path: /a}]}]}`,
		},
		"cluster twice": {
			why:    "KubeFed takes it, and what it means is not the schema's affair",
			object: `spec: {placement: {clusters: [{name: a}, {name: a}]}}`,
		},
		"status of KubeFed": {
			why:    "what a stopped KubeFed left behind must stay valid, or nobody can change the object",
			object: `{spec: {}, status: {conditions: [{type: Propagation, status: "True"}], clusters: [{name: a, status: AlreadyExists}]}}`,
		},
		"empty reason": {
			why:    "KubeFed's reason for success is the empty string",
			object: `{spec: {}, status: {conditions: [{type: Propagation, status: "True", reason: ""}]}}`,
		},
		"longest messages": {
			why: "the bounds count characters, not bytes",
			object: `{spec: {}, status: {conditions: [{type: a, status: b, message: "` + strings.Repeat("é", crd.MaxConditionMessage) + `"}],
				clusters: [{name: a, message: "` + strings.Repeat("é", crd.MaxClusterMessage) + `"}]}}`,
		},
	}

	definition, err := crd.Definition(typeOf(t, "deployments.apps"))
	if err != nil {
		t.Fatal(err)
	}

	deployments := serve(t, definition)

	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			object, want := decode(t, tc.object), decode(t, tc.object)
			if faults := deployments.admit(object); len(faults) > 0 {
				t.Errorf("refused, but %s: %v", tc.why, faults.ToAggregate())
			}

			if diff := cmp.Diff(want, object); diff != "" {
				t.Errorf("a server changes it, but %s (-sent +stored):\n%s", tc.why, diff)
			}
		})
	}
}

func TestDefinitionRefuses(t *testing.T) {
	t.Parallel()

	tests := map[string]struct{ object, wantField string }{
		"no spec":                       {object: `{data: {a: b}}`, wantField: "spec"},
		"placement that is a list":      {object: `spec: {placement: []}`, wantField: "spec.placement"},
		"cluster without name":          {object: `spec: {placement: {clusters: [{}]}}`, wantField: "spec.placement.clusters[0].name"},
		"cluster that is a string":      {object: `spec: {placement: {clusters: [a]}}`, wantField: "spec.placement.clusters[0]"},
		"label that is a number":        {object: `spec: {placement: {clusterSelector: {matchLabels: {a: 1}}}}`, wantField: "spec.placement.clusterSelector.matchLabels.a"},
		"expression without operator":   {object: `spec: {placement: {clusterSelector: {matchExpressions: [{key: a}]}}}`, wantField: "spec.placement.clusterSelector.matchExpressions[0].operator"},
		"override without path":         {object: `spec: {overrides: [{clusterOverrides: [{value: 1}]}]}`, wantField: "spec.overrides[0].clusterOverrides[0].path"},
		"operation that is not allowed": {object: `spec: {overrides: [{clusterOverrides: [{op: move, path: /a}]}]}`, wantField: "spec.overrides[0].clusterOverrides[0].op"},
		"template that is text":         {object: `spec: {template: text}`, wantField: "spec.template"},
		"condition without status":      {object: `{spec: {}, status: {conditions: [{type: a}]}}`, wantField: "status.conditions[0].status"},
		"time that is none":             {object: `{spec: {}, status: {conditions: [{type: a, status: b, lastUpdateTime: now}]}}`, wantField: "status.conditions[0].lastUpdateTime"},
		"message that is too long":      {object: `{spec: {}, status: {clusters: [{name: a, message: "` + strings.Repeat("x", crd.MaxClusterMessage+1) + `"}]}}`, wantField: "status.clusters[0].message"},
	}

	definition, err := crd.Definition(typeOf(t, "configmaps"))
	if err != nil {
		t.Fatal(err)
	}

	configMaps := serve(t, definition)

	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var fields []string
			for _, fault := range configMaps.admit(decode(t, tc.object)) {
				fields = append(fields, fault.Field)
			}

			if diff := cmp.Diff([]string{tc.wantField}, fields); diff != "" {
				t.Errorf("fields at fault (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRetainReplicasIsThereOnlyIfAskedFor(t *testing.T) {
	t.Parallel()

	for _, federated := range crd.Default() {
		definition, err := crd.Definition(federated)
		if err != nil {
			t.Fatal(err)
		}

		object := decode(t, `spec: {retainReplicas: true}`)
		if faults := serve(t, definition).admit(object); len(faults) > 0 {
			t.Errorf("%s: %v", federated.Name, faults.ToAggregate())
		}

		want := map[string]any{}
		if federated.Name == "deployments.apps" || federated.Name == "replicasets.apps" {
			want["retainReplicas"] = true
		}

		if diff := cmp.Diff(map[string]any{"spec": want}, object); diff != "" {
			t.Errorf("%s: what a server stores (-want +got):\n%s", federated.Name, diff)
		}
	}
}

func TestDefinitionOfATypeWithoutShortNames(t *testing.T) {
	t.Parallel()

	widget := crd.Federate(fleet.Resource{Group: "example.com", Version: "v2", Kind: "Widget", Plural: "widgets", Namespaced: true})

	definition, err := crd.Definition(widget)
	if err != nil {
		t.Fatal(err)
	}

	serve(t, definition)

	if want := "federatedwidgets.types.kubefed.io"; definition.Name != want {
		t.Errorf("name: want %q, got %q", want, definition.Name)
	}

	if names := definition.Spec.Names.ShortNames; len(names) > 0 {
		t.Errorf("short names: want none, got %q", names)
	}
}
