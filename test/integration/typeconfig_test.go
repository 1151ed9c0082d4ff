package integration

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// withoutType deletes a FederatedTypeConfig, waits until it is gone, and returns what makes it again. After the test it
// exists in any case.
func withoutType(t *testing.T, name string) (again func()) {
	t.Helper()
	system := cluster{fleet.host, federation.Namespace}
	before := system.get(t, "federatedtypeconfig", name)
	if !slices.Contains(before.GetFinalizers(), "core.kubefed.io/federated-type-config") {
		t.Errorf("the finalizers of %s are %v, want KubeFed's", name, before.GetFinalizers())
	}
	fresh := &unstructured.Unstructured{Object: map[string]any{"apiVersion": before.GetAPIVersion(), "kind": before.GetKind(), "spec": before.Object["spec"]}}
	fresh.SetName(name)
	again = func() {
		t.Helper()
		eventually(t, 20*time.Second, name+" exists again", func() string {
			if _, err := system.of("federatedtypeconfig").Create(context.WithoutCancel(t.Context()), fresh, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
				return err.Error()
			}
			return is(typeStatus(t, name), "Running")
		})
	}
	t.Cleanup(again)
	system.remove(t, "federatedtypeconfig", name)
	eventually(t, 15*time.Second, "the FederatedTypeConfig "+name+" can be deleted", func() string { return is(typeStatus(t, name), "absent") })
	return again
}

func TestATypeThatIsDeletedLeavesEverything(t *testing.T) {
	s := newScene(t, "typegone")
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.configMap(t, "going", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	s.settled(t, "federatedconfigmap", "going")
	again := withoutType(t, "configmaps")
	s.host.patch(t, "federatedconfigmap", "c", `{spec: {template: {data: {a: "2"}}}}`)
	s.host.remove(t, "federatedconfigmap", "going")
	s.m["member1"].patch(t, "configmap", "c", `{data: {a: hacked}}`)
	s.host.create(t, "federatedservice", `{apiVersion: types.kubefed.io/v1beta1, kind: FederatedService, metadata: {name: web}, spec: {placement: {clusterSelector: {}}, template: {spec: {ports: [{port: 80}]}}}}`)
	s.settled(t, "federatedservice", "web") // other types work, and by now a running type would have followed
	for member, want := range map[string]string{"member1": "hacked", "member2": "1", "member3": "1"} {
		if got := s.m[member].data(t, "c", "a") + s.m[member].data(t, "going", "a"); got != want+"1" {
			t.Errorf("%s: the copies are %q, want them left as they are", member, got)
		}
	}
	for _, name := range []string{"c", "going"} {
		if o := s.host.get(t, "federatedconfigmap", name); o == nil || !slices.Contains(o.GetFinalizers(), "kubefed.io/sync-controller") {
			t.Errorf("the federated object %s was let go: %v", name, o)
		}
	}
	again()
	s.goneFromHost(t, "going")
	s.settled(t, "federatedconfigmap", "c")
	for member, m := range s.m {
		eventually(t, 10*time.Second, member+" follows again", func() string { return is(m.data(t, "c", "a")+m.data(t, "going", "a"), "2absent") })
	}
}

func TestNamespacedTypesNeedTheTypeOfNamespaces(t *testing.T) {
	s := newScene(t, "nonamespaces")
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	again := withoutType(t, "namespaces")
	var namespaced []string
	for _, name := range allTypes {
		if name != "namespaces" && name != "clusterroles.rbac.authorization.k8s.io" {
			namespaced = append(namespaced, name)
		}
	}
	typesAre(t, "NotRunning", namespaced...)
	typesAre(t, "Running", "clusterroles.rbac.authorization.k8s.io")
	s.host.patch(t, "federatedconfigmap", "c", `{spec: {template: {data: {a: "2"}}}}`)
	fleet.restart(t, fleet.raceBinary)
	typesAre(t, "NotRunning", namespaced...)
	typesAre(t, "Running", "clusterroles.rbac.authorization.k8s.io")
	<-time.After(2 * time.Second) // what is tested is that nothing happens, and there is no event for that
	for member, m := range s.m {
		if got := m.data(t, "c", "a"); got != "1" || m.global().get(t, "namespace", s.name) == nil {
			t.Errorf("%s: the copy is %q, want it left, with its namespace", member, got)
		}
	}
	again()
	typesAre(t, "Running", allTypes...)
	s.settled(t, "federatedconfigmap", "c")
	for member, m := range s.m {
		if got := m.data(t, "c", "a"); got != "2" {
			t.Errorf("%s: the copy is %q, want it to follow again", member, got)
		}
	}
}

func TestATypeCanBeSwitchedOff(t *testing.T) {
	s := newScene(t, "typeoff")
	system := cluster{fleet.host, federation.Namespace}
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	t.Cleanup(func() { system.patch(t, "federatedtypeconfig", "configmaps", `{spec: {propagation: Enabled}}`) })
	for round := range 2 {
		system.patch(t, "federatedtypeconfig", "configmaps", `{spec: {propagation: Disabled}}`)
		typesAre(t, "NotRunning", "configmaps")
		s.host.patch(t, "federatedconfigmap", "c", fmt.Sprintf(`{spec: {template: {data: {a: round%d}}}}`, round))
		system.patch(t, "federatedtypeconfig", "configmaps", `{spec: {propagation: Enabled}}`)
		typesAre(t, "Running", "configmaps")
		s.settled(t, "federatedconfigmap", "c")
		if got := s.m["member2"].data(t, "c", "a"); got != fmt.Sprintf("round%d", round) {
			t.Errorf("the copy is %q in round %d", got, round)
		}
	}
}
