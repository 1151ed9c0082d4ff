package member

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/watch"
	"github.com/fedsync/fedsync/fleet"
)

var (
	deployments = fleet.Type{
		Name:   "deployments.apps",
		Target: fleet.Resource{Group: "apps", Version: "v1", Kind: "Deployment", Plural: "deployments", Namespaced: true},
	}
	namespaces = fleet.Type{Name: fleet.NamespaceType, Target: fleet.Resource{Version: "v1", Kind: "Namespace", Plural: "namespaces"}}

	web = fleet.ObjectKey{Type: "deployments.apps", Namespace: "ns", Name: "web"}
)

const webPath = "/apis/apps/v1/namespaces/ns/deployments/web"

// desiredWeb is a Deployment of as many replicas, which its member may change if they are retained.
func desiredWeb(t *testing.T, retained bool, initial any) *fleet.Desired {
	t.Helper()
	d := &fleet.Desired{Hash: hashA, APIVersion: "apps/v1", RetainReplicas: retained, InitialReplicas: initial, Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web", "namespace": "ns"}, "spec": map[string]any{"paused": true},
	}}
	var err error
	if d.Body, err = json.Marshal(d.Object); err != nil {
		t.Fatal(err)
	}
	return d
}

const (
	bareBody = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"ns"},"spec":{"paused":true}}`
	withFive = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"ns"},"spec":{"paused":true,"replicas":5}}`
	withLive = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"ns","resourceVersion":"8"},"spec":{"paused":true,"replicas":9007199254740993}}`
	withNone = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"ns","resourceVersion":"8"},"spec":{"paused":true}}`

	live       = `{"metadata":{"resourceVersion":"8"},"spec":{"replicas":9007199254740993}}`
	liveNoSpec = `{"metadata":{"resourceVersion":"8"}}`
	absent     = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"details":{"name":"web","group":"apps","kind":"deployments"}}`
)

// asked is a request in words: what must be seen on the wire.
type asked struct{ What, Kind, Body string }

// mute is a listener that has nothing to say.
type mute struct{}

func (mute) HealthChanged(fleet.Name, Health, Health)               {}
func (mute) CopyChanged(fleet.Name, fleet.TypeName, string, string) {}
func (mute) WatchChanged(fleet.Name, fleet.TypeName, watch.Status)  {}

// memberThat returns a member whose cluster gives the answers, by method and path, and what it was asked.
func memberThat(t *testing.T, answers map[string]string) (*Member, func() []asked) {
	t.Helper()
	var mu sync.Mutex
	var log []asked
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		what := r.Method + " " + r.URL.Path
		answer, known := answers[what]
		if r.URL.RawQuery != "" {
			what += "?" + r.URL.RawQuery
		}
		mu.Lock()
		log = append(log, asked{what, r.Header.Get("Content-Type"), string(body)})
		mu.Unlock()
		if !known {
			t.Errorf("nobody expected %s", what)
		}
		w.Header().Set("Content-Type", "application/json")
		var status metav1.Status
		if json.Unmarshal([]byte(answer), &status) == nil && status.Code != 0 {
			w.WriteHeader(int(status.Code))
		}
		if _, err := io.WriteString(w, answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	m, err := New("member", &Credentials{Config: &rest.Config{Host: server.URL, QPS: -1}}, mute{}, Options{Log: logr.Discard()})
	if err != nil {
		t.Fatal(err)
	}
	m.Watch(t.Context(), deployments) // which waits for the first contact, and nobody probes
	m.Watch(t.Context(), namespaces)
	return m, func() []asked {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(log)
	}
}

// made is the metadata of a copy as a server answers.
func made(version string) string {
	return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"namespace":"ns","name":"web","uid":"u","resourceVersion":"` + version + `",
		"labels":{"kubefed.io/managed":"true"},"annotations":{"fedsync.io/applied":"` + hashA.String() + `"},
		"managedFields":[{"manager":"fedsync","operation":"Apply","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:paused":{}}}}]}}`
}

func seen(changes ...func(*fleet.Observed)) fleet.Observed {
	o := fleet.Observed{UID: "u", ResourceVersion: "5", Applied: hashB, Owned: fleet.NewOwnership(`{"f:spec":{"f:paused":{}}}`)}
	for _, change := range changes {
		change(&o)
	}
	return o
}

func ownsReplicasToo(o *fleet.Observed) {
	o.Owned = fleet.NewOwnership(`{"f:spec":{"f:paused":{},"f:replicas":{}}}`)
}

