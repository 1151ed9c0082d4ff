package integration

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab"
	"github.com/fedsync/fedsync/lab/federation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestMalformedObjectsSaySoThemselves(t *testing.T) {
	s := newScene(t, "malformed")
	s.configMap(t, "neighbour", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	cases := map[string]struct{ spec, reason, entries, message string }{
		"selector": {
			spec:   `template: {data: {a: "1"}}, placement: {clusterSelector: {matchExpressions: [{key: a, operator: Likes, values: [b]}]}}`,
			reason: "False ComputePlacementFailed", entries: "absent absent absent", message: "spec.placement.clusterSelector",
		},
		"label": {
			spec:   `template: {data: {a: "1"}}, placement: {clusterSelector: {matchLabels: {"bad key!": x}}}`,
			reason: "False ComputePlacementFailed", entries: "absent absent absent", message: "spec.placement.clusterSelector",
		},
		"path": {
			spec: `template: {data: {a: "1"}}, placement: {clusterSelector: {}},
				overrides: [{clusterName: member2, clusterOverrides: [{op: remove, path: /data/none}]}]`,
			reason: "False CheckClusters", entries: "ok ApplyOverridesFailed ok", message: "spec.overrides[0].clusterOverrides[0]",
		},
		"twice": {
			spec: `template: {data: {a: "1"}}, placement: {clusterSelector: {}},
				overrides: [{clusterName: member1, clusterOverrides: [{path: /data/a, value: x}]}, {clusterName: member1, clusterOverrides: [{path: /data/a, value: "y"}]}]`,
			reason: "False CheckClusters", entries: "ApplyOverridesFailed ok ok", message: "already has overrides",
		},
		"identity": {
			spec: `template: {data: {a: "1"}}, placement: {clusterSelector: {}},
				overrides: [{clusterName: member3, clusterOverrides: [{path: /metadata/name, value: x}]}]`,
			reason: "False CheckClusters", entries: "ok ok ApplyOverridesFailed", message: "may not be overridden",
		},
		"types": {
			spec:   `template: {data: {a: [1, 2]}}, placement: {clusterSelector: {}}`,
			reason: "False CheckClusters", entries: "CreationFailed CreationFailed CreationFailed", message: "data",
		},
		"names": {
			spec:   `template: {data: {"bad key": x}}, placement: {clusters: [{name: member1}]}`,
			reason: "False CheckClusters", entries: "CreationFailed absent absent", message: "bad key",
		},
		"metadata": {
			spec:   `template: {metadata: nothing, data: {a: x}}, placement: {clusters: [{name: member1}]}`,
			reason: "False CheckClusters", entries: "ComputeResourceFailed absent absent", message: "spec.template.metadata",
		},
		"group": {
			spec:   `template: {apiVersion: apps/v1, data: {a: x}}, placement: {clusters: [{name: member1}]}`,
			reason: "False CheckClusters", entries: "ComputeResourceFailed absent absent", message: "spec.template.apiVersion",
		},
	}
	for name, c := range cases {
		s.configMap(t, name, c.spec)
	}
	for name, c := range cases {
		st := s.reports(t, "federatedconfigmap", name, c.reason)
		eventually(t, 10*time.Second, name+" has its entries", func() string {
			st = statusOf(s.host.get(t, "federatedconfigmap", name))
			return is(st.entry("member1")+" "+st.entry("member2")+" "+st.entry("member3"), c.entries)
		})
		if said := fmt.Sprintf("%+v", st); !strings.Contains(said, c.message) {
			t.Errorf("%s: the status %s does not mention %q", name, said, c.message)
		}
	}
	s.settled(t, "federatedconfigmap", "neighbour")
	s.host.patch(t, "federatedconfigmap", "types", `{spec: {template: {data: {a: now fine}}}}`)
	s.settled(t, "federatedconfigmap", "types")
}

