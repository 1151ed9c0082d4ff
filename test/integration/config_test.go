package integration

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// setConfig changes the spec of the KubeFedConfig without waiting for anything, and undoes it after the test.
func setConfig(t *testing.T, patch, undo string) {
	t.Helper()
	system := cluster{fleet.host, federation.Namespace}
	system.patch(t, "kubefedconfig", "kubefed", fmt.Sprintf(`{spec: %s}`, patch))
	t.Cleanup(func() { system.patch(t, "kubefedconfig", "kubefed", fmt.Sprintf(`{spec: %s}`, undo)) })
}

// told waits until there is one more event of the reason about the KubeFedConfig.
func told(t *testing.T, reason string, before int64) {
	t.Helper()
	eventually(t, 10*time.Second, "the event "+reason, func() string {
		if events(t, cluster{fleet.host, federation.Namespace}, "kubefed", reason) <= before {
			return "there is none"
		}
		return ""
	})
}

func TestAdoptionCanBeSwitchedOn(t *testing.T) {
	s := newScene(t, "adoptlater")
	system := cluster{fleet.host, federation.Namespace}
	configure(t, `{syncController: {adoptResources: Disabled}}`, `{syncController: null}`)
	for _, m := range s.m {
		m.create(t, "configmap", `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: theirs}}`)
	}
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	refused := func(st status) string { return st.entry("member1") + st.entry("member2") + st.entry("member3") }
	s.reports(t, "federatedconfigmap", "c", "False CheckClusters")
	eventually(t, 10*time.Second, "nothing is adopted", func() string {
		return is(refused(statusOf(s.host.get(t, "federatedconfigmap", "c"))), strings.Repeat("AlreadyExists", members))
	})
	attempts := fleet.logged(t, "attempt failed")
	eventually(t, 20*time.Second, "the attempts are seconds apart", func() string {
		if fleet.logged(t, "attempt failed") < attempts+members {
			return "nobody has tried again"
		}
		return ""
	})

	// A faulty KubeFedConfig changes nothing: not even what it says rightly.
	before := events(t, system, "kubefed", "InvalidKubeFedConfig")
	setConfig(t, `{syncController: {adoptResources: Enabled, maxConcurrentReconciles: 0}}`, `{syncController: {adoptResources: Disabled, maxConcurrentReconciles: null}}`)
	told(t, "InvalidKubeFedConfig", before)
	s.host.patch(t, "federatedconfigmap", "c", `{spec: {template: {data: {a: "2"}}}}`) // which is tried at once
	eventually(t, 10*time.Second, "the edit is refused too", func() string {
		o := s.host.get(t, "federatedconfigmap", "c")
		st := statusOf(o)
		return is(fmt.Sprint(refused(st), st.ObservedGeneration), fmt.Sprint(strings.Repeat("AlreadyExists", members), o.GetGeneration()))
	})
	for member, m := range s.m {
		if got := m.data(t, "c", "a"); got != "theirs" {
			t.Errorf("%s: the object is %q by a faulty KubeFedConfig, want it untouched", member, got)
		}
	}

	system.patch(t, "kubefedconfig", "kubefed", `{spec: {syncController: {adoptResources: Enabled, maxConcurrentReconciles: null}}}`)
	took := eventually(t, 5*time.Second, "everything is adopted", func() string {
		for member, m := range s.m {
			if problem := is(m.data(t, "c", "a"), "2"); problem != "" {
				return member + ": " + problem
			}
		}
		return ""
	})
	t.Logf("measured: objects are adopted %s after adoption was switched on", took.Round(time.Millisecond))
	s.settled(t, "federatedconfigmap", "c")
}

// typeStatus returns the status of a FederatedTypeConfig's controllers.
func typeStatus(t *testing.T, name string) string {
	t.Helper()
	o := cluster{fleet.host, federation.Namespace}.get(t, "federatedtypeconfig", name)
	if o == nil {
		return "absent"
	}
	running, _, _ := unstructured.NestedString(o.Object, "status", "propagationController")
	observed, _, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration")
	if observed != o.GetGeneration() {
		return fmt.Sprintf("%s of generation %d", running, observed)
	}
	return running
}

