package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type typo struct{ kind, name, template, correct, fields, typeName string }

// missing is how many fields a copy lacks.
func (t typo) missing() int { return len(strings.Split(t.fields, ", ")) }

// typos are templates with fields that no API server knows. The fields are sorted as the status names them.
var typos = map[string]typo{
	"a Deployment": {
		kind: "federateddeployment", name: "web", typeName: "deployments.apps", fields: "spec.replcas, spec.template.spec.containers[0].imagee",
		template: `{spec: {replicas: 0, replcas: 3, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: a, imagee: b}]}}}}`,
		correct:  `{spec: {template: {spec: {replcas: null, template: {spec: {containers: [{name: web, image: b}]}}}}}}`,
	},
	"a ConfigMap": {
		kind: "federatedconfigmap", name: "c", typeName: "configmaps", fields: "dta", template: `{data: {a: "1"}, dta: {b: "2"}}`, correct: `{spec: {template: {dta: null}}}`,
	},
}

// says waits until the entries of all members say nothing but the message.
func (s scene) says(t *testing.T, kind, name, want string) {
	t.Helper()
	eventually(t, 20*time.Second, fmt.Sprintf("the entries of %s %s say %q", kind, name, want), func() string {
		o := s.host.get(t, kind, name)
		st := statusOf(o)
		if st.ObservedGeneration != o.GetGeneration() || st.reason() != "True " || len(st.Clusters) != members {
			return fmt.Sprintf("status %+v", st)
		}
		for _, c := range st.Clusters {
			if problem := is(c.Message, want); problem != "" {
				return c.Name + ": " + problem
			}
		}
		return ""
	})
}

// TestFieldsThatNoMemberKnows: KubeFed's updates lost such fields in silence, and server-side apply would refuse the rest.
func TestFieldsThatNoMemberKnows(t *testing.T) {
	quiet(t)
	s := newScene(t, "unknown")
	for name, c := range typos {
		kind := map[string]string{"federateddeployment": "FederatedDeployment", "federatedconfigmap": "FederatedConfigMap"}[c.kind]
		s.host.create(t, c.kind, fmt.Sprintf(`{apiVersion: types.kubefed.io/v1beta1, kind: %s, metadata: {name: %s}, spec: {placement: {clusterSelector: {}}, template: %s}}`, kind, c.name, c.template))
		s.says(t, c.kind, c.name, "left out, because the API server does not know it: "+c.fields)
		if st := statusOf(s.host.get(t, c.kind, c.name)); !strings.Contains(st.Conditions[0].Message, "member1, member2, member3") {
			t.Errorf("%s: the condition says %q, want the members", name, st.Conditions[0].Message)
		}
		eventually(t, 10*time.Second, name+" has an event", func() string { return is(fmt.Sprint(events(t, s.host, c.name, "FieldsUnknown") > 0), "true") })
		if got, want := unknownFields(t, c.typeName), c.missing()*len(s.m); got != float64(want) {
			t.Errorf("%s: %v fields are counted, want %d", name, got, want)
		}
	}
	for member, m := range s.m {
		if got := m.data(t, "c", "a"); got != "1" {
			t.Errorf("%s: the ConfigMap has %q, want what its API server knows", member, got)
		}
		containers, _, _ := unstructured.NestedSlice(m.get(t, "deployment", "web").Object, "spec", "template", "spec", "containers")
		if c, ok := containers[0].(map[string]any); !ok || c["image"] != "a" {
			t.Errorf("%s: containers %v", member, containers)
		}
	}

	// What is left out is known to be left out: drift is still found.
	s.m["member1"].patch(t, "configmap", "c", `{data: {a: hacked}}`)
	eventually(t, 10*time.Second, "drift is repaired", func() string { return is(s.m["member1"].data(t, "c", "a"), "1") })

	before := s.versions(t)
	fleet.restart(t, fleet.raceBinary)
	eventually(t, 20*time.Second, "the daemon has found the fields again", func() string {
		for _, c := range typos {
			if got, want := unknownFields(t, c.typeName), c.missing()*len(s.m); got != float64(want) {
				return fmt.Sprintf("%s: %v of %d", c.name, got, want)
			}
		}
		return ""
	})
	<-time.After(6 * time.Second) // what is measured is that nothing happens, and there is no event for that
	if after := s.versions(t); before != after {
		t.Errorf("the restart wrote to the federated objects: versions %s, before %s", after, before)
	}
	for name, c := range typos {
		if count := events(t, s.host, c.name, "FieldsUnknown"); count != 1 {
			t.Errorf("%s has %d events, want the first one alone", name, count)
		}
		s.host.patch(t, c.kind, c.name, c.correct)
		s.says(t, c.kind, c.name, "")
	}
}

// versions returns the versions of the federated objects with typos: every write makes another one.
func (s scene) versions(t *testing.T) string {
	t.Helper()
	var all []string
	for _, name := range []string{"a ConfigMap", "a Deployment"} {
		all = append(all, s.host.get(t, typos[name].kind, typos[name].name).GetResourceVersion())
	}
	return strings.Join(all, " ")
}

// unknownFields reads the daemon's own count, over all members.
func unknownFields(t *testing.T, typeName string) float64 {
	t.Helper()
	samples, err := fleet.daemon.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return samples.Sum("fedsync_template_fields_unknown_total", map[string]string{"type": typeName})
}

// events counts the events of the reason about an object, repetitions too.
func events(t *testing.T, c cluster, name, reason string) int64 {
	t.Helper()
	list, err := c.of("event").List(t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.name=" + name + ",reason=" + reason})
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, o := range list.Items {
		count, _, _ := unstructured.NestedInt64(o.Object, "count")
		total += max(count, 1)
	}
	return total
}
