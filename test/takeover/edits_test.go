package takeover

import (
	"fmt"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// editTimeout is how long a manager may take for an edit: KubeFed looks at a member only 10 s after an event.
const editTimeout = 45 * time.Second

// replaceCRDs applies the CRDs of fedsync's chart over those of KubeFed, while fedsyncd runs.
func (w *world) replaceCRDs(t *testing.T) {
	if err := federation.Install(t.Context(), w.lab.Host().RESTConfig(), filepath.Join(w.root, "charts", "fedsync", "crds")); err != nil {
		t.Fatal(err)
	}
	w.settles(t, time.Minute)
	w.unchanged(t, w.after)
}

// settles waits until all is well on the host and in the members.
func (w *world) settles(t *testing.T, timeout time.Duration) {
	t.Helper()
	w.eventually(t, timeout, "all is settled", func() string { return w.unsettled(t) })
}

// removal takes a field out of a template, and tells by the copy whether it is still there.
type removal struct {
	in fleetType
	// edit is a merge patch of the template.
	edit string
	// left returns what the copy holds, of what was edited; want is what it should.
	left func(*unstructured.Unstructured) any
	want string
}

// removals take away what KubeFed wrote: keys, labels, items of lists.
var removals = []removal{
	{configMaps, `{metadata: {labels: {tier: null}}, data: {gone: null}}`, field("data"), "map[color:red size:9]"},
	{secrets, `{metadata: {labels: {tier: null}}, data: {gone: null}}`, field("data"), "map[user:cm9vdA==]"},
	{services, `{metadata: {labels: {tier: null}}, spec: {ports: [{name: http, port: 80}]}}`, eachOf("name", "spec", "ports"), "[http]"},
	{serviceAccounts, `{metadata: {labels: {tier: null}}, imagePullSecrets: [{name: registry}]}`, eachOf("name", "imagePullSecrets"), "[registry]"},
	{
		deployments, `{metadata: {labels: {tier: null}}, spec: {template: {spec: {containers: [{name: web, image: "registry.k8s.io/pause:3.10", env: [{name: KEPT, value: a}]}]}}}}`,
		container, "[KEPT] ports <nil> resources map[]",
	},
}

func field(path ...string) func(*unstructured.Unstructured) any {
	return func(o *unstructured.Unstructured) any {
		value, _, _ := unstructured.NestedFieldNoCopy(o.Object, path...)
		return value
	}
}

// eachOf collects one field of each item of a list.
func eachOf(name string, path ...string) func(*unstructured.Unstructured) any {
	return func(o *unstructured.Unstructured) any { return each(name, field(path...)(o)) }
}

func each(name string, list any) any {
	items, _ := list.([]any)
	var all []any
	for _, item := range items {
		item, _ := item.(map[string]any)
		all = append(all, item[name])
	}
	return all
}

func container(o *unstructured.Unstructured) any {
	containers, _ := field("spec", "template", "spec", "containers")(o).([]any)
	if len(containers) != 1 {
		return containers
	}
	first, _ := containers[0].(map[string]any)
	return fmt.Sprintf("%v ports %v resources %v", each("name", first["env"]), first["ports"], first["resources"])
}

func (w *world) fieldsGo(t *testing.T) { w.remove(t, "edited") }

// remove edits the object of that name of each type, and waits until what was taken out is gone, and nothing else.
func (w *world) remove(t *testing.T, name string) {
	t.Helper()
	before := w.copies(t)
	for _, r := range removals {
		w.host.patch(t, r.in.federated(), name, fmt.Sprintf(`{spec: {template: %s}}`, r.edit))
	}
	for _, r := range removals {
		for member, c := range w.members {
			what := nameOf(member, r.in.target, name)
			w.eventually(t, editTimeout, what+" loses the fields", func() string {
				o := c.get(t, r.in.target, name)
				if o == nil || o.GetUID() != before[what].GetUID() {
					return "it was deleted"
				}
				if _, has := o.GetLabels()["tier"]; has || o.GetLabels()["app"] != "shop" {
					return fmt.Sprintf("labels %v", o.GetLabels())
				}
				return is(r.left(o), r.want)
			})
			if o := c.get(t, r.in.target, name); o.GetAnnotations()["theirs"] != before[what].GetAnnotations()["theirs"] {
				t.Errorf("%s lost an annotation that is not ours", what)
			}
		}
	}
	w.settles(t, editTimeout)
}

// overridesGo removes the overrides, all of which were made for member2 in KubeFed's time.
func (w *world) overridesGo(t *testing.T) {
	for _, f := range fleetTypes {
		w.host.patch(t, f.federated(), "overridden", `{spec: {overrides: null}}`)
	}
	w.settles(t, editTimeout)
	s := w.snapshot(t)
	for _, f := range fleetTypes {
		one, two := s[nameOf("member1", f.target, "overridden")].Content, s[nameOf("member2", f.target, "overridden")].Content
		for _, content := range []map[string]any{one, two} { // what each member allocates
			for _, name := range []string{"clusterIP", "clusterIPs"} {
				unstructured.RemoveNestedField(content, "spec", name)
			}
		}
		if problem := is(two, one); problem != "" {
			t.Errorf("%s overridden differ between the members: %s", f.target.Resource, problem)
		}
	}
}

func (w *world) placementShrinks(t *testing.T) {
	before := w.uids(t, "shrunk")
	for _, f := range fleetTypes {
		w.host.patch(t, f.federated(), "shrunk", `{spec: {placement: {clusters: [{name: member1}]}}}`)
	}
	maps.DeleteFunc(before, func(name string, _ types.UID) bool { return name[:len("member2")] == "member2" })
	w.eventually(t, editTimeout, "only member1 has copies", func() string { return is(w.uids(t, "shrunk"), before) })
	w.settles(t, editTimeout)
}

// uids are those of the copies of the objects of that name.
func (w *world) uids(t *testing.T, name string) map[string]types.UID {
	t.Helper()
	all := map[string]types.UID{}
	for member, c := range w.members {
		for _, f := range fleetTypes {
			if o := c.get(t, f.target, name); o != nil {
				all[nameOf(member, f.target, name)] = o.GetUID()
			}
		}
	}
	return all
}

func (w *world) deletion(t *testing.T) { w.deleteAll(t, "deleted") }

// deleteAll deletes the object of that name of each type, which takes its copies with it, and leaves nothing behind.
func (w *world) deleteAll(t *testing.T, name string) {
	t.Helper()
	for _, f := range fleetTypes {
		if o := w.host.get(t, f.federated(), name); len(o.GetFinalizers()) != 1 || o.GetFinalizers()[0] != "kubefed.io/sync-controller" {
			t.Errorf("%s %s has the finalizers %v", f.target.Resource, name, o.GetFinalizers())
		}
		w.host.remove(t, f.federated(), name)
	}
	for _, f := range fleetTypes {
		w.eventually(t, editTimeout, f.target.Resource+" is deleted", func() string {
			switch {
			case w.host.get(t, f.federated(), name) != nil:
				return "it is still there"
			case w.host.get(t, propagatedVersions, f.recordName(name)) != nil:
				return "its PropagatedVersion is still there"
			}
			return ""
		})
	}
	if left := w.uids(t, name); len(left) > 0 {
		t.Errorf("copies are left: %v", left)
	}
}

// orphan deletes an object that says that its copies shall stay.
func (w *world) orphan(t *testing.T) {
	before := w.uids(t, "orphan")
	w.host.remove(t, configMaps.federated(), "orphan")
	w.eventually(t, editTimeout, "the object is deleted", func() string {
		if w.host.get(t, configMaps.federated(), "orphan") != nil {
			return "it is still there"
		}
		return ""
	})
	if problem := is(w.uids(t, "orphan"), before); problem != "" || len(before) != 2 {
		t.Errorf("copies of an orphan: %s", problem)
	}
	for member, c := range w.members {
		o := c.get(t, configMaps.target, "orphan")
		if len(o.GetLabels()) > 0 || o.GetAnnotations()[applied] != "" || is(field("data")(o), "map[color:red]") != "" {
			t.Errorf("%s: the orphan has the labels %v, the annotations %v and the data %v", member, o.GetLabels(), o.GetAnnotations(), o.Object["data"])
		}
	}
}