func typesAre(t *testing.T, want string, names ...string) {
	t.Helper()
	for _, name := range names {
		eventually(t, 15*time.Second, fmt.Sprintf("type %s is %s", name, want), func() string { return is(typeStatus(t, name), want) })
	}
}

var allTypes = []string{
	"clusterroles.rbac.authorization.k8s.io", "configmaps", "deployments.apps", "ingresses.networking.k8s.io", "jobs.batch", "namespaces", "replicasets.apps", "secrets", "serviceaccounts", "services",
}

func TestPushReconcilerStopsAllTypes(t *testing.T) {
	s := newScene(t, "pushgate")
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	t.Run("Disabled", func(t *testing.T) {
		configure(t, `{featureGates: [{name: PushReconciler, configuration: Disabled}]}`, `{featureGates: null}`)
		typesAre(t, "NotRunning", allTypes...)
		s.host.patch(t, "federatedconfigmap", "c", `{spec: {template: {data: {a: "2"}}}}`)
		s.m["member1"].patch(t, "configmap", "c", `{data: {a: hacked}}`)
		s.m["member3"].remove(t, "configmap", "c")
		<-time.After(3 * time.Second) // what is tested is that nothing happens, and there is no event for that
		if got := s.m["member1"].data(t, "c", "a") + s.m["member2"].data(t, "c", "a") + s.m["member3"].data(t, "c", "a"); got != "hacked1absent" {
			t.Errorf("the copies are %q, want what others made of them", got)
		}
		if s.m["member1"].global().get(t, "namespace", s.name) == nil {
			t.Error("the namespace is gone")
		}
	})
	typesAre(t, "Running", allTypes...)
	for member, m := range s.m {
		eventually(t, 10*time.Second, member+" follows again", func() string { return is(m.data(t, "c", "a"), "2") })
	}
	s.settled(t, "federatedconfigmap", "c")
}

func TestHealthChecksFollowTheirSettings(t *testing.T) {
	configure(t, `{clusterHealthCheck: {period: 1s, timeout: 1s, failureThreshold: 6}}`, `{clusterHealthCheck: null}`)
	down, err := fleet.lab.Cluster("member3")
	if err != nil {
		t.Fatal(err)
	}
	ready := func() string { return strings.Fields(clusterCondition(t, "member3", "Ready"))[0] }
	lost := func(t *testing.T) time.Duration {
		t.Helper()
		if err := down.Kill(); err != nil {
			t.Fatal(err)
		}
		took := eventually(t, 30*time.Second, "the member is not ready", func() string { return is(ready(), "False") })
		if err := down.Start(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		eventually(t, 30*time.Second, "the member is ready", func() string { return is(ready(), "True") })
		return took
	}
	slow := lost(t)
	t.Run("another threshold", func(t *testing.T) {
		configure(t, `{clusterHealthCheck: {period: 1s, timeout: 1s, failureThreshold: 1}}`, `{clusterHealthCheck: {period: 1s, timeout: 1s, failureThreshold: 6}}`)
		fast := lost(t)
		t.Logf("measured: a killed member is not ready after %s with six probes, %s with one", slow.Round(time.Millisecond), fast.Round(time.Millisecond))
		// A probe a second: the first one comes within a second, and each may take as long as a probe in vain.
		if slow < 4*time.Second || slow > 15*time.Second || fast > 4*time.Second {
			t.Errorf("not ready after %s with six probes and %s with one", slow, fast)
		}
	})
}

func TestScopeNeedsARestart(t *testing.T) {
	s := newScene(t, "scopechange")
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	before := events(t, cluster{fleet.host, federation.Namespace}, "kubefed", "RestartRequired")
	setConfig(t, `{scope: Namespaced}`, `{scope: Cluster}`)
	told(t, "RestartRequired", before)
	s.host.patch(t, "federatedconfigmap", "c", `{spec: {template: {data: {a: "2"}}}}`)
	s.settled(t, "federatedconfigmap", "c")
	if got := s.m["member1"].data(t, "c", "a"); got != "2" {
		t.Errorf("the copy is %q, want the scope of the start to count", got)
	}
	if got := typeStatus(t, "namespaces"); got != "Running" {
		t.Errorf("namespaces are %s", got)
	}
}