func TestApply(t *testing.T) {
	apply := func(body string) asked {
		return asked{"PATCH " + webPath + "?fieldManager=fedsync&force=true", "application/apply-patch+yaml", body}
	}
	look := asked{What: "GET " + webPath}
	tests := map[string]struct {
		why     string
		desired *fleet.Desired
		seen    fleet.Observed
		live    string // the answer to a look at the live object
		version string // the version that the apply makes
		want    []asked
		covered fleet.Hash
	}{
		"a missing copy": {
			why: "one request, whether it exists or not", desired: desiredWeb(t, false, nil), version: "9", want: []asked{apply(bareBody)},
		},
		"a copy that changes": {
			why: "what was rendered is sent as it is", desired: desiredWeb(t, false, nil), seen: seen(), version: "9", want: []asked{apply(bareBody)},
		},
		"a copy that does not change": {
			why: "the same version proves that we own what we can: or it would be applied for ever", desired: desiredWeb(t, false, nil), seen: seen(), version: "5",
			want: []asked{apply(bareBody)}, covered: hashA,
		},
		"retained replicas that another manager owns": {
			why: "they are left out, and stay", desired: desiredWeb(t, true, json.Number("5")), seen: seen(), version: "9", want: []asked{apply(bareBody)},
		},
		"retained replicas that we alone may own": {
			why:     "left out they would be removed: the live value is applied, on the version that it was read from",
			desired: desiredWeb(t, true, json.Number("5")), seen: seen(ownsReplicasToo), live: live, version: "9", want: []asked{look, apply(withLive)},
		},
		"retained replicas of a copy whose entry cannot be read": {
			why: "careful", desired: desiredWeb(t, true, json.Number("5")), seen: seen(func(o *fleet.Observed) { o.Owned = fleet.NewOwnership(`[`) }), live: live, version: "9",
			want: []asked{look, apply(withLive)},
		},
		"retained replicas of a missing copy": {
			why: "it begins with the template's", desired: desiredWeb(t, true, json.Number("5")), live: absent, version: "9", want: []asked{look, apply(withFive)},
		},
		"retained replicas of a missing copy without any in its template": {
			why: "the server's default counts", desired: desiredWeb(t, true, nil), live: absent, version: "9", want: []asked{look, apply(bareBody)},
		},
		"retained replicas of an object that is adopted": {
			why: "those that it runs with count, not the template's", desired: desiredWeb(t, true, json.Number("5")), live: live, version: "9", want: []asked{look, apply(withLive)},
		},
		"retained replicas of an object that has none": {
			why: "none is not nought; the version still guards against one that comes meanwhile", desired: desiredWeb(t, true, json.Number("5")), seen: seen(ownsReplicasToo),
			live: liveNoSpec, version: "9", want: []asked{look, apply(withNone)},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			answers := map[string]string{"PATCH " + webPath: made(tc.version)}
			if tc.live != "" {
				answers["GET "+webPath] = tc.live
			}
			m, log := memberThat(t, answers)
			before := string(tc.desired.Body)
			if _, err := m.Apply(t.Context(), deployments, web, tc.desired, tc.seen); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, log()); diff != "" {
				t.Errorf("asked (-want +got), because %s:\n%s", tc.why, diff)
			}
			want := fleet.Observed{
				UID: "u", ResourceVersion: tc.version, Applied: hashA, Owned: fleet.NewOwnership(`{"f:spec":{"f:paused":{}}}`), Covered: tc.covered,
			}
			got, present, _ := m.Observed(deployments.Name, "ns", "web")
			if diff := cmp.Diff(want, got, ownerships); diff != "" || !present {
				t.Errorf("noted, present %v (-want +got):\n%s", present, diff)
			}
			again, err := json.Marshal(tc.desired.Object)
			if err != nil || before != string(again) || before != string(tc.desired.Body) {
				t.Errorf("what all members share was changed: %s", again)
			}
		})
	}
}

