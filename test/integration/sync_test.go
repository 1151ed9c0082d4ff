package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestCopiesFollowTheDeclaration(t *testing.T) {
	s := newScene(t, "declaration")
	s.configMap(t, "greeting", `template: {metadata: {labels: {app: demo}, annotations: {note: kept}}, data: {hello: world, gone: soon}},
		placement: {clusterSelector: {matchLabels: {tier: production}}},
		overrides: [{clusterName: member2, clusterOverrides: [{path: /data/hello, value: monde}, {op: add, path: /data/extra, value: "1"}, {op: remove, path: /data/gone}]}]`)
	s.settled(t, "federatedconfigmap", "greeting")
	for member, want := range map[string]string{"member1": "world", "member2": "monde", "member3": "world"} {
		if problem := is(s.m[member].data(t, "greeting", "hello"), want); problem != "" {
			t.Errorf("%s: %s", member, problem)
		}
	}
	if got := s.m["member2"].data(t, "greeting", "extra") + s.m["member2"].data(t, "greeting", "gone"); got != "1" {
		t.Errorf("member2: add and remove gave %q, want \"1\"", got)
	}
	o := s.m["member1"].get(t, "configmap", "greeting")
	if o.GetLabels()["app"] != "demo" || o.GetLabels()["kubefed.io/managed"] != "true" || o.GetAnnotations()["note"] != "kept" {
		t.Errorf("labels %v, annotations %v", o.GetLabels(), o.GetAnnotations())
	}

	s.host.patch(t, "federatedconfigmap", "greeting", `{spec: {template: {data: {hello: all, gone: null}}, overrides: null}}`)
	s.settled(t, "federatedconfigmap", "greeting")
	for member, c := range s.m {
		if got := c.data(t, "greeting", "hello") + "," + c.data(t, "greeting", "gone") + "," + c.data(t, "greeting", "extra"); got != "all,," {
			t.Errorf("%s after the edit: %q, want the edited key alone", member, got)
		}
	}
}

