package integration

import (
	"fmt"
	"testing"
	"time"
)

// stray makes an object in every member that carries the managed label although there is no federated object.
func (s scene) stray(t *testing.T, name string) {
	t.Helper()
	for _, m := range s.m {
		m.create(t, "configmap", fmt.Sprintf(`{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, labels: {kubefed.io/managed: "true", app: theirs}, annotations: {note: stays}}, data: {a: theirs}}`, name))
	}
}

// released waits until the object has lost the label alone.
func (s scene) released(t *testing.T, name string) {
	t.Helper()
	for member, m := range s.m {
		eventually(t, 15*time.Second, fmt.Sprintf("%s in %s loses the label", name, member), func() string {
			o := m.get(t, "configmap", name)
			if o == nil {
				t.Fatalf("%s in %s is gone", name, member)
			}
			_, labelled := o.GetLabels()["kubefed.io/managed"]
			return is(fmt.Sprint(labelled, o.GetLabels()["app"], o.GetAnnotations()["note"], m.data(t, name, "a")), "falsetheirs"+"stays"+"theirs")
		})
	}
}

func TestStraysLoseTheLabel(t *testing.T) {
	s := newScene(t, "strays")
	s.stray(t, "running")
	s.released(t, "running")
	fleet.whileStopped(t, func() { s.stray(t, "stopped") })
	s.released(t, "stopped")

	// Somebody labels an object that exists.
	for _, m := range s.m {
		m.patch(t, "configmap", "running", `{metadata: {labels: {kubefed.io/managed: "true"}}}`)
	}
	s.released(t, "running")

	// An object that opted out has nothing to lose.
	s.m["member1"].patch(t, "configmap", "stopped", `{metadata: {labels: {kubefed.io/managed: "false"}}}`)
	s.stray(t, "later")
	s.released(t, "later")
	if got := s.m["member1"].get(t, "configmap", "stopped").GetLabels()["kubefed.io/managed"]; got != "false" {
		t.Errorf("an object that opted out has the label %q", got)
	}

	// A federated object of that name adopts it, and does not lose it.
	s.configMap(t, "later", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "later")
	for member, m := range s.m {
		if o := m.get(t, "configmap", "later"); o.GetLabels()["kubefed.io/managed"] != "true" || m.data(t, "later", "a") != "1" {
			t.Errorf("%s: %v", member, o)
		}
	}
}

// TestACopyWhoseObjectWasRemovedByForceStays: that an object is missing is no evidence that somebody wanted its copies gone.
func TestACopyWhoseObjectWasRemovedByForceStays(t *testing.T) {
	s := newScene(t, "forced")
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	before := map[string]string{}
	for member, m := range s.m {
		before[member] = m.get(t, "configmap", "c").GetResourceVersion()
	}
	fleet.whileStopped(t, func() {
		s.host.patch(t, "federatedconfigmap", "c", `{metadata: {finalizers: null}}`)
		s.host.remove(t, "federatedconfigmap", "c")
	})
	s.stray(t, "stray")
	s.released(t, "stray") // by when the copies would have been released too
	for member, m := range s.m {
		o := m.get(t, "configmap", "c")
		if o == nil || o.GetResourceVersion() != before[member] {
			t.Errorf("%s: %v, want the copy as it was", member, o)
		}
	}
	s.configMap(t, "c", `template: {data: {a: "2"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	if got := s.m["member1"].data(t, "c", "a"); got != "2" {
		t.Errorf("a new object of that name makes %q of the copy", got)
	}
}
