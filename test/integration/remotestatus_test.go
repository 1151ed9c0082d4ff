package integration

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// collect switches the collection of status on for the types, and off after the test.
func collect(t *testing.T, types ...string) {
	t.Helper()
	configure(t, `{featureGates: [{name: RawResourceStatusCollection, configuration: Enabled}]}`, `{featureGates: null}`)
	for _, name := range types {
		setCollection(t, name, "Enabled")
		t.Cleanup(func() { setCollection(t, name, "null") })
	}
}

func setCollection(t *testing.T, typeName, value string) {
	t.Helper()
	cluster{fleet.host, federation.Namespace}.patch(t, "federatedtypeconfig", typeName, fmt.Sprintf(`{spec: {statusCollection: %s}}`, value))
}

// remoteStatus returns what the federated object's status has of a member's copy, as JSON, "none" without it.
func remoteStatus(t *testing.T, o *unstructured.Unstructured, member string) string {
	t.Helper()
	clusters, _, _ := unstructured.NestedSlice(o.Object, "status", "clusters")
	for _, raw := range clusters {
		if c, _ := raw.(map[string]any); c["name"] == member && c["remoteStatus"] != nil {
			return asJSON(t, c["remoteStatus"])
		}
	}
	return "none"
}

func asJSON(t *testing.T, content any) string {
	t.Helper()
	made, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return string(made)
}

// setStatus changes the status of a copy as its controller would.
func (c cluster) setStatus(t *testing.T, kind, name, patch string) {
	t.Helper()
	if _, err := c.of(kind).Patch(t.Context(), name, "application/merge-patch+json", jsonOf(t, patch), metav1.PatchOptions{}, "status"); err != nil {
		t.Fatalf("change the status of %s %q: %v", kind, name, err)
	}
}

// collected waits until the federated Deployment's status has the status of every copy.
func (s scene) collected(t *testing.T, timeout time.Duration) time.Duration {
	t.Helper()
	return eventually(t, timeout, "the status of every copy is in that of the federated object", func() string {
		o := s.host.get(t, "federateddeployment", "web")
		for member, m := range s.m {
			if problem := is(remoteStatus(t, o, member), asJSON(t, m.get(t, "deployment", "web").Object["status"])); problem != "" {
				return member + ": " + problem
			}
		}
		return ""
	})
}

func TestStatusOfCopiesIsCollected(t *testing.T) {
	quiet(t)
	s := newScene(t, "collected")
	s.host.create(t, "federateddeployment", `{apiVersion: types.kubefed.io/v1beta1, kind: FederatedDeployment, metadata: {name: web}, spec: {placement: {clusterSelector: {}},
		template: {spec: {replicas: 0, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: a}]}}}}}}`)
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federateddeployment", "web")
	s.settled(t, "federatedconfigmap", "c")
	if got := remoteStatus(t, s.host.get(t, "federateddeployment", "web"), "member1"); got != "none" {
		t.Errorf("the status is %s before anybody asked for it", got)
	}
	collect(t, "deployments.apps", "configmaps")
	s.collected(t, 30*time.Second)
	s.settled(t, "federateddeployment", "web")
	s.settled(t, "federatedconfigmap", "c") // KubeFed waits for a status that ConfigMaps do not have
	if got := remoteStatus(t, s.host.get(t, "federatedconfigmap", "c"), "member1"); got != "none" {
		t.Errorf("a ConfigMap has the status %s", got)
	}

	others := func() string {
		o := s.host.get(t, "federateddeployment", "web")
		return remoteStatus(t, o, "member2") + remoteStatus(t, o, "member3")
	}
	before := others()
	for i := range 3 {
		s.m["member1"].setStatus(t, "deployment", "web", fmt.Sprintf(`{status: {conditions: [{type: Tested, status: "True", reason: Round%d, lastUpdateTime: "2026-01-02T03:04:05Z", lastTransitionTime: "2026-01-02T03:04:05Z"}]}}`, i))
		took := s.collected(t, 5*time.Second)
		t.Logf("measured: a changed status of a copy is on the host after %s (daemon with race detector)", took.Round(time.Millisecond))
		if limit := 2 * time.Second; took > limit {
			t.Errorf("a changed status of a copy needed %s, want at most %s", took, limit)
		}
	}
	if after := others(); before != after {
		t.Errorf("the status of other members became %s, was %s", after, before)
	}
	s.restful(t, "federateddeployments", "deployments")

	s.host.patch(t, "federateddeployment", "web", `{spec: {template: {metadata: {labels: {edited: "yes"}}}}}`)
	s.settled(t, "federateddeployment", "web")
	s.collected(t, 10*time.Second)
	fleet.restart(t, fleet.raceBinary)
	s.collected(t, 20*time.Second)
	s.restful(t, "federateddeployments", "deployments")

	setCollection(t, "deployments.apps", "Disabled")
	eventually(t, 20*time.Second, "what is not asked for any more disappears", func() string {
		o := s.host.get(t, "federateddeployment", "web")
		return is(remoteStatus(t, o, "member1")+remoteStatus(t, o, "member2")+remoteStatus(t, o, "member3"), "nonenonenone")
	})
	s.settled(t, "federateddeployment", "web")
}

