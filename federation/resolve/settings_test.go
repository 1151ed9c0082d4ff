package resolve

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
)

func TestMaybeHost(t *testing.T) {
	tests := map[string]struct {
		why     string
		hostUID string
		member  fleet.Member
		want    bool
	}{
		"the host":                           {why: "it was recognised", hostUID: "host", member: fleet.Member{UID: "host", Host: true}, want: true},
		"another cluster":                    {why: "both are known, and differ", hostUID: "host", member: fleet.Member{UID: "other"}},
		"a member that nobody knows":         {why: "its namespaces could be the host's own", hostUID: "host", member: fleet.Member{}, want: true},
		"a member of a host that is unknown": {why: "as above", member: fleet.Member{UID: "other"}, want: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Settings{HostUID: types.UID(tc.hostUID)}.MaybeHost(tc.member)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestIgnored(t *testing.T) {
	namespaces := fleet.Type{Name: fleet.NamespaceType}
	configMaps := fleet.Type{Name: "configmaps", Target: fleet.Resource{Namespaced: true}}
	tests := map[string]struct {
		why     string
		kind    fleet.Type
		key     fleet.ObjectKey
		limited bool
		want    bool
	}{
		"a FederatedNamespace":                      {why: "it places a namespace", kind: namespaces, key: fleet.ObjectKey{Namespace: "ns", Name: "ns"}},
		"one that lies elsewhere":                   {why: "KubeFed: it names no namespace", kind: namespaces, key: fleet.ObjectKey{Namespace: "ns", Name: "other"}, want: true},
		"that of a system namespace":                {why: "KubeFed never touches those", kind: namespaces, key: fleet.ObjectKey{Namespace: "kube-system", Name: "kube-system"}, want: true},
		"that of KubeFed's own":                     {why: "as above", kind: namespaces, key: fleet.ObjectKey{Namespace: "kube-federation-system", Name: "kube-federation-system"}, want: true},
		"an object of another kind in a system one": {why: "KubeFed takes it", kind: configMaps, key: fleet.ObjectKey{Namespace: "kube-system", Name: "c"}},
		"a FederatedNamespace of a limited plane":   {why: "it says where others may go, and makes no copies", kind: namespaces, key: fleet.ObjectKey{Namespace: "ns", Name: "ns"}, limited: true, want: true},
		"what a limited plane does not see":         {why: "it works in its own namespace alone", kind: configMaps, key: fleet.ObjectKey{Namespace: "ns", Name: "c"}, limited: true, want: true},
		"what it sees":                              {why: "as above", kind: configMaps, key: fleet.ObjectKey{Namespace: "kube-federation-system", Name: "c"}, limited: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Settings{Namespace: "kube-federation-system", Limited: tc.limited}.Ignored(tc.kind, tc.key)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestNewSubject(t *testing.T) {
	ns := &fleet.FederatedObject{UID: "ns"}
	configMaps := fleet.Type{Name: "configmaps", Target: fleet.Resource{Namespaced: true}}
	tests := map[string]struct {
		why       string
		kind      fleet.Type
		deleting  bool
		limited   bool
		namespace *fleet.FederatedObject
		unknown   bool
		want      placement.Namespace
	}{
		"a namespaced object":           {why: "it goes where its namespace goes", kind: configMaps, namespace: ns, want: placement.Namespace{Applies: true, Object: ns}},
		"without a FederatedNamespace":  {why: "it goes nowhere", kind: configMaps, want: placement.Namespace{Applies: true}},
		"of a cluster-scoped type":      {why: "it depends on no namespace", namespace: ns},
		"being deleted":                 {why: "where it may go does not matter any more", kind: configMaps, deleting: true, namespace: ns},
		"in a limited plane":            {why: "its namespace exists already", kind: configMaps, limited: true},
		"there, with its namespace":     {why: "that may narrow the placement", kind: configMaps, limited: true, namespace: ns, want: placement.Namespace{Applies: true, Object: ns}},
		"there, before that is known":   {why: "nothing is placed or removed before it is", kind: configMaps, limited: true, unknown: true, want: placement.Namespace{Applies: true}},
		"before its namespace is known": {why: "as above", kind: configMaps, unknown: true, want: placement.Namespace{Applies: true}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := Settings{Limited: tc.limited}.NewSubject(&fleet.FederatedObject{Deleting: tc.deleting}, tc.kind, nil, func(string) (*fleet.FederatedObject, bool) { return tc.namespace, !tc.unknown })
			if diff := cmp.Diff(tc.want, s.Namespace); diff != "" || s.NamespaceKnown == tc.unknown && s.Namespace.Applies {
				t.Errorf("known %v (-want +got), because %s:\n%s", s.NamespaceKnown, tc.why, diff)
			}
		})
	}
}
