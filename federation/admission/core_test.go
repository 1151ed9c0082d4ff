package admission_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/federation/admission"
)

const (
	goodType    = `{"metadata": {"name": "configmaps"}, "spec": {"propagation": "Enabled", "targetType": {"kind": "ConfigMap", "pluralName": "configmaps", "scope": "Namespaced", "version": "v1"}, "federatedType": {"group": "types.kubefed.io", "kind": "FederatedConfigMap", "pluralName": "federatedconfigmaps", "scope": "Namespaced", "version": "v1beta1"}}}`
	goodCluster = `{"metadata": {"name": "a"}, "spec": {"apiEndpoint": "https://a:6443", "secretRef": {"name": "a"}}}`
)

func TestCore(t *testing.T) {
	replaced := strings.NewReplacer
	defaulted := func(t *testing.T, change *strings.Replacer) []byte {
		t.Helper()
		spec, j := admission.Defaults([]byte(`{"metadata": {"name": "kubefed"}, "spec": {"scope": "Cluster"}}`))
		if j.Malformed != "" {
			t.Fatal(j.Malformed)
		}
		return []byte(`{"metadata": {"name": "kubefed"}, "spec": ` + change.Replace(string(spec)) + `}`)
	}
	cases := map[string]struct {
		why  string
		got  admission.Judgement
		want admission.Judgement
	}{
		"a type":          {why: "it is one of the defaults", got: admission.TypeConfig([]byte(goodType), false)},
		"a type's status": {why: "a faulty spec is no fault of the status", got: admission.TypeConfig([]byte(`{"status": {"propagationController": "Running", "statusController": "NotRunning"}}`), true)},
		"a type's faulty status": {
			why: "only the status is judged", got: admission.TypeConfig([]byte(`{"status": {"propagationController": "Walking"}}`), true),
			want: admission.Judgement{Faults: []string{`status.propagationController: Unsupported value: "Walking": supported values: "Running", "NotRunning"`}},
		},
		"a type without a group": {
			why: "KubeFed's e2e suite has this one", got: admission.TypeConfig([]byte(strings.ReplaceAll(goodType, "types.kubefed.io", "")), false),
			want: admission.Judgement{Faults: []string{"spec.federatedType.group: Required value"}},
		},
		"scopes that differ": {
			why: "KubeFed accepts it and fedsync says so in the status", got: admission.TypeConfig([]byte(replaced(`"federatedconfigmaps", "scope": "Namespaced"`, `"federatedconfigmaps", "scope": "Cluster"`).Replace(goodType)), false),
			want: admission.Judgement{Warnings: []string{"spec.federatedType.scope: must be that of spec.targetType"}},
		},
		"a type of no JSON": {why: "as with all", got: admission.TypeConfig([]byte(`{"spec": 1}`), false), want: admission.Judgement{Malformed: "read FederatedTypeConfig: json: cannot unmarshal number into Go struct field FederatedTypeConfig.spec of type v1beta1.FederatedTypeConfigSpec"}},
		"a cluster":         {why: "as joined", got: admission.Cluster([]byte(goodCluster), false)},
		"a cluster of nowhere": {
			why: "KubeFed's e2e suite has this one", got: admission.Cluster([]byte(replaced("https://a:6443", "").Replace(goodCluster)), false),
			want: admission.Judgement{Faults: []string{`spec.apiEndpoint: Required value`}},
		},
		"a proxy of no URL": {
			why: "KubeFed's own validation ends the process", got: admission.Cluster([]byte(replaced(`"apiEndpoint"`, `"proxyURL": "http://[", "apiEndpoint"`).Replace(goodCluster)), false),
			want: admission.Judgement{Faults: []string{`spec.proxyURL: Invalid value: "http://[": must be a URL`}},
		},
		"a configuration": {why: "the defaults are valid", got: admission.Config(defaulted(t, replaced()), nil)},
		"a configuration that cannot be": {
			why: "KubeFed's e2e suite has this one", got: admission.Config(defaulted(t, replaced(`"adoptResources":"Enabled"`, `"adoptResources":"Unknown"`)), nil),
			want: admission.Judgement{Faults: []string{`spec.syncController.adoptResources: must be Enabled or Disabled, not "Unknown"`}},
		},
		"another scope": {
			why: "every object would have to be looked at anew", got: admission.Config(defaulted(t, replaced(`"Cluster"`, `"Namespaced"`)), defaulted(t, replaced())),
			want: admission.Judgement{Faults: []string{"spec.scope: is Cluster and may not be changed: every object would have to be decided about anew"}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

// TestDefaults compares with the table in KubeFed's documentation; what a user set stays.
func TestDefaults(t *testing.T) {
	spec, j := admission.Defaults([]byte(`{"spec": {"scope": "Namespaced", "clusterHealthCheck": {"period": "1m0s"}, "featureGates": [{"name": "PushReconciler", "configuration": "Disabled"}]}}`))
	if j.Malformed != "" {
		t.Fatal(j.Malformed)
	}
	var got, want any
	const expected = `{
		"scope": "Namespaced",
		"controllerDuration": {"availableDelay": "20s", "unavailableDelay": "1m0s", "cacheSyncTimeout": "5m0s"},
		"leaderElect": {"leaseDuration": "15s", "renewDeadline": "10s", "retryPeriod": "5s", "resourceLock": "configmaps"},
		"featureGates": [{"name": "PushReconciler", "configuration": "Disabled"}, {"name": "RawResourceStatusCollection", "configuration": "Disabled"}, {"name": "SchedulerPreferences", "configuration": "Enabled"}],
		"clusterHealthCheck": {"period": "1m0s", "failureThreshold": 3, "successThreshold": 1, "timeout": "3s"},
		"syncController": {"maxConcurrentReconciles": 1, "adoptResources": "Enabled"},
		"statusController": {"maxConcurrentReconciles": 1}}`
	if json.Unmarshal(spec, &got) != nil || json.Unmarshal([]byte(expected), &want) != nil {
		t.Fatalf("no JSON: %s", spec)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzCore(f *testing.F) {
	f.Add(goodType, true)
	f.Add(goodCluster, false)
	f.Add(`{"spec": {"featureGates": [{}], "leaderElect": {}}}`, false)
	f.Fuzz(func(t *testing.T, sent string, status bool) {
		for name, j := range map[string]admission.Judgement{
			"cluster": admission.Cluster([]byte(sent), status), "type": admission.TypeConfig([]byte(sent), status), "config": admission.Config([]byte(sent), []byte(sent)),
		} {
			if j.Malformed != "" && len(j.Faults)+len(j.Warnings) > 0 {
				t.Errorf("%s: judged although it cannot be read: %+v", name, j)
			}
		}
		admission.Defaults([]byte(sent))
	})
}
