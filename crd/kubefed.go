package crd

import "github.com/fedsync/fedsync/fleet"

// Default returns the ten types that KubeFed's chart enables, sorted by the kind of the target.
func Default() []Type {
	const rbac, networking, v1 = "rbac.authorization.k8s.io", "networking.k8s.io", "v1"

	namespaced := func(group, kind, plural string, shortNames ...string) Type {
		return Federate(fleet.Resource{Group: group, Version: v1, Kind: kind, Plural: plural, Namespaced: true}, shortNames...)
	}
	clusterWide := func(group, kind, plural string, shortNames ...string) Type {
		return Federate(fleet.Resource{Group: group, Version: v1, Kind: kind, Plural: plural}, shortNames...)
	}

	return []Type{
		clusterWide(rbac, "ClusterRole", "clusterroles"),
		namespaced("", "ConfigMap", "configmaps", "cm"),
		scalable(namespaced("apps", "Deployment", "deployments", "deploy")),
		namespaced(networking, "Ingress", "ingresses", "ing"),
		namespaced("batch", "Job", "jobs"),
		clusterWide("", "Namespace", "namespaces", "ns"),
		scalable(namespaced("apps", "ReplicaSet", "replicasets", "rs")),
		namespaced("", "Secret", "secrets"),
		namespaced("", "Service", "services", "svc"),
		namespaced("", "ServiceAccount", "serviceaccounts", "sa"),
	}
}

func scalable(t Type) Type {
	t.RetainReplicas = true

	return t
}
