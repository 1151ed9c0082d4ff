package takeover

import (
	"fmt"
	"testing"
)

// retainedReplicas edits and scales, in turns: KubeFed left 4 replicas, which somebody chose, and 1.
func (w *world) retainedReplicas(t *testing.T) {
	w.editTemplate(t, "retained", "first")
	if problem := is(w.replicas(t, "retained"), "4 1"); problem != "" {
		t.Errorf("after an edit: %s", problem)
	}
	w.members["member2"].patch(t, deployments.target, "retained", `{spec: {replicas: 3}}`)
	w.members["member1"].patch(t, deployments.target, "retained", `{spec: {replicas: 5}}`)
	w.editTemplate(t, "retained", "second")
	w.editTemplate(t, "retained", "third")
	if problem := is(w.replicas(t, "retained"), "5 3"); problem != "" {
		t.Errorf("after others scaled: %s", problem)
	}
}

// dividedReplicas edits an object whose overrides a ReplicaSchedulingPreference has written.
func (w *world) dividedReplicas(t *testing.T) {
	overrides := func() any { return field("spec", "overrides")(w.host.get(t, deployments.federated(), "divided")) }
	before := overrides()
	w.editTemplate(t, "divided", "first")
	if problem := is(w.replicas(t, "divided"), "5 2"); problem != "" {
		t.Errorf("after an edit: %s", problem)
	}
	if problem := is(overrides(), before); problem != "" {
		t.Errorf("the overrides changed: %s", problem)
	}
	w.members["member1"].patch(t, deployments.target, "divided", `{spec: {replicas: 1}}`)
	w.eventually(t, editTimeout, "drifted replicas are repaired", func() string { return is(w.replicas(t, "divided"), "5 2") })
}

// editTemplate changes a label in the template of a Deployment and waits until the members have it.
func (w *world) editTemplate(t *testing.T, name, value string) {
	t.Helper()
	w.host.patch(t, deployments.federated(), name, fmt.Sprintf(`{spec: {template: {metadata: {labels: {edit: %s}}}}}`, value))
	w.eventually(t, editTimeout, name+" has the edit", func() string {
		for _, c := range w.members {
			if problem := is(c.get(t, deployments.target, name).GetLabels()["edit"], value); problem != "" {
				return problem
			}
		}
		return ""
	})
	w.settles(t, editTimeout)
}

// drift changes copies in a member, in fields that KubeFed wrote, and deletes one.
func (w *world) drift(t *testing.T) {
	m := w.members["member1"]
	before := w.snapshot(t)
	m.patch(t, configMaps.target, "drifted", `{data: {color: hacked, gone: null}}`)
	m.patch(t, services.target, "drifted", `{spec: {selector: {app: hacked}}}`)
	m.patch(t, secrets.target, "drifted", `{metadata: {labels: {tier: null}}, data: {user: eA==}}`)
	m.patch(t, deployments.target, "drifted", `{spec: {replicas: 0}}`)
	m.patch(t, serviceAccounts.target, "drifted", `{automountServiceAccountToken: true}`)
	m.remove(t, configMaps.target, "later")
	for _, f := range fleetTypes {
		what := nameOf("member1", f.target, "drifted")
		w.eventually(t, editTimeout, what+" is repaired", func() string {
			s := w.snapshot(t)[what]
			s.Generation = before[what].Generation
			return is(s, before[what])
		})
	}
	w.eventually(t, editTimeout, "a deleted copy is back", func() string {
		o := m.get(t, configMaps.target, "later")
		if o == nil {
			return "it is not"
		}
		return is(o.Object["data"], before[nameOf("member1", configMaps.target, "later")].Content["data"])
	})
	w.settles(t, editTimeout)
}