// TestARefusedCopyCostsOneAttemptPerStep counts what a hopeless object costs.
func TestARefusedCopyCostsOneAttemptPerStep(t *testing.T) {
	quiet(t)
	s := newScene(t, "refused")
	s.configMap(t, "hopeless", `template: {data: {"bad key": x}}, placement: {clusters: [{name: member1}]}`)
	eventually(t, 20*time.Second, "the refusal is reported", func() string {
		return is(statusOf(s.host.get(t, "federatedconfigmap", "hopeless")).entry("member1"), "CreationFailed")
	})
	attempts := func() int { return fleet.logged(t, "attempt failed\t{\"object\": \"configmaps/refused/hopeless\"") }
	version := s.host.get(t, "federatedconfigmap", "hopeless").GetResourceVersion()
	before := attempts()
	if before == 0 {
		t.Fatal("the daemon does not log attempts the way that this test counts them")
	}
	<-time.After(9 * time.Second) // what is measured is that nothing happens, and there is no event for that
	// Pauses of 2 s, 4 s, 8 s and more: two attempts fit.
	if cost := attempts() - before; cost > 2 {
		t.Errorf("an object that is refused cost %d attempts in 9 s, want at most 2", cost)
	}
	if now := s.host.get(t, "federatedconfigmap", "hopeless").GetResourceVersion(); now != version {
		t.Errorf("its status was written again: version %s, want still %s", now, version)
	}
}

// TestBrokenCRDsCannotHurt lets the API server accept anything, as a CRD without a schema does.
func TestBrokenCRDsCannotHurt(t *testing.T) {
	s := newScene(t, "anything")
	s.widgets(t, "member1")
	specs := map[string]string{
		"no-spec": `{}`, "spec-text": `{spec: text}`, "spec-list": `{spec: [1]}`, "template-list": `{spec: {template: [1], placement: {clusters: [{name: member1}]}}}`,
		"template-text": `{spec: {template: text, placement: {clusters: [{name: member1}]}}}`, "placement-text": `{spec: {template: {}, placement: text}}`,
		"clusters-text": `{spec: {template: {}, placement: {clusters: text}}}`, "clusters-numbers": `{spec: {template: {}, placement: {clusters: [1, 2]}}}`,
		"clusters-unnamed": `{spec: {template: {}, placement: {clusters: [{}]}}}`, "selector-list": `{spec: {template: {}, placement: {clusterSelector: [1]}}}`,
		"overrides-text": `{spec: {template: {}, placement: {clusters: [{name: member1}]}, overrides: text}}`, "overrides-numbers": `{spec: {template: {}, placement: {clusters: [{name: member1}]}, overrides: [1]}}`,
		"override-path": `{spec: {template: {}, placement: {clusters: [{name: member1}]}, overrides: [{clusterName: member1, clusterOverrides: [{path: no-slash, value: 1}]}]}}`,
		"retain-text":   `{spec: {template: {}, placement: {clusters: [{name: member1}]}, retainReplicas: maybe}}`, "status-text": `{spec: {template: {}, placement: {clusters: []}}, status: text}`,
	}
	for name, body := range specs {
		manifest := strings.TrimSuffix(body, "}")
		if manifest != "{" {
			manifest += ", "
		}
		var err error
		eventually(t, 10*time.Second, "the new type is served", func() string {
			o := &unstructured.Unstructured{}
			if err = o.UnmarshalJSON(jsonOf(t, manifest+fmt.Sprintf(`apiVersion: types.kubefed.io/v1beta1, kind: FederatedWidget, metadata: {name: %s}}`, name))); err != nil {
				return err.Error()
			}
			if _, err = s.host.of("federatedwidget").Create(t.Context(), o, metav1.CreateOptions{}); err != nil {
				return err.Error()
			}
			return ""
		})
	}
	for name := range specs {
		want := "False "
		if name == "status-text" {
			want = "True "
		}
		eventually(t, 20*time.Second, name+" gets a status", func() string {
			o := s.host.get(t, "federatedwidget", name)
			if st := statusOf(o); !strings.HasPrefix(st.reason(), want) || st.ObservedGeneration != o.GetGeneration() {
				return fmt.Sprintf("%v", o.Object["status"])
			}
			return ""
		})
	}
	if !fleet.daemon.Running() {
		t.Fatal("the daemon ended")
	}
	for name := range specs {
		s.host.remove(t, "federatedwidget", name)
	}
	for name := range specs {
		eventually(t, 20*time.Second, name+" can be deleted", func() string {
			if s.host.get(t, "federatedwidget", name) != nil {
				return "it is still there"
			}
			return ""
		})
	}
}

