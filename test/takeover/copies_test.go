package takeover

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

const (
	applied = "fedsync.io/applied"
	managed = "kubefed.io/managed=true"
)

var (
	replicaSets = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
	pods        = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
)

// copies are what the members hold of the fleet, by names like "member1 deployments/edited".
type copies map[string]*unstructured.Unstructured

func nameOf(member string, r schema.GroupVersionResource, name string) string {
	return fmt.Sprintf("%s %s/%s", member, r.Resource, name)
}

// copies finds the copies by their label, as KubeFed does.
func (w *world) copies(t *testing.T) copies {
	t.Helper()
	all := copies{}
	for member, c := range w.members {
		for _, f := range fleetTypes {
			all.add(member, f.target, c.list(t, f.target, managed))
		}
		all.add(member, federatedNamespace.target, c.in("").list(t, federatedNamespace.target, managed))
	}
	return all
}

func (c copies) add(member string, r schema.GroupVersionResource, objects []unstructured.Unstructured) {
	for i := range objects {
		c[nameOf(member, r, objects[i].GetName())] = &objects[i]
	}
}

// snapshot is all of the copies that nobody may change, and what grew from them: ReplicaSets and Pods.
type snapshot map[string]state

// state is an object without what each write changes, what the member reports, and fedsync's own mark.
type state struct {
	UID                 types.UID
	Generation          int64
	Labels, Annotations map[string]string
	// Content is everything but metadata and status.
	Content map[string]any
}

func (w *world) snapshot(t *testing.T) snapshot {
	t.Helper()
	all := w.copies(t)
	for member, c := range w.members {
		all.add(member, replicaSets, c.list(t, replicaSets, ""))
		all.add(member, pods, c.list(t, pods, ""))
	}
	s := snapshot{}
	for name, o := range all {
		one := state{UID: o.GetUID(), Generation: o.GetGeneration(), Labels: o.GetLabels(), Annotations: o.GetAnnotations(), Content: maps.Clone(o.Object)}
		delete(one.Annotations, applied) // a Deployment's annotations reach its ReplicaSets
		if len(one.Annotations) == 0 {
			one.Annotations = nil
		}
		delete(one.Content, "metadata")
		delete(one.Content, "status")
		s[name] = one
	}
	return s
}

func (s snapshot) withoutGenerations() snapshot {
	without := snapshot{}
	for name, one := range s {
		one.Generation = 0
		without[name] = one
	}
	return without
}

// unchanged complains about what changed since the earlier snapshot.
func (w *world) unchanged(t *testing.T, earlier snapshot) {
	t.Helper()
	if diff := cmp.Diff(earlier, w.snapshot(t)); diff != "" {
		t.Errorf("the members' objects changed: %s\n%s", diff, w.lastWords())
	}
}

// unowned says which copy is not wholly fedsync's: marked, applied, and with nothing left that KubeFed owns.
func (w *world) unowned(t *testing.T) string {
	t.Helper()
	all := w.copies(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		managers := map[string]bool{}
		for _, entry := range all[name].GetManagedFields() {
			if entry.Subresource == "" {
				managers[entry.Manager+" by "+string(entry.Operation)] = true
			}
		}
		if all[name].GetAnnotations()[applied] == "" || !managers["fedsync by "+string(metav1.ManagedFieldsOperationApply)] ||
			managers["controller-manager by Update"] || managers["controller-manager by Apply"] || managers["fedsync by Update"] {
			return fmt.Sprintf("%s belongs to %v", name, slices.Sorted(maps.Keys(managers)))
		}
	}
	return ""
}

// status is the part of a federated object's status that the test reads.
type status struct {
	ObservedGeneration int64 `json:"observedGeneration"`
	Conditions         []struct{ Type, Status, Reason string }
	Clusters           []struct{ Name, Status string }
}

// versions is the status of a PropagatedVersion, as far as the test reads it.
type versions struct {
	ClusterVersions []struct{ ClusterName, Version string }
}

func statusOf[T any](t *testing.T, o *unstructured.Unstructured) T {
	t.Helper()
	var s T
	raw, err := json.Marshal(o.Object["status"])
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil {
		t.Fatalf("read status of %s: %v", o.GetName(), err)
	}
	return s
}

// unsettled says which federated object is not settled: its status does not say that all is well with its present
// generation, or the versions that are recorded are not those of its copies.
func (w *world) unsettled(t *testing.T) string {
	t.Helper()
	recorded := map[string]versions{}
	for _, o := range w.host.list(t, propagatedVersions, "") {
		recorded[o.GetName()] = statusOf[versions](t, &o)
	}
	all := w.copies(t)
	for _, f := range allTypes() {
		for _, o := range w.host.list(t, f.federated(), "") {
			s := statusOf[status](t, &o)
			if len(s.Conditions) != 1 || s.Conditions[0].Status != "True" || s.ObservedGeneration != o.GetGeneration() {
				return fmt.Sprintf("%s %s in generation %d: %+v", f.target.Resource, o.GetName(), o.GetGeneration(), s)
			}
			got, want := recorded[f.recordName(o.GetName())].byMember(), all.versions(f.target, o.GetName())
			if diff := cmp.Diff(want, got); diff != "" {
				return fmt.Sprintf("versions of %s %s (-live +recorded): %s", f.target.Resource, o.GetName(), diff)
			}
		}
	}
	return ""
}

func (v versions) byMember() map[string]string {
	byMember := map[string]string{}
	for _, c := range v.ClusterVersions {
		byMember[c.ClusterName] = c.Version
	}
	return byMember
}

// versions are those of the copies of one object, as KubeFed writes them.
func (c copies) versions(r schema.GroupVersionResource, name string) map[string]string {
	byMember := map[string]string{}
	for _, member := range []string{"member1", "member2"} {
		o := c[nameOf(member, r, name)]
		switch {
		case o == nil:
		case o.GetGeneration() != 0:
			byMember[member] = fmt.Sprintf("gen:%d", o.GetGeneration())
		default:
			byMember[member] = "rv:" + o.GetResourceVersion()
		}
	}
	return byMember
}
