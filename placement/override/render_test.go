package override_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement/override"
)

var (
	configMaps = fleet.Type{
		Name:   "configmaps",
		Target: fleet.Resource{Version: "v1", Kind: "ConfigMap", Plural: "configmaps", Namespaced: true},
	}
	deployments = fleet.Type{
		Name:   "deployments.apps",
		Target: fleet.Resource{Group: "apps", Version: "v1", Kind: "Deployment", Plural: "deployments", Namespaced: true},
	}
	clusterRoles = fleet.Type{
		Name:   "clusterroles.rbac.authorization.k8s.io",
		Target: fleet.Resource{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole", Plural: "clusterroles"},
	}
)

func object(template, overrides string) *fleet.FederatedObject {
	return &fleet.FederatedObject{
		Key: fleet.ObjectKey{Type: "any", Namespace: "ns", Name: "name"}, Held: true,
		Template: []byte(template), Overrides: []byte(overrides),
	}
}

// withoutMark returns the content as JSON without the hash, which the tests of the hash are about.
func withoutMark(t *testing.T, d *fleet.Desired) string {
	t.Helper()
	var content map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(d.Body)))
	decoder.UseNumber()
	if err := decoder.Decode(&content); err != nil {
		t.Fatalf("the body %q is no JSON object: %v", d.Body, err)
	}
	metadata, _ := content["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	if diff := cmp.Diff(d.Hash.String(), annotations[fleet.AppliedAnnotation]); diff != "" {
		t.Errorf("the annotation is not the hash (-want +got):\n%s", diff)
	}
	delete(annotations, fleet.AppliedAnnotation)
	if len(annotations) == 0 {
		delete(metadata, "annotations")
	}
	bare, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return string(bare)
}

// rendered returns what the member's copy should be, or the problem as text.
func rendered(t *testing.T, o *fleet.FederatedObject, kind fleet.Type, member fleet.Name) (content, problem string) {
	t.Helper()
	d, p := override.NewRenderer(o, kind).Render(member)
	switch {
	case p != nil && d != nil:
		t.Fatalf("both a rendering and the problem %v", p)
	case p != nil:
		return "", p.String()
	}
	return withoutMark(t, d), ""
}

