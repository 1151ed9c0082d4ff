package integration

import (
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var noOptions = metav1.DeleteOptions{}

func asManager(name string) metav1.CreateOptions { return metav1.CreateOptions{FieldManager: name} }

// gone waits until the ConfigMap is gone from the member.
func (s scene) gone(t *testing.T, member, name string) {
	t.Helper()
	eventually(t, 10*time.Second, name+" is gone from "+member, func() string { return is(s.m[member].data(t, name, "a"), "absent") })
}

func (s scene) goneFromHost(t *testing.T, name string) {
	t.Helper()
	eventually(t, 40*time.Second, name+" is gone from the host", func() string {
		if o := s.host.get(t, "federatedconfigmap", name); o != nil {
			return "it is still there"
		}
		return ""
	})
}

func TestPlacementChangesMoveCopies(t *testing.T) {
	s := newScene(t, "placement")
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusters: [{name: member1}, {name: nobody}], clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	if got := s.m["member1"].data(t, "c", "a") + s.m["member2"].data(t, "c", "a"); got != "1absent" {
		t.Fatalf("a list wins over a selector: got %q", got)
	}
	s.host.patch(t, "federatedconfigmap", "c", `{spec: {placement: {clusters: [{name: member2}]}}}`)
	s.gone(t, "member1", "c")
	if st := s.settled(t, "federatedconfigmap", "c"); st.entry("member1") != "absent" || st.entry("member2") != "ok" {
		t.Errorf("status after the move: %+v", st)
	}
	s.host.patch(t, "federatedconfigmap", "c", `{spec: {placement: {clusters: null, clusterSelector: {matchLabels: {index: "3"}}}}}`)
	s.gone(t, "member2", "c")
	s.settled(t, "federatedconfigmap", "c")
	if got := s.m["member3"].data(t, "c", "a"); got != "1" {
		t.Errorf("the selector chose member3: got %q", got)
	}
	system := cluster{fleet.host, federation.Namespace}
	system.patch(t, "kubefedcluster", "member1", `{metadata: {labels: {index: "3"}}}`)
	t.Cleanup(func() { system.patch(t, "kubefedcluster", "member1", `{metadata: {labels: {index: "1"}}}`) })
	eventually(t, 10*time.Second, "a relabelled member is selected", func() string { return is(s.m["member1"].data(t, "c", "a"), "1") })
	s.host.patch(t, "federatedconfigmap", "c", `{spec: {placement: {clusters: []}}}`)
	s.gone(t, "member1", "c")
	s.gone(t, "member3", "c")
	s.settled(t, "federatedconfigmap", "c")
}

func TestNamespacePlacementLimitsItsContents(t *testing.T) {
	s := newScene(t, "limits")
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	s.host.patch(t, "federatednamespace", "limits", `{spec: {placement: {clusters: [{name: member1}]}}}`)
	s.gone(t, "member2", "c")
	s.settled(t, "federatednamespace", "limits")
	if st := s.settled(t, "federatedconfigmap", "c"); st.entry("member1") != "ok" || st.entry("member2") != "absent" {
		t.Errorf("status: %+v", st)
	}
	eventually(t, 10*time.Second, "the namespace is gone too", func() string {
		if s.m["member2"].global().get(t, "namespace", "limits") != nil {
			return "it is still there"
		}
		return ""
	})
	s.host.patch(t, "federatednamespace", "limits", `{spec: {placement: {clusters: null}}}`)
	eventually(t, 20*time.Second, "both come back in order", func() string { return is(s.m["member2"].data(t, "c", "a"), "1") })
	s.settled(t, "federatedconfigmap", "c")
}

func TestContentsOfANamespaceThatIsNotFederated(t *testing.T) {
	s := newScene(t, "unfederated")
	s.configMap(t, "before", `template: {data: {a: "1"}}, placement: {clusters: [{name: member1}]}`)
	s.settled(t, "federatedconfigmap", "before")
	other := scene{name: "plain", host: cluster{fleet.host, "plain"}, m: s.m}
	other.host.global().create(t, "namespace", `{apiVersion: v1, kind: Namespace, metadata: {name: plain}}`)
	t.Cleanup(func() { other.host.global().remove(t, "namespace", "plain") })
	other.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	other.reports(t, "federatedconfigmap", "c", "False NamespaceNotFederated")
	other.host.create(t, "federatednamespace", `{apiVersion: types.kubefed.io/v1beta1, kind: FederatedNamespace, metadata: {name: plain},
		spec: {placement: {clusterSelector: {matchLabels: {tier: production}}}}}`)
	other.settled(t, "federatedconfigmap", "c")
	if got := (cluster{fleet.members["member2"], "plain"}).data(t, "c", "a"); got != "1" {
		t.Errorf("an object that is older than its FederatedNamespace is %q, want it placed", got)
	}
	other.host.remove(t, "federatedconfigmap", "c")
	other.goneFromHost(t, "c")
}

func TestDeletionRemovesTheCopiesFirst(t *testing.T) {
	s := newScene(t, "deletion")
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	if f := s.host.get(t, "federatedconfigmap", "c").GetFinalizers(); len(f) != 1 || f[0] != "kubefed.io/sync-controller" {
		t.Fatalf("finalizers %v, want KubeFed's", f)
	}
	s.host.remove(t, "federatedconfigmap", "c")
	s.goneFromHost(t, "c")
	for member := range s.m {
		if got := s.m[member].data(t, "c", "a"); got != "absent" {
			t.Errorf("%s still has its copy when the federated object is gone", member)
		}
	}
}

func TestOrphansStay(t *testing.T) {
	s := newScene(t, "orphans")
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	s.host.patch(t, "federatedconfigmap", "c", `{metadata: {annotations: {kubefed.io/orphan: "true"}}}`)
	s.host.remove(t, "federatedconfigmap", "c")
	s.goneFromHost(t, "c")
	for member, c := range s.m {
		o := c.get(t, "configmap", "c")
		if o == nil || o.GetLabels()["kubefed.io/managed"] != "" || o.GetAnnotations()["fedsync.io/applied"] != "" {
			t.Errorf("%s: %v, want the object without our marks", member, o)
		}
	}
}

func TestObjectsThatAreNotOursAreLeftAlone(t *testing.T) {
	s := newScene(t, "notours")
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	s.m["member1"].patch(t, "configmap", "c", `{metadata: {labels: {kubefed.io/managed: "false"}}, data: {a: theirs}}`)
	eventually(t, 10*time.Second, "the member that opted out is reported", func() string {
		return is(statusOf(s.host.get(t, "federatedconfigmap", "c")).entry("member1"), "ManagedLabelFalse")
	})
	s.host.patch(t, "federatedconfigmap", "c", `{spec: {template: {data: {a: "2"}}}}`)
	eventually(t, 10*time.Second, "the others follow", func() string { return is(s.m["member2"].data(t, "c", "a"), "2") })
	s.reports(t, "federatedconfigmap", "c", "False CheckClusters")
	s.host.remove(t, "federatedconfigmap", "c")
	s.goneFromHost(t, "c")
	if got := s.m["member1"].data(t, "c", "a"); got != "theirs" {
		t.Errorf("the object that opted out is %q, want it untouched", got)
	}
}

func TestAdoption(t *testing.T) {
	s := newScene(t, "adoption")
	s.m["member1"].create(t, "configmap", `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: old, theirs: stays}}`)
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusters: [{name: member1}, {name: member2}]}`)
	s.settled(t, "federatedconfigmap", "c")
	if got := s.m["member1"].data(t, "c", "a") + s.m["member1"].data(t, "c", "theirs"); got != "1stays" {
		t.Errorf("adopted: %q, want our value and their key", got)
	}

	configure(t, `{syncController: {adoptResources: Disabled}}`, `{syncController: null}`)
	s.m["member1"].create(t, "configmap", `{apiVersion: v1, kind: ConfigMap, metadata: {name: d}, data: {a: old}}`)
	s.configMap(t, "d", `template: {data: {a: "1", b: "2"}}, placement: {clusters: [{name: member1}, {name: member2}]}`)
	st := s.reports(t, "federatedconfigmap", "d", "False CheckClusters")
	if st.entry("member1") != "AlreadyExists" || st.entry("member2") != "ok" || s.m["member1"].data(t, "d", "a") != "old" {
		t.Errorf("status %+v, want only the member with the foreign object to report it", st)
	}
	s.host.patch(t, "federatedconfigmap", "d", `{spec: {template: {data: {b: null}}}}`)
	eventually(t, 10*time.Second, "a copy that was made by a create follows edits", func() string {
		return is(s.m["member2"].data(t, "d", "a")+s.m["member2"].data(t, "d", "b"), "1")
	})
	s.host.remove(t, "federatedconfigmap", "d")
	s.goneFromHost(t, "d")
	if got := s.m["member1"].data(t, "d", "a"); got != "old" {
		t.Errorf("the foreign object is %q after the deletion, want it untouched", got)
	}
}

func TestUnlabelledObjectsAreNotDeleted(t *testing.T) {
	s := newScene(t, "unlabelled")
	s.m["member1"].create(t, "configmap", `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: theirs}}`)
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusters: [{name: member2}]}`)
	s.settled(t, "federatedconfigmap", "c")
	s.host.remove(t, "federatedconfigmap", "c")
	s.goneFromHost(t, "c")
	if got := s.m["member1"].data(t, "c", "a"); got != "theirs" {
		t.Errorf("an object of the same name that nobody gave us is %q, want it untouched", got)
	}
}