// restful fails if anything is written to the resources while nothing happens.
func (s scene) restful(t *testing.T, federated, target string) {
	t.Helper()
	count := func() float64 {
		total := writes(t, fleet.lab.Host(), federated)
		for _, m := range fleet.lab.Members() {
			total += writes(t, m, target)
		}
		return total
	}
	<-time.After(2 * time.Second) // the last writes of what came before
	before := count()
	<-time.After(5 * time.Second) // what is measured is that nothing happens, and there is no event for that
	if wrote := count() - before; wrote > 0 {
		t.Errorf("%v writes to %s and %s at rest, want none", wrote, federated, target)
	}
}

// TestStatusOfAnyShapeIsCollected has copies whose status the host does not store as it is: a merge patch drops nulls.
func TestStatusOfAnyShapeIsCollected(t *testing.T) {
	s := newScene(t, "shapes")
	s.widgets(t, "member1")
	collect(t)
	setCollection(t, "widgets.example.com", "Enabled")
	shapes := map[string]struct{ status, want string }{
		"nulls":  {`{a: null, b: {c: null, d: 1}, e: [1, null, {f: null, g: 2}]}`, `{"b":{"d":1}`},
		"text":   {`ready`, `none`},
		"list":   {`[1, 2]`, `none`},
		"empty":  {`{}`, `{}`},
		"number": {`{big: 9007199254740993}`, `{"big":9007199254740993}`},
	}
	for name := range shapes {
		manifest := fmt.Sprintf(`{apiVersion: types.kubefed.io/v1beta1, kind: FederatedWidget, metadata: {name: %s}, spec: {template: {spec: {}}, placement: {clusters: [{name: member1}]}}}`, name)
		eventually(t, 10*time.Second, "the new type is served", func() string { return s.host.tryCreate(t, "federatedwidget", manifest) })
		t.Cleanup(func() { removeWidget(t, s, name) })
	}
	for name, c := range shapes {
		s.settled(t, "federatedwidget", name)
		eventually(t, 10*time.Second, "the copy gets its status", func() string {
			if s.m["member1"].get(t, "widget", name) == nil {
				return "there is no copy"
			}
			return ""
		})
		s.m["member1"].setStatus(t, "widget", name, fmt.Sprintf(`{status: %s}`, c.status))
	}
	for name, c := range shapes {
		eventually(t, 10*time.Second, name+" is collected", func() string {
			got := remoteStatus(t, s.host.get(t, "federatedwidget", name), "member1")
			return is(got[:min(len(got), len(c.want))], c.want)
		})
		s.settled(t, "federatedwidget", name)
	}
	s.restful(t, "federatedwidgets", "widgets")
}