func TestTemplate(t *testing.T) {
	tests := map[string]struct {
		why, template string
		kind          fleet.Type
		want, problem string
	}{
		"no template": {
			why: "an object of nothing but its identity is what KubeFed makes of it", kind: configMaps,
			want: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"labels":{"kubefed.io/managed":"true"},"name":"name","namespace":"ns"}}`,
		},
		"a template that is null": {
			why: "null is the same as none", template: `null`, kind: configMaps,
			want: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"labels":{"kubefed.io/managed":"true"},"name":"name","namespace":"ns"}}`,
		},
		"a cluster-scoped kind": {
			why: "it has no namespace, even where its federated object has one", template: `{"rules":[]}`, kind: clusterRoles,
			want: `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"labels":{"kubefed.io/managed":"true"},"name":"name"},"rules":[]}`,
		},
		"an identity of its own": {
			why:      "names and kind are the federated object's, whatever the template says",
			template: `{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"other","namespace":"kube-system","generateName":"g-"}}`, kind: deployments,
			want: `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"kubefed.io/managed":"true"},"name":"name","namespace":"ns"}}`,
		},
		"what belongs to a server": {
			why: "a template that was copied from a live object must not carry another object's identity; owner references would let a garbage collector delete the copy, finalizers would keep it",
			template: `{"metadata":{"uid":"u","resourceVersion":"1","generation":2,"creationTimestamp":"2020-01-01T00:00:00Z",
				"deletionTimestamp":"2020-01-01T00:00:00Z","deletionGracePeriodSeconds":1,"selfLink":"/x","managedFields":[{}],
				"finalizers":["f"],"ownerReferences":[{"uid":"o"}],"unheardOf":1}}`, kind: configMaps,
			want: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"labels":{"kubefed.io/managed":"true"},"name":"name","namespace":"ns"}}`,
		},
		"labels and annotations": {
			why: "they are the user's to declare", template: `{"metadata":{"labels":{"a":"b"},"annotations":{"c":"d"}}}`, kind: configMaps,
			want: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"annotations":{"c":"d"},"labels":{"a":"b","kubefed.io/managed":"true"},"name":"name","namespace":"ns"}}`,
		},
		"labels and annotations that are null": {
			why: "null is the same as none", template: `{"metadata":{"labels":null,"annotations":null}}`, kind: configMaps,
			want: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"labels":{"kubefed.io/managed":"true"},"name":"name","namespace":"ns"}}`,
		},
		"metadata that is null": {
			why: "null is the same as none", template: `{"metadata":null}`, kind: configMaps,
			want: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"labels":{"kubefed.io/managed":"true"},"name":"name","namespace":"ns"}}`,
		},
		"a mark of its own": {
			why:      "a template that opts out, or claims to be applied, must not deceive us about our own copies",
			template: `{"metadata":{"labels":{"kubefed.io/managed":"false"},"annotations":{"fedsync.io/applied":"00"}}}`, kind: configMaps,
			want: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"labels":{"kubefed.io/managed":"true"},"name":"name","namespace":"ns"}}`,
		},
		"numbers of many digits": {
			why:      "a float64 would round the first two, and the third would lose its form",
			template: `{"data":{"id":9007199254740993,"big":123456789012345678901234567890,"exact":1.10,"e":1e3}}`, kind: configMaps,
			want: `{"apiVersion":"v1","data":{"big":123456789012345678901234567890,"e":1e3,"exact":1.10,"id":9007199254740993},"kind":"ConfigMap","metadata":{"labels":{"kubefed.io/managed":"true"},"name":"name","namespace":"ns"}}`,
		},
		"an empty status": {
			why: "clients print one for an object that has none yet", template: `{"status":{}}`, kind: deployments,
			want: `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"kubefed.io/managed":"true"},"name":"name","namespace":"ns"}}`,
		},
		"another version of the group": {
			why: "the template is written in it", template: `{"apiVersion":"apps/v1beta2"}`, kind: deployments,
			want: `{"apiVersion":"apps/v1beta2","kind":"Deployment","metadata":{"labels":{"kubefed.io/managed":"true"},"name":"name","namespace":"ns"}}`,
		},
		"an empty apiVersion": {
			why: "empty is the same as none", template: `{"apiVersion":""}`, kind: deployments,
			want: `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"kubefed.io/managed":"true"},"name":"name","namespace":"ns"}}`,
		},
		"another group": {
			why: "the copy would go to a resource that is not the type's", template: `{"apiVersion":"batch/v1"}`, kind: deployments,
			problem: `spec.template.apiVersion: "batch/v1" is not a version of Deployment's group; leave it out, or write apps/v1`,
		},
		"a group for a core kind": {
			why: "as above", template: `{"apiVersion":"apps/v1"}`, kind: configMaps,
			problem: `spec.template.apiVersion: "apps/v1" is not a version of ConfigMap's group; leave it out, or write v1`,
		},
		"no group for a kind of a group": {
			why: "as above", template: `{"apiVersion":"v1"}`, kind: deployments,
			problem: `spec.template.apiVersion: "v1" is not a version of Deployment's group; leave it out, or write apps/v1`,
		},
		"a group without a version": {
			why: "it would be taken for a version of the core group", template: `{"apiVersion":"apps"}`, kind: deployments,
			problem: `spec.template.apiVersion: "apps" is not a version of Deployment's group; leave it out, or write apps/v1`,
		},
		"a group with an empty version": {
			why: "no server serves it", template: `{"apiVersion":"apps/"}`, kind: deployments,
			problem: `spec.template.apiVersion: "apps/" is not a version of Deployment's group; leave it out, or write apps/v1`,
		},
		"a version that leads elsewhere": {
			why:      "the apiVersion becomes a part of the request's path: with dots it could leave the group, and reach whatever our credentials may reach",
			template: `{"apiVersion":"apps/../../api/v1/namespaces/kube-system/services/https:x:443/proxy"}`, kind: deployments,
			problem: `spec.template.apiVersion: "apps/../../api/v1/namespaces/kube-system/services/https:x:443/proxy" is not a version of Deployment's group; leave it out, or write apps/v1`,
		},
		"a core version that leads elsewhere": {
			why: "as above", template: `{"apiVersion":".."}`, kind: configMaps,
			problem: `spec.template.apiVersion: ".." is not a version of ConfigMap's group; leave it out, or write v1`,
		},
		"metadata that is no object": {
			why: "there is no sense to be made of it", template: `{"metadata":["x"]}`, kind: configMaps,
			problem: `spec.template.metadata: must be an object`,
		},
		"labels that are no object": {
			why: "our own label has no place there", template: `{"metadata":{"labels":"x"}}`, kind: configMaps,
			problem: `spec.template.metadata.labels: must be an object of strings`,
		},
		"annotations that are no object": {
			why: "our own annotation has no place there", template: `{"metadata":{"annotations":[]}}`, kind: configMaps,
			problem: `spec.template.metadata.annotations: must be an object of strings`,
		},
		"a template that is no object": {
			why: "the decoder has said so already; whoever asks anyway hears it again", template: `"text"`, kind: configMaps,
			problem: `spec.template: must be an object`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			content, problem := rendered(t, object(tc.template, ""), tc.kind, "member")
			if diff := cmp.Diff([]string{tc.want, tc.problem}, []string{content, problem}); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestProblemsOfTheDecoder(t *testing.T) {
	tests := map[string]struct{ why, field, problem string }{
		"of the template":  {why: "the copy cannot be known", field: "spec.template", problem: "spec.template: is faulty"},
		"below it":         {why: "as above", field: "spec.template.spec", problem: "spec.template.spec: is faulty"},
		"of the placement": {why: "who is wanted has nothing to do with what is wanted", field: "spec.placement"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			o := object(`{"data":{}}`, "")
			o.Problems = []fleet.Problem{{Field: tc.field, Message: "is faulty"}}
			_, problem := rendered(t, o, configMaps, "member")
			if diff := cmp.Diff(tc.problem, problem); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestRetainReplicas(t *testing.T) {
	type facts struct {
		Spec     string
		Retain   bool
		Initial  any
		HashSame bool // as that of the same object with other replicas in its template
	}
	tests := map[string]struct {
		why, template, overrides string
		retain                   bool
		want                     facts
	}{
		"not asked for": {
			why: "the template's replicas are as declared as anything else", template: `{"spec":{"replicas":3}}`,
			want: facts{Spec: `{"replicas":3}`},
		},
		"asked for": {
			why:      "whoever scales in the member decides; the template only says how to begin, so editing it there is no edit of the copy",
			template: `{"spec":{"replicas":3,"paused":true}}`, retain: true,
			want: facts{Spec: `{"paused":true}`, Retain: true, Initial: json.Number("3"), HashSame: true},
		},
		"asked for without replicas": {
			why: "there is nothing to begin with", template: `{"spec":{"paused":true}}`, retain: true,
			want: facts{Spec: `{"paused":true}`, Retain: true},
		},
		"asked for without a spec": {
			why: "it must not panic", template: `{}`, retain: true, want: facts{Spec: `null`, Retain: true, HashSame: true},
		},
		"an override of the replicas": {
			why:       "KubeFed applies overrides after retention, so what ReplicaSchedulingPreference writes wins",
			template:  `{"spec":{"replicas":3}}`,
			overrides: `[{"clusterName":"member","clusterOverrides":[{"path":"/spec/replicas","value":5}]}]`, retain: true,
			want: facts{Spec: `{"replicas":5}`, HashSame: true},
		},
		"an override of the whole spec": {
			why: "it decides about the replicas too", template: `{"spec":{"replicas":3}}`,
			overrides: `[{"clusterName":"member","clusterOverrides":[{"path":"/spec","value":{"paused":true}}]}]`, retain: true,
			want: facts{Spec: `{"paused":true}`, HashSame: true},
		},
		"an override of something else": {
			why: "the replicas stay the member's", template: `{"spec":{"replicas":3}}`,
			overrides: `[{"clusterName":"member","clusterOverrides":[{"path":"/spec/replicasFoo","value":1}]}]`, retain: true,
			want: facts{Spec: `{"replicasFoo":1}`, Retain: true, Initial: json.Number("3"), HashSame: true},
		},
		"an override for another member": {
			why: "it does not concern this one", template: `{"spec":{"replicas":3}}`,
			overrides: `[{"clusterName":"other","clusterOverrides":[{"path":"/spec/replicas","value":5}]}]`, retain: true,
			want: facts{Spec: `{}`, Retain: true, Initial: json.Number("3"), HashSame: true},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			render := func(template string) *fleet.Desired {
				o := object(template, tc.overrides)
				o.RetainReplicas = tc.retain
				d, p := override.NewRenderer(o, deployments).Render("member")
				if p != nil {
					t.Fatal(p)
				}
				return d
			}
			d, other := render(tc.template), render(strings.ReplaceAll(tc.template, `"replicas":3`, `"replicas":4`))
			spec, err := json.Marshal(d.Object["spec"])
			if err != nil {
				t.Fatal(err)
			}
			got := facts{string(spec), d.RetainReplicas, d.InitialReplicas, d.Hash == other.Hash}
			if !strings.Contains(tc.template, `"replicas":3`) {
				got.HashSame = tc.want.HashSame // nothing was replaced
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestHashAndBytes(t *testing.T) {
	const template = `{"metadata":{"annotations":{"z":"1","a":"2"}},"data":{"b":"1","a":"2"}}`
	render := func(template, overrides string, member fleet.Name) *fleet.Desired {
		d, p := override.NewRenderer(object(template, overrides), configMaps).Render(member)
		if p != nil {
			t.Fatal(p)
		}
		return d
	}
	first := render(template, "", "member")
	t.Run("equal content gives equal bytes", func(t *testing.T) {
		again := render(`{ "data":{"a":"2","b":"1"}, "metadata":{"annotations":{"a":"2","z":"1"}} }`, `[]`, "another")
		if diff := cmp.Diff(string(first.Body), string(again.Body)); diff != "" {
			t.Errorf("another order of keys (-want +got):\n%s", diff)
		}
	})
	t.Run("the mark of an earlier rendering does not matter", func(t *testing.T) {
		again := render(string(first.Body), "", "member")
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("rendering what was rendered (-want +got):\n%s", diff)
		}
	})
	t.Run("other content gives another hash", func(t *testing.T) {
		if other := render(`{"data":{"b":"1","a":"3"}}`, "", "member"); other.Hash == first.Hash {
			t.Error("the hash is the same")
		}
	})
	t.Run("the object is the body", func(t *testing.T) {
		body, err := json.Marshal(first.Object)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(first.Body), string(body)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("the bytes are pinned", func(t *testing.T) {
		const want = `{"apiVersion":"v1","data":{"a":"2","b":"1"},"kind":"ConfigMap","metadata":{"annotations":{"a":"2",` +
			`"fedsync.io/applied":"HASH","z":"1"},"labels":{"kubefed.io/managed":"true"},"name":"name","namespace":"ns"}}`
		if diff := cmp.Diff(strings.ReplaceAll(want, "HASH", first.Hash.String()), string(first.Body)); diff != "" {
			t.Errorf("every copy of every fleet would be applied anew (-want +got):\n%s", diff)
		}
	})
}

func TestRenderingIsShared(t *testing.T) {
	overrides := `[
		{"clusterName":"a","clusterOverrides":[{"path":"/data/k","value":1}]},
		{"clusterName":"b","clusterOverrides":[{"op":"replace","path":"/data/k","value":1}]},
		{"clusterName":"c","clusterOverrides":[{"path":"/data/k","value":2}]},
		{"clusterName":"d","clusterOverrides":[]}]`
	r := override.NewRenderer(object(`{"data":{}}`, overrides), configMaps)
	results := map[fleet.Name]*fleet.Desired{}
	var mu sync.Mutex
	var renderers sync.WaitGroup
	for _, name := range []fleet.Name{"a", "b", "c", "d", "e", "f", "a", "c", "e"} {
		renderers.Go(func() {
			d, p := r.Render(name)
			if p != nil {
				t.Errorf("%s: %v", name, p)
			}
			mu.Lock()
			defer mu.Unlock()
			if before, twice := results[name]; twice && before != d {
				t.Errorf("%s got two renderings", name)
			}
			results[name] = d
		})
	}
	renderers.Wait()
	if results["a"] != results["b"] {
		t.Error("a and b have the same overrides, one of them with the operation left out, and two renderings")
	}
	if results["e"] != results["f"] {
		t.Error("e and f have no overrides, and two renderings")
	}
	if results["a"] == results["c"] || results["a"] == results["e"] {
		t.Error("members with different overrides share a rendering")
	}
	if results["d"].Hash != results["e"].Hash {
		t.Error("an empty list of overrides changes the copy")
	}
}

func TestProvenance(t *testing.T) {
	overrides := `[{"clusterName":"other"},{"clusterName":"member","clusterOverrides":[{"path":"/b","value":1},{"op":"remove","path":"/a"}]}]`
	r := override.NewRenderer(object(`{"a":1}`, overrides), configMaps)
	want := []override.Change{
		{Path: "/b", Op: "replace", Rule: "spec.overrides[1].clusterOverrides[0]"},
		{Path: "/a", Op: "remove", Rule: "spec.overrides[1].clusterOverrides[1]"},
	}
	if diff := cmp.Diff(want, r.Provenance("member")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]override.Change{}, r.Provenance("stranger")); diff != "" {
		t.Errorf("of a member without overrides (-want +got):\n%s", diff)
	}
}
