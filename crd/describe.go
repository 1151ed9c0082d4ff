package crd

// field is a described field: see path.go for how a path reads.
type field struct{ path, description string }

// coreFields returns our descriptions of a core definition's fields, which `kubectl explain` shows.
func coreFields(name string) []field {
	fields := map[string]func() []field{
		nameFederatedTypeConfig:                  typeConfigFields,
		"kubefedclusters." + coreGroup:           clusterFields,
		nameKubeFedConfig:                        configFields,
		"propagatedversions." + coreGroup:        versionFields,
		"clusterpropagatedversions." + coreGroup: versionFields,
		namePreference:                           preferenceFields,
	}[name]
	if fields == nil {
		return nil
	}

	return fields()
}

func typeConfigFields() []field {
	fields := []field{
		{"", "FederatedTypeConfig makes a kind federated: objects of the federated kind on the host become objects of the " +
			"target kind in the members. Its name is that of the target, such as configmaps or deployments.apps."},
		{"spec.targetType", "The kind that members get."},
		{"spec.federatedType", "The kind that users write on the host."},
		{"spec.statusType", "Kept for KubeFed: the kind that held collected status."},
		{"spec.propagation", "Enabled or Disabled. Disabled stops writing to members and leaves the copies as they are."},
		{"spec.statusCollection", "Enabled or Disabled: whether the status of each copy is shown in its federated object."},
		{"status.observedGeneration", "The generation of the object that this status speaks of."},
		{"status.propagationController", "Running or NotRunning: whether the type is being propagated."},
		{"status.statusController", "Running or NotRunning: whether the status of copies is being collected."},
		{"status.conditions", "Why a type is not propagated, if it is not."},
	}

	for _, role := range []string{"targetType", "federatedType", "statusType"} {
		at := "spec." + role
		fields = append(
			fields,
			field{at + ".group", "The API group; empty for the core group."},
			field{at + ".version", "The version within the group."},
			field{at + ".kind", "The kind, in camel case and singular."},
			field{at + ".pluralName", "The resource, in lower case and plural."},
			field{at + ".scope", "Namespaced or Cluster."},
		)
	}

	return fields
}

func clusterFields() []field {
	return []field{
		{"", "KubeFedCluster registers a member. Placement selects members by its name and labels."},
		{"spec.apiEndpoint", "Where the member's API server is: a host, host:port or URL."},
		{"spec.caBundle", "The certificates, in PEM, that the member's API server is verified with. Empty: the system's."},
		{"spec.secretRef", "The Secret in the same namespace whose key token holds the bearer token for the member."},
		{"spec.secretRef.name", "The name of the Secret."},
		{"spec.disabledTLSValidations", "What is not verified about the member's certificate: SubjectName, ValidityPeriod, " +
			"or * alone for nothing at all."},
		{"spec.proxyURL", "The http, https or socks5 proxy through which the member is reached."},
		{"status.conditions", "What the last health check told."},
		{"status.conditions[].type", "Ready, Offline or ConfigMalformed."},
		{"status.conditions[].status", "True, False or Unknown."},
		{"status.conditions[].lastProbeTime", "When the condition was last checked."},
		{"status.conditions[].lastTransitionTime", "When the status last changed."},
		{"status.conditions[].reason", "One word for why."},
		{"status.conditions[].message", "What happened and what to do next."},
		{"status.kubernetesVersion", "The version that the member's API server tells."},
		{"status.zones", "Kept for KubeFed, which never sets it."},
		{"status.region", "Kept for KubeFed, which never sets it."},
	}
}

func configFields() []field {
	return []field{
		{"", "KubeFedConfig holds the settings of the daemon. The one named kubefed, in the daemon's namespace, is read."},
		{"spec.scope", "Cluster federates all namespaces, Namespaced only the daemon's own. It cannot be changed."},
		{"spec.controllerDuration", "How long to wait for members and caches."},
		{"spec.controllerDuration.availableDelay", "The delay before a change of a ready member is acted on."},
		{"spec.controllerDuration.unavailableDelay", "The delay before a change of an unready member is acted on."},
		{"spec.controllerDuration.cacheSyncTimeout", "How long the first list of a watch may take."},
		{"spec.leaderElect", "How replicas of the daemon choose the one that works."},
		{"spec.leaderElect.leaseDuration", "How long the others wait for a silent leader."},
		{"spec.leaderElect.renewDeadline", "How long the leader tries to renew before it gives up."},
		{"spec.leaderElect.retryPeriod", "The time between two tries."},
		{"spec.leaderElect.resourceLock", "Kept for KubeFed: configmaps or endpoints. The lock is a Lease."},
		{"spec.featureGates", "The features that are switched on or off."},
		{"spec.featureGates[].name", "PushReconciler, SchedulerPreferences or RawResourceStatusCollection."},
		{"spec.featureGates[].configuration", "Enabled or Disabled."},
		{"spec.clusterHealthCheck", "How members are probed."},
		{"spec.clusterHealthCheck.period", "The time between two probes of a member."},
		{"spec.clusterHealthCheck.failureThreshold", "How many failed probes make a ready member unready."},
		{"spec.clusterHealthCheck.successThreshold", "How many good probes make an unready member ready."},
		{"spec.clusterHealthCheck.timeout", "How long a probe may take."},
		{"spec.syncController", "How copies are written."},
		{"spec.syncController.maxConcurrentReconciles", "How many objects are worked on at once."},
		{"spec.syncController.adoptResources", "Enabled or Disabled: whether an object that a member already has becomes " +
			"the copy."},
		{"spec.statusController", "How the status of copies is collected."},
		{"spec.statusController.maxConcurrentReconciles", "How many objects are worked on at once."},
	}
}

func versionFields() []field {
	return []field{
		{"", "What KubeFed last wrote to members, for one federated object. The name is the target's kind in lower case, a " +
			"dash and the object's name."},
		{"status", "The versions last written."},
		{"status.templateVersion", "The hash of the template."},
		{"status.overridesVersion", "The hash of the overrides."},
		{"status.clusterVersions", "The version of the copy in each member."},
		{"status.clusterVersions[].clusterName", "The member."},
		{"status.clusterVersions[].version", "gen: and the copy's generation or, if it has none, rv: and its resourceVersion."},
	}
}

func preferenceFields() []field {
	return []field{
		{"", "ReplicaSchedulingPreference divides replicas among members, for the federated object of the same name."},
		{"spec.targetKind", "FederatedDeployment or FederatedReplicaSet."},
		{"spec.totalReplicas", "The replicas of all members together."},
		{"spec.rebalance", "Whether running replicas may be moved to keep to the preferences."},
		{"spec.intersectWithClusterSelector", "Whether only members that the object's clusterSelector chooses get replicas."},
		{"spec.clusters", "Preferences by member; * stands for members not named. Empty: all members alike."},
		{"spec.clusters{}.minReplicas", "The fewest replicas that the member gets."},
		{"spec.clusters{}.maxReplicas", "The most replicas that the member gets. Unset: no limit."},
		{"spec.clusters{}.weight", "The member's share of what is left after the minimums, against the other weights."},
	}
}
