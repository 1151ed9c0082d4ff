package federation

import "fmt"

// KubeFedConfig returns the manifest of a KubeFedConfig with all of KubeFed's defaults, which its webhook would fill in, and
// of the namespace that it is in. The scope is "Cluster" or "Namespaced".
func KubeFedConfig(namespace, scope string, collectStatus bool) []byte {
	collection := "Disabled"
	if collectStatus {
		collection = "Enabled"
	}
	return fmt.Appendf(nil, kubeFedConfig, namespace, scope, collection)
}

const kubeFedConfig = `
apiVersion: v1
kind: Namespace
metadata: {name: %[1]s}
---
apiVersion: core.kubefed.io/v1beta1
kind: KubeFedConfig
metadata: {name: kubefed, namespace: %[1]s}
spec:
  scope: %[2]s
  controllerDuration: {availableDelay: 20s, unavailableDelay: 60s, cacheSyncTimeout: 5m}
  leaderElect: {leaseDuration: 15s, renewDeadline: 10s, retryPeriod: 5s, resourceLock: configmaps}
  featureGates:
  - {name: PushReconciler, configuration: Enabled}
  - {name: RawResourceStatusCollection, configuration: %[3]s}
  - {name: SchedulerPreferences, configuration: Enabled}
  clusterHealthCheck: {period: 10s, failureThreshold: 3, successThreshold: 1, timeout: 3s}
  syncController: {maxConcurrentReconciles: 1, adoptResources: Enabled}
  statusController: {maxConcurrentReconciles: 1}
`