func TestBrokenKubeFedClustersSaySoThemselves(t *testing.T) {
	system := cluster{fleet.host, federation.Namespace}
	good := system.get(t, "kubefedcluster", "member1")
	ca, _, _ := unstructured.NestedString(good.Object, "spec", "caBundle")
	secret := func(name, data string) {
		system.create(t, "secret", fmt.Sprintf(`{apiVersion: v1, kind: Secret, metadata: {name: %s}, stringData: {%s}}`, name, data))
		t.Cleanup(func() { system.remove(t, "secret", name) })
	}
	secret("garbage", `nothing: here`)
	secret("wrong", `token: not-a-token`)
	cases := map[string]struct{ spec, condition, says string }{
		"no-secret":   {`apiEndpoint: "https://127.0.0.1:1", secretRef: {name: none}`, "ConfigMalformed", `there is no Secret "none"`},
		"bad-secret":  {`apiEndpoint: "https://127.0.0.1:1", secretRef: {name: garbage}`, "ConfigMalformed", `none of the keys "token"`},
		"bad-url":     {`apiEndpoint: "ftp://x", secretRef: {name: wrong}`, "ConfigMalformed", "spec.apiEndpoint"},
		"bad-ca":      {`apiEndpoint: "https://127.0.0.1:1", caBundle: Z2FyYmFnZQ==, secretRef: {name: wrong}`, "ConfigMalformed", "spec.caBundle"},
		"bad-proxy":   {`apiEndpoint: "https://127.0.0.1:1", proxyURL: "::", secretRef: {name: wrong}`, "ConfigMalformed", "spec.proxyURL"},
		"nobody":      {`apiEndpoint: "https://127.0.0.1:1", secretRef: {name: wrong}`, "Offline", "True"},
		"wrong-token": {fmt.Sprintf(`apiEndpoint: %q, caBundle: %q, secretRef: {name: wrong}`, fleet.lab.Members()[0].URL, ca), "ConfigMalformed", "credentials are not accepted"},
	}
	for name, c := range cases {
		system.create(t, "kubefedcluster", fmt.Sprintf(`{apiVersion: core.kubefed.io/v1beta1, kind: KubeFedCluster, metadata: {name: %s}, spec: {%s}}`, name, c.spec))
		t.Cleanup(func() { system.remove(t, "kubefedcluster", name) })
	}
	for name, c := range cases {
		eventually(t, 20*time.Second, name+" is reported", func() string {
			if got := clusterCondition(t, name, c.condition); !strings.Contains(got, c.says) || !strings.HasPrefix(got, "True") {
				return got
			}
			return is(strings.Fields(clusterCondition(t, name, "Ready"))[0], "False")
		})
	}
	s := newScene(t, "brokenfleet")
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {matchLabels: {tier: production}}}`)
	s.settled(t, "federatedconfigmap", "c")

	// A Secret that comes later heals the member, without a restart.
	token, _, _ := unstructured.NestedString(system.get(t, "secret", secretOf(good)).Object, "data", "token")
	system.patch(t, "kubefedcluster", "bad-secret", fmt.Sprintf(`{spec: {apiEndpoint: %q, caBundle: %q}}`, fleet.lab.Members()[0].URL, ca))
	system.patch(t, "secret", "garbage", fmt.Sprintf(`{data: {token: %s}}`, token))
	eventually(t, 10*time.Second, "a Secret that comes later heals the member", func() string {
		return is(strings.Fields(clusterCondition(t, "bad-secret", "Ready"))[0], "True")
	})
}

func TestAnotherClusterBehindTheSameNameIsRefused(t *testing.T) {
	s := newScene(t, "identity")
	system := cluster{fleet.host, federation.Namespace}
	lab3, err := fleet.lab.Cluster("member3")
	if err != nil {
		t.Fatal(err)
	}
	// A new name for member3, pinned to the identity of another cluster.
	join := federation.JoinOptions{Host: fleet.lab.Host().RESTConfig(), Member: lab3.RESTConfig(), Name: "stranger", Labels: map[string]string{"role": "stranger"}}
	if err := federation.Join(t.Context(), join); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := federation.Unjoin(context.WithoutCancel(t.Context()), join); err != nil {
			t.Error(err)
		}
	})
	if err := federation.WaitReady(t.Context(), fleet.lab.Host().RESTConfig(), "stranger"); err != nil {
		t.Fatal(err)
	}
	pin := system.get(t, "kubefedcluster", "member2").GetAnnotations()["fedsync.io/member-uid"]
	if pin == "" {
		t.Fatal("member2 has no pinned identity")
	}
	system.patch(t, "kubefedcluster", "stranger", fmt.Sprintf(`{metadata: {annotations: {fedsync.io/member-uid: %s}}}`, pin))
	eventually(t, 15*time.Second, "the other cluster is refused", func() string {
		if got := clusterCondition(t, "stranger", "ConfigMalformed"); !strings.Contains(got, "ClusterIdentityChanged") {
			return got
		}
		return ""
	})
	s.host.patch(t, "federatednamespace", "identity", `{spec: {placement: {clusterSelector: {matchLabels: {role: stranger, tier: null}}}}}`)
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusters: [{name: stranger}]}`)
	if st := s.reports(t, "federatedconfigmap", "c", "False CheckClusters"); st.entry("stranger") != "ClusterNotReady" {
		t.Errorf("status %+v", st)
	}
	if got := s.m["member3"].data(t, "c", "a"); got != "absent" {
		t.Errorf("a copy was written to a cluster that was refused: %q", got)
	}
	s.host.remove(t, "federatedconfigmap", "c")
	s.host.patch(t, "federatednamespace", "identity", `{spec: {placement: {clusterSelector: {}}}}`)
	system.patch(t, "kubefedcluster", "stranger", `{metadata: {annotations: {fedsync.io/member-uid: null}}}`)
	eventually(t, 15*time.Second, "without the pin the name stands for the other cluster", func() string {
		return is(strings.Fields(clusterCondition(t, "stranger", "Ready"))[0], "True")
	})
}

func secretOf(kfc *unstructured.Unstructured) string {
	name, _, _ := unstructured.NestedString(kfc.Object, "spec", "secretRef", "name")
	return name
}

// writes counts the requests that change objects of the resource. Deletions of whole collections, which only the namespace
// controller sends, are left out: they have another scope than "resource".
func writes(t *testing.T, c *lab.Cluster, resource string) float64 {
	t.Helper()
	return writesIn(metrics(t, c), resource)
}

func metrics(t *testing.T, c *lab.Cluster) lab.Samples {
	t.Helper()
	samples, err := c.Metrics(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

func writesIn(samples lab.Samples, resource string) float64 {
	total := 0.0
	for _, verb := range []string{"POST", "PUT", "PATCH", "APPLY"} {
		total += samples.Sum("apiserver_request_total", map[string]string{"verb": verb, "resource": resource})
	}
	total += samples.Sum("apiserver_request_total", map[string]string{"verb": "DELETE", "resource": resource, "scope": "resource"})
	return total
}