func TestDriftIsRepairedAndForeignFieldsStay(t *testing.T) {
	s := newScene(t, "drift")
	s.configMap(t, "c", `template: {metadata: {labels: {app: demo}}, data: {a: "1", b: "2"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	m := s.m["member1"]
	m.patch(t, "configmap", "c", `{metadata: {annotations: {theirs: stays}}, data: {theirs: stays}}`)
	for name, drift := range map[string]string{
		"a changed value":      `{data: {a: hacked}}`,
		"a removed key":        `{data: {b: null}}`,
		"all data removed":     `{data: null}`,
		"a removed label":      `{metadata: {labels: {app: null}}}`,
		"our label removed":    `{metadata: {labels: {kubefed.io/managed: null}}}`,
		"our hash removed":     `{metadata: {annotations: {fedsync.io/applied: null}}}`,
		"our hash overwritten": `{metadata: {annotations: {fedsync.io/applied: lies}}}`,
	} {
		before := m.get(t, "configmap", "c").GetAnnotations()["fedsync.io/applied"]
		m.patch(t, "configmap", "c", drift)
		took := eventually(t, 5*time.Second, name+" is repaired", func() string {
			o := m.get(t, "configmap", "c")
			data, _, _ := unstructured.NestedStringMap(o.Object, "data")
			return is(fmt.Sprint(data["a"], data["b"], o.GetLabels()["app"], o.GetLabels()["kubefed.io/managed"], o.GetAnnotations()["fedsync.io/applied"] == before), "12demotruetrue")
		})
		t.Logf("measured: %s repaired in %s (daemon with race detector)", name, took.Round(time.Millisecond))
	}
	if err := m.of("configmap").Delete(t.Context(), "c", noOptions); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "a deleted copy is back", func() string { return is(m.data(t, "c", "a"), "1") })
	s.settled(t, "federatedconfigmap", "c")
	if m := s.m["member2"]; m.get(t, "configmap", "c") == nil {
		t.Error("member2 lost its copy")
	}
}

func TestForeignFieldsSurviveAnEdit(t *testing.T) {
	s := newScene(t, "foreign")
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	s.m["member1"].patch(t, "configmap", "c", `{data: {theirs: stays}}`)
	s.host.patch(t, "federatedconfigmap", "c", `{spec: {template: {data: {a: "2"}}}}`)
	s.settled(t, "federatedconfigmap", "c")
	if got := s.m["member1"].data(t, "c", "a") + s.m["member1"].data(t, "c", "theirs"); got != "2stays" {
		t.Errorf("after the edit: %q, want both keys", got)
	}
}

func TestAllDefaultTypesSettle(t *testing.T) {
	s := newScene(t, "types")
	s.host.create(t, "federateddeployment", `{apiVersion: types.kubefed.io/v1beta1, kind: FederatedDeployment, metadata: {name: web}, spec: {placement: {clusterSelector: {}},
		template: {metadata: {labels: {app: web}}, spec: {replicas: 0, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}},
		spec: {containers: [{name: web, image: "registry.k8s.io/pause:3.10", ports: [{containerPort: 80}], env: [{name: A, value: b}], resources: {requests: {cpu: 100m}}}]}}}}}}`)
	s.host.create(t, "federatedservice", `{apiVersion: types.kubefed.io/v1beta1, kind: FederatedService, metadata: {name: web}, spec: {placement: {clusterSelector: {}},
		template: {spec: {type: NodePort, selector: {app: web}, ports: [{name: http, port: 80}]}}}}`)
	s.settled(t, "federateddeployment", "web")
	s.settled(t, "federatedservice", "web")
	port := func() any {
		ports, _, _ := unstructured.NestedSlice(s.m["member1"].get(t, "service", "web").Object, "spec", "ports")
		first, _ := ports[0].(map[string]any)
		return first["nodePort"]
	}
	before := port()
	s.host.patch(t, "federatedservice", "web", `{spec: {template: {metadata: {labels: {edited: "yes"}}}}}`)
	s.settled(t, "federatedservice", "web")
	if after := port(); before != after || before == nil {
		t.Errorf("the node port was %v and is %v after an edit, want the allocated one kept", before, after)
	}
	s.host.patch(t, "federateddeployment", "web", `{spec: {template: {spec: {template: {spec: {containers: [{name: web, image: "registry.k8s.io/pause:3.9"}]}}}}}}`)
	s.settled(t, "federateddeployment", "web")
	containers, _, _ := unstructured.NestedSlice(s.m["member2"].get(t, "deployment", "web").Object, "spec", "template", "spec", "containers")
	c, _ := containers[0].(map[string]any)
	if len(containers) != 1 || c["image"] != "registry.k8s.io/pause:3.9" || c["ports"] != nil || c["env"] != nil {
		t.Errorf("containers after the edit: %v, want what was taken out of the template to be gone", containers)
	}
}

func TestReplicasThatAreRetainedAreNeverReset(t *testing.T) {
	s := newScene(t, "retain")
	s.host.create(t, "federateddeployment", `{apiVersion: types.kubefed.io/v1beta1, kind: FederatedDeployment, metadata: {name: web}, spec: {placement: {clusterSelector: {}}, retainReplicas: true,
		overrides: [{clusterName: member3, clusterOverrides: [{path: /spec/replicas, value: 4}]}],
		template: {spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: a}]}}}}}}`)
	s.settled(t, "federateddeployment", "web")
	replicas := func(member string) string {
		n, _, _ := unstructured.NestedInt64(s.m[member].get(t, "deployment", "web").Object, "spec", "replicas")
		return fmt.Sprint(n)
	}
	edit := func(image string) {
		s.host.patch(t, "federateddeployment", "web", fmt.Sprintf(`{spec: {template: {spec: {replicas: 1, template: {spec: {containers: [{name: web, image: %s}]}}}}}}`, image))
		s.settled(t, "federateddeployment", "web")
	}
	if got := replicas("member1") + replicas("member3"); got != "24" {
		t.Fatalf("created with %s replicas in member1 and member3, want 2 and the override's 4", got)
	}
	edit("b") // nobody has scaled yet: the live value must survive although only we own it
	if got := replicas("member1") + replicas("member3"); got != "24" {
		t.Errorf("an edit reset replicas to %s, want 2 and 4", got)
	}
	s.m["member1"].patch(t, "deployment", "web", `{spec: {replicas: 7}}`)
	edit("c")
	edit("d")
	if got := replicas("member1"); got != "7" {
		t.Errorf("an edit reset replicas to %s, want the member's own 7", got)
	}
	s.m["member3"].patch(t, "deployment", "web", `{spec: {replicas: 9}}`)
	eventually(t, 5*time.Second, "an override beats retainReplicas", func() string { return is(replicas("member3"), "4") })
}

func TestObjectsOfKubeFedAreTakenOver(t *testing.T) {
	s := newScene(t, "takeover")
	m := s.m["member1"]
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": "c", "labels": map[string]any{"kubefed.io/managed": "true"}},
		"data":     map[string]any{"a": "1", "old": "gone from the template"},
	}}
	fleet.whileStopped(t, func() { // else the object would lose its label before its federated object comes
		if _, err := m.of("configmap").Create(t.Context(), o, asManager("controller-manager")); err != nil {
			t.Fatal(err)
		}
		s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusters: [{name: member1}]}`)
	})
	s.settled(t, "federatedconfigmap", "c")
	if got := m.data(t, "c", "a") + m.data(t, "c", "old"); got != "1" {
		t.Errorf("data after the takeover %q, want what KubeFed wrote and the template lacks to be gone", got)
	}
}

