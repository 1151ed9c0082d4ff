package fleet_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedsync/fedsync/fleet"
)

func TestObjectKeyString(t *testing.T) {
	tests := map[string]struct {
		why  string
		key  fleet.ObjectKey
		want string
	}{
		"a namespaced object":      {why: "all three parts name it", key: fleet.ObjectKey{Type: "deployments.apps", Namespace: "ns", Name: "web"}, want: "deployments.apps/ns/web"},
		"a cluster-scoped object":  {why: "an empty part would read as a namespace without a name", key: fleet.ObjectKey{Type: "clusterroles.rbac.authorization.k8s.io", Name: "viewer"}, want: "clusterroles.rbac.authorization.k8s.io/viewer"},
		"the namespace of itself":  {why: "a FederatedNamespace lies in what it names", key: fleet.ObjectKey{Type: fleet.NamespaceType, Namespace: "ns", Name: "ns"}, want: "namespaces/ns/ns"},
		"a name that looks nested": {why: "names cannot hold a slash, so nothing needs escaping", key: fleet.ObjectKey{Type: "configmaps", Namespace: "a.b", Name: "c.d"}, want: "configmaps/a.b/c.d"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.key.String()); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestProblemIn(t *testing.T) {
	tests := map[string]struct {
		why      string
		problems []fleet.Problem
		field    string
		want     string
	}{
		"the field itself": {
			why: "it is faulty", problems: []fleet.Problem{{Field: "spec.placement", Message: "m"}}, field: "spec.placement", want: "spec.placement: m",
		},
		"a field below it": {
			why:      "a part of it is faulty",
			problems: []fleet.Problem{{Field: "spec.placement.clusterSelector", Message: "m"}}, field: "spec.placement", want: "spec.placement.clusterSelector: m",
		},
		"an item of it": {
			why:      "a part of it is faulty",
			problems: []fleet.Problem{{Field: "spec.overrides[2].clusterName", Message: "m"}}, field: "spec.overrides", want: "spec.overrides[2].clusterName: m",
		},
		"a field that only begins alike": {
			why:      "spec.placements is another field than spec.placement",
			problems: []fleet.Problem{{Field: "spec.placements", Message: "m"}}, field: "spec.placement",
		},
		"a field above it": {
			why:      "whoever finds a fault in spec names the fields that suffer from it",
			problems: []fleet.Problem{{Field: "spec", Message: "m"}}, field: "spec.placement",
		},
		"several": {
			why: "the first in the fixed order is the one to report",
			problems: []fleet.Problem{
				{Field: "spec.template", Message: "1"}, {Field: "spec.placement.clusters", Message: "2"}, {Field: "spec.placement", Message: "3"},
			},
			field: "spec.placement", want: "spec.placement.clusters: 2",
		},
		"none": {why: "there is none to find", field: "spec.placement"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p, found := (&fleet.FederatedObject{Problems: tc.problems}).ProblemIn(tc.field)
			got := ""
			if found {
				got = p.String()
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestType(t *testing.T) {
	deployments := fleet.Type{
		Name:   "deployments.apps",
		Target: fleet.Resource{Group: "apps", Version: "v1", Kind: "Deployment", Plural: "deployments", Namespaced: true},
	}
	namespaces := fleet.Type{
		Name:      fleet.NamespaceType,
		Target:    fleet.Resource{Version: "v1", Kind: "Namespace", Plural: "namespaces"},
		Federated: fleet.Resource{Namespaced: true},
	}
	type facts struct {
		APIVersion, CopyNamespace string
		IsNamespace               bool
		GVR                       schema.GroupVersionResource
	}
	factsOf := func(t fleet.Type) facts {
		return facts{t.Target.APIVersion(), t.CopyNamespace("ns"), t.IsNamespace(), t.Target.GVR()}
	}
	tests := map[string]struct {
		why  string
		kind fleet.Type
		want facts
	}{
		"a namespaced kind of a group": {
			why: "its copies live where the federated object lives", kind: deployments,
			want: facts{APIVersion: "apps/v1", CopyNamespace: "ns", GVR: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}},
		},
		"namespaces": {
			why: "a FederatedNamespace lives in a namespace, its copies do not; the core group has no slash", kind: namespaces,
			want: facts{APIVersion: "v1", IsNamespace: true, GVR: schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, factsOf(tc.kind)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}