func TestApplyMigratesWhatKubeFedWrote(t *testing.T) {
	legacy := `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"namespace":"ns","name":"web","uid":"u","resourceVersion":"5","managedFields":[
		{"manager":"controller-manager","operation":"Update","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:paused":{}}}},
		{"manager":"kubectl","operation":"Update","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:data":{}}}]}}`
	m, log := memberThat(t, map[string]string{"GET " + webPath: legacy, "PATCH " + webPath: made("9")})
	if _, err := m.Apply(t.Context(), deployments, web, desiredWeb(t, false, nil), seen(func(o *fleet.Observed) { o.LegacyOwned = true })); err != nil {
		t.Fatal(err)
	}
	requests := log()
	if len(requests) != 3 {
		t.Fatalf("asked %v", requests)
	}
	var patch []struct {
		Op, Path string
		Value    json.RawMessage
	}
	if err := json.Unmarshal([]byte(requests[1].Body), &patch); err != nil {
		t.Fatal(err)
	}
	var owners []string
	versioned := false
	for _, item := range patch {
		switch item.Path {
		case "/metadata/managedFields":
			var entries []metav1.ManagedFieldsEntry
			if err := json.Unmarshal(item.Value, &entries); err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				owners = append(owners, e.Manager+" "+string(e.Operation))
			}
		case "/metadata/resourceVersion":
			versioned = string(item.Value) == `"5"`
		}
	}
	slices.Sort(owners)
	if diff := cmp.Diff([]string{"fedsync Apply", "kubectl Update"}, owners); diff != "" || !versioned {
		t.Errorf("KubeFed's fields become those of our apply, others keep theirs; the version guards it: %v (-want +got):\n%s\n%s", versioned, diff, requests[1].Body)
	}
	if diff := cmp.Diff("application/json-patch+json", requests[1].Kind); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("application/apply-patch+yaml", requests[2].Kind); diff != "" {
		t.Errorf("the apply comes last (-want +got):\n%s", diff)
	}
}

