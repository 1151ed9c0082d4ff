package host

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"
	"sigs.k8s.io/yaml"

	"github.com/fedsync/fedsync/federation/member"
)

// kubeFedConfig reads the spec of a KubeFedConfig as an API server would hand it out.
func kubeFedConfig(t *testing.T, spec string) *fedv1b1.KubeFedConfig {
	t.Helper()
	c := &fedv1b1.KubeFedConfig{}
	if err := yaml.UnmarshalStrict([]byte(`{spec: `+spec+`}`), c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDecodeConfig(t *testing.T) {
	but := func(change func(*Config)) Config {
		c := DefaultConfig()
		change(&c)
		return c
	}
	tests := map[string]struct {
		why, spec string
		want      Config
	}{
		"a scope alone": {why: "everything else has KubeFed's defaults", spec: `{scope: Cluster}`, want: DefaultConfig()},
		"sections without content": {
			why:  "what they leave out has KubeFed's defaults too",
			spec: `{scope: Cluster, controllerDuration: {}, leaderElect: {}, featureGates: [], clusterHealthCheck: {}, syncController: {}, statusController: {}}`, want: DefaultConfig(),
		},
		"what KubeFed's chart writes": {
			why: "it is the defaults, written out", want: DefaultConfig(),
			spec: `{scope: Cluster, controllerDuration: {availableDelay: 20s, unavailableDelay: 60s, cacheSyncTimeout: 5m}, leaderElect: {leaseDuration: 15s, renewDeadline: 10s, retryPeriod: 500ms, resourceLock: configmaps},
				featureGates: [{name: PushReconciler, configuration: Enabled}, {name: RawResourceStatusCollection, configuration: Disabled}, {name: SchedulerPreferences, configuration: Enabled}],
				clusterHealthCheck: {period: 10s, timeout: 3s, failureThreshold: 3, successThreshold: 1}, syncController: {maxConcurrentReconciles: 1, adoptResources: Enabled}, statusController: {maxConcurrentReconciles: 1}}`,
		},
		"everything else": {
			why: "each value reaches its setting",
			spec: `{scope: Namespaced, controllerDuration: {availableDelay: 1s, unavailableDelay: 2s, cacheSyncTimeout: 3s}, leaderElect: {leaseDuration: 30s, renewDeadline: 20s, retryPeriod: 2s, resourceLock: endpoints},
				featureGates: [{name: PushReconciler, configuration: Disabled}, {name: RawResourceStatusCollection, configuration: Enabled}, {name: SchedulerPreferences, configuration: Disabled}],
				clusterHealthCheck: {period: 5s, timeout: 1s, failureThreshold: 4, successThreshold: 2}, syncController: {maxConcurrentReconciles: 7, adoptResources: Disabled}, statusController: {maxConcurrentReconciles: 9}}`,
			want: Config{
				Limited: true, LeaseDuration: 30 * time.Second, RenewDeadline: 20 * time.Second, RetryPeriod: 2 * time.Second, CollectStatus: true, Concurrency: 7,
				Health: member.Thresholds{Period: 5 * time.Second, Timeout: time.Second, Failure: 4, Success: 2},
			},
		},
		"one gate": {
			why: "the others keep their defaults", spec: `{scope: Cluster, featureGates: [{name: RawResourceStatusCollection, configuration: Enabled}]}`,
			want: but(func(c *Config) { c.CollectStatus = true }),
		},
		"a renewal that is just long enough": {
			why: "more than 1.2 times the period", spec: `{scope: Cluster, leaderElect: {leaseDuration: 6002ms, renewDeadline: 6001ms}}`,
			want: but(func(c *Config) { c.LeaseDuration, c.RenewDeadline = 6002*time.Millisecond, 6001*time.Millisecond }),
		},
		"a number that nobody needs": {
			why: "it would become as many goroutines", spec: `{scope: Cluster, syncController: {maxConcurrentReconciles: 9000000000}}`,
			want: but(func(c *Config) { c.Concurrency = 1000 }),
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeConfig(kubeFedConfig(t, tc.spec))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

// The rules are those of KubeFed's webhook: pkg/apis/core/v1beta1/validation.
func TestDecodeConfigRefuses(t *testing.T) {
	tests := map[string]struct {
		why, spec string
		want      []string
	}{
		"no scope":      {why: "it cannot be guessed", spec: `{}`, want: []string{`spec.scope: must be Cluster or Namespaced, not ""`}},
		"another scope": {why: "the value is quoted", spec: `{scope: cluster}`, want: []string{`spec.scope: must be Cluster or Namespaced, not "cluster"`}},
		"delays of nothing": {
			why:  "KubeFed would refuse them, although nothing here waits for them",
			spec: `{scope: Cluster, controllerDuration: {availableDelay: 0s, unavailableDelay: -1s, cacheSyncTimeout: 0s}}`,
			want: []string{
				"spec.controllerDuration.availableDelay: must be greater than 0", "spec.controllerDuration.unavailableDelay: must be greater than 0",
				"spec.controllerDuration.cacheSyncTimeout: must be greater than 0",
			},
		},
		"an election of nothing": {
			why:  "each field is named",
			spec: `{scope: Cluster, leaderElect: {leaseDuration: 0s, renewDeadline: 0s, retryPeriod: 0s, resourceLock: leases}}`,
			want: []string{
				"spec.leaderElect.leaseDuration: must be greater than 0", "spec.leaderElect.renewDeadline: must be greater than 0", "spec.leaderElect.retryPeriod: must be greater than 0",
				`spec.leaderElect.resourceLock: must be configmaps or endpoints, not "leases"`,
			},
		},
		"a lease as long as its renewal": {
			why: "it would run out while it is renewed", spec: `{scope: Cluster, leaderElect: {leaseDuration: 10s}}`,
			want: []string{"spec.leaderElect.leaseDuration: must be greater than renewDeadline"},
		},
		"a renewal as long as 1.2 periods": {
			why: "one attempt may be late by a fifth", spec: `{scope: Cluster, leaderElect: {renewDeadline: 6s, retryPeriod: 5s}}`,
			want: []string{"spec.leaderElect.renewDeadline: must be greater than 1.2 times retryPeriod"},
		},
		"a lease of less than a second": {
			why: "a Lease stores whole seconds", spec: `{scope: Cluster, leaderElect: {leaseDuration: 900ms, renewDeadline: 800ms, retryPeriod: 100ms}}`,
			want: []string{"spec.leaderElect.leaseDuration: must be at least 1s"},
		},
		"faulty gates": {
			why: "a typo would otherwise switch nothing, in silence",
			spec: `{scope: Cluster, featureGates: [{name: PushReconsiler, configuration: Enabled}, {name: PushReconciler, configuration: enabled},
				{name: SchedulerPreferences, configuration: Enabled}, {name: SchedulerPreferences, configuration: Disabled}]}`,
			want: []string{
				`spec.featureGates[0].name: "PushReconsiler" is not one of PushReconciler, RawResourceStatusCollection, SchedulerPreferences`,
				`spec.featureGates[1].configuration: must be Enabled or Disabled, not "enabled"`, `spec.featureGates[3].name: "SchedulerPreferences" is given twice`,
			},
		},
		"health checks of nothing": {
			why:  "each field is named",
			spec: `{scope: Cluster, clusterHealthCheck: {period: 0s, timeout: 0s, failureThreshold: 0, successThreshold: -1}}`,
			want: []string{
				"spec.clusterHealthCheck.period: must be greater than 0", "spec.clusterHealthCheck.timeout: must be greater than 0",
				"spec.clusterHealthCheck.failureThreshold: must be greater than 0", "spec.clusterHealthCheck.successThreshold: must be greater than 0",
			},
		},
		"faulty controllers": {
			why:  "a typo in adoptResources must not take over anybody's objects",
			spec: `{scope: Cluster, syncController: {maxConcurrentReconciles: 0, adoptResources: disabled}, statusController: {maxConcurrentReconciles: 0}}`,
			want: []string{
				"spec.syncController.maxConcurrentReconciles: must be greater than 0", `spec.syncController.adoptResources: must be Enabled or Disabled, not "disabled"`,
				"spec.statusController.maxConcurrentReconciles: must be greater than 0",
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeConfig(kubeFedConfig(t, tc.spec))
			if err == nil {
				t.Fatalf("accepted, although %s", tc.why)
			}
			if diff := cmp.Diff(tc.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}