func TestCustomTypesAndMembersThatLackThem(t *testing.T) {
	s := newScene(t, "widgets")
	crd := func(group, kind, plural string) string {
		return fmt.Sprintf(`{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: %[3]s.%[1]s}, spec: {group: %[1]s, scope: Namespaced,
		names: {kind: %[2]s, plural: %[3]s}, versions: [{name: %[4]s, served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object,
		properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}, status: {type: object, x-kubernetes-preserve-unknown-fields: true}}}}}]}}`,
			group, kind, plural, map[bool]string{true: "v1", false: "v1beta1"}[kind == "Widget"])
	}
	install := func(c cluster, manifest, name string) {
		c.global().create(t, "crd", manifest)
		t.Cleanup(func() { c.global().remove(t, "crd", name) })
	}
	system := cluster{fleet.host, federation.Namespace}
	ftc := `{apiVersion: core.kubefed.io/v1beta1, kind: FederatedTypeConfig, metadata: {name: widgets.example.com}, spec: {propagation: Enabled,
		targetType: {group: example.com, version: v1, kind: Widget, pluralName: widgets, scope: Namespaced},
		federatedType: {group: types.kubefed.io, version: v1beta1, kind: FederatedWidget, pluralName: federatedwidgets, scope: Namespaced}}}`
	system.create(t, "federatedtypeconfig", ftc)
	t.Cleanup(func() { system.remove(t, "federatedtypeconfig", "widgets.example.com") })
	controller := func() string {
		o := system.get(t, "federatedtypeconfig", "widgets.example.com")
		state, _, _ := unstructured.NestedString(o.Object, "status", "propagationController")
		conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
		if len(conditions) != 1 {
			return state
		}
		c, _ := conditions[0].(map[string]any)
		return fmt.Sprint(state, " ", c["reason"])
	}
	eventually(t, 10*time.Second, "a type that does not exist is reported on its FederatedTypeConfig", func() string { return is(controller(), "NotRunning NotServed") })

	install(s.m["member1"], crd("example.com", "Widget", "widgets"), "widgets.example.com")
	install(s.m["member2"], crd("example.com", "Widget", "widgets"), "widgets.example.com")
	install(s.host, crd("types.kubefed.io", "FederatedWidget", "federatedwidgets"), "federatedwidgets.types.kubefed.io")
	eventually(t, 15*time.Second, "the type runs once it exists", func() string { return is(controller(), "Running Running") })
	s.host.create(t, "federatedwidget", `{apiVersion: types.kubefed.io/v1beta1, kind: FederatedWidget, metadata: {name: w}, spec: {template: {spec: {size: 3}}, placement: {clusterSelector: {}}}}`)
	t.Cleanup(func() {
		s.host.remove(t, "federatedwidget", "w")
		eventually(t, 30*time.Second, "the widget is gone", func() string {
			if s.host.get(t, "federatedwidget", "w") != nil {
				return "it is still there"
			}
			return ""
		})
	})
	st := s.reports(t, "federatedwidget", "w", "False CheckClusters")
	eventually(t, 15*time.Second, "only the member that lacks the type reports it", func() string {
		st = statusOf(s.host.get(t, "federatedwidget", "w"))
		return is(st.entry("member1")+" "+st.entry("member2")+" "+st.entry("member3"), "ok ok CachedRetrievalFailed")
	})
	install(s.m["member3"], crd("example.com", "Widget", "widgets"), "widgets.example.com")
	took := eventually(t, 15*time.Second, "the type is found when it is installed later", func() string {
		if s.m["member3"].get(t, "widget", "w") == nil {
			return "no copy"
		}
		return ""
	})
	t.Logf("measured: copy in a member %s after its CRD", took.Round(time.Millisecond))
	s.settled(t, "federatedwidget", "w")
}