func TestApplyDoesNotGoOnAfterAFailure(t *testing.T) {
	const broken = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"InternalError","code":500,"message":"etcd"}`
	tests := map[string]struct {
		why     string
		desired *fleet.Desired
		seen    fleet.Observed
	}{
		"to read the live replicas": {why: "guessing would reset them", desired: desiredWeb(t, true, json.Number("5")), seen: seen(ownsReplicasToo)},
		"to look for an object":     {why: "as above", desired: desiredWeb(t, true, json.Number("5"))},
		"to migrate": {
			why: "fields that left the template would stay for ever", desired: desiredWeb(t, false, nil), seen: seen(func(o *fleet.Observed) { o.LegacyOwned = true }),
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			m, log := memberThat(t, map[string]string{"GET " + webPath: broken})
			_, err := m.Apply(t.Context(), deployments, web, tc.desired, tc.seen)
			if diff := cmp.Diff(fault.Retry, fault.Of(err).Class); diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			if requests := log(); len(requests) != 1 {
				t.Errorf("asked %v, but %s", requests, tc.why)
			}
		})
	}
}

func TestCreate(t *testing.T) {
	m, log := memberThat(t, map[string]string{"POST /apis/apps/v1/namespaces/ns/deployments": made("9")})
	if err := m.Create(t.Context(), deployments, web, desiredWeb(t, true, json.Number("5"))); err != nil {
		t.Fatal(err)
	}
	want := []asked{{"POST /apis/apps/v1/namespaces/ns/deployments?fieldManager=fedsync", "application/json", withFive}}
	if diff := cmp.Diff(want, log()); diff != "" {
		t.Errorf("a POST fails where an object exists (-want +got):\n%s", diff)
	}
	if o, present, _ := m.Observed(deployments.Name, "ns", "web"); !present || o.ResourceVersion != "9" {
		t.Errorf("noted %+v, %v", o, present)
	}
}

func TestDeleteNamesWhatWasSeen(t *testing.T) {
	m, log := memberThat(t, map[string]string{"DELETE " + webPath: `{"kind":"Status","apiVersion":"v1","status":"Success"}`})
	m.record(deployments, copyAt("5", called("web"), being("u")), fleet.Hash{})
	if err := m.Delete(t.Context(), deployments, web, seen(), nil); err != nil {
		t.Fatal(err)
	}
	requests := log()
	if len(requests) != 1 || requests[0].What != "DELETE "+webPath {
		t.Fatalf("asked %v", requests)
	}
	var o metav1.DeleteOptions
	if err := json.Unmarshal([]byte(requests[0].Body), &o); err != nil || o.Preconditions == nil || *o.Preconditions.UID != "u" {
		t.Errorf("the delete could hit an object that took the copy's name: %q", requests[0].Body)
	}
	if _, present, _ := m.Observed(deployments.Name, "ns", "web"); !present {
		t.Error("the copy is called gone before the watch says so: a finalizer may hold it")
	}
}

func TestRelease(t *testing.T) {
	released := `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"namespace":"ns","name":"web","uid":"u","resourceVersion":"9"}}`
	m, log := memberThat(t, map[string]string{"PATCH " + webPath: released})
	m.record(deployments, copyAt("5", called("web"), being("u")), fleet.Hash{})
	if err := m.Release(t.Context(), deployments, web, seen()); err != nil {
		t.Fatal(err)
	}
	want := []asked{{
		"PATCH " + webPath + "?fieldManager=fedsync", "application/merge-patch+json",
		`{"metadata":{"annotations":{"fedsync.io/applied":null},"labels":{"kubefed.io/managed":null},"uid":"u"}}`,
	}}
	if diff := cmp.Diff(want, log()); diff != "" {
		t.Errorf("only our marks go, and only from the object that was seen (-want +got):\n%s", diff)
	}
	if o, present, _ := m.Observed(deployments.Name, "ns", "web"); present {
		t.Errorf("the member said that it is no copy any more: %+v", o)
	}
}

func TestConfirmAbsent(t *testing.T) {
	const found = `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"namespace":"ns","name":"web","uid":"u","resourceVersion":"9","labels":%}}`
	tests := map[string]struct {
		why, answer string
		gone, noted bool
		class       fault.Class
	}{
		"nothing there":   {why: "the member itself says so", answer: absent, gone: true},
		"no such type":    {why: "there can be no copy either", answer: `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`, gone: true},
		"no namespace":    {why: "as above", answer: `{"kind":"Status","apiVersion":"v1","status":"Failure","code":404,"details":{"name":"ns","kind":"namespaces"}}`, gone: true},
		"a copy":          {why: "a write whose answer was lost made it after all", answer: strings.Replace(found, "%", `{"kubefed.io/managed":"true"}`, 1), noted: true},
		"somebody else's": {why: "without our label it is no copy", answer: strings.Replace(found, "%", `{"app":"web"}`, 1), gone: true},
		"an opted out":    {why: "it is not ours to remove", answer: strings.Replace(found, "%", `{"kubefed.io/managed":"false"}`, 1), gone: true},
		"no answer": {
			why: "an error is no absence", answer: `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`, class: fault.Forbidden,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			m, _ := memberThat(t, map[string]string{"GET " + webPath: tc.answer})
			gone, err := m.ConfirmAbsent(t.Context(), deployments, web)
			_, noted, _ := m.Observed(deployments.Name, "ns", "web")
			type result struct {
				Gone, Noted bool
				Class       fault.Class
			}
			if diff := cmp.Diff(result{tc.gone, tc.noted, tc.class}, result{gone, noted, fault.Of(err).Class}); diff != "" {
				t.Errorf("%v (-want +got), because %s:\n%s", err, tc.why, diff)
			}
		})
	}
}

func TestRemember(t *testing.T) {
	m, _ := memberThat(t, nil)
	m.record(deployments, copyAt("5", called("web"), ours(hashA, `{}`)), fleet.Hash{})
	o, _, _ := m.Observed(deployments.Name, "ns", "web")
	m.Remember(deployments, web, o, hashA)
	if got, _, _ := m.Observed(deployments.Name, "ns", "web"); got.Covered != hashA {
		t.Errorf("not remembered: %+v", got)
	}
	m.Unwatch(deployments.Name)
	m.Remember(deployments, web, o, hashA)
	m.record(deployments, copyAt("5", called("web")), fleet.Hash{})
	if got, present, s := m.Observed(deployments.Name, "ns", "web"); present || s.State != watch.Syncing {
		t.Errorf("a type that is not watched has the copy %+v", got)
	}
}

func TestPath(t *testing.T) {
	tests := map[string]struct {
		why                         string
		resource                    fleet.Resource
		apiVersion, namespace, name string
		want                        string
	}{
		"of a group":               {why: "the version is that of the template, not that of the type", resource: deployments.Target, apiVersion: "apps/v1beta2", namespace: "ns", name: "web", want: "apis/apps/v1beta2/namespaces/ns/deployments/web"},
		"of the core group":        {why: "it has a path of its own", resource: fleet.Resource{Plural: "configmaps", Namespaced: true}, apiVersion: "v1", namespace: "ns", name: "n", want: "api/v1/namespaces/ns/configmaps/n"},
		"of a cluster-scoped kind": {why: "it has no namespace to name", resource: namespaces.Target, apiVersion: "v1", namespace: "ns", name: "n", want: "api/v1/namespaces/n"},
		"of where things are made": {why: "a create names nothing", resource: deployments.Target, apiVersion: "apps/v1", namespace: "ns", want: "apis/apps/v1/namespaces/ns/deployments"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, strings.Join(path(tc.resource, tc.apiVersion, tc.namespace, tc.name), "/")); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestWatchedTwiceIsWatchedOnce(t *testing.T) {
	m, _ := memberThat(t, nil)
	m.record(deployments, copyAt("5", called("web")), fleet.Hash{})
	m.Watch(t.Context(), deployments)
	if _, present, _ := m.Observed(deployments.Name, "ns", "web"); !present {
		t.Error("watching a type once more forgot its copies")
	}
	if diff := cmp.Diff([]fleet.TypeName{"deployments.apps", "namespaces"}, slices.Sorted(maps.Keys(m.types))); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}
