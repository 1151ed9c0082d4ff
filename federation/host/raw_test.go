package host

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

var federatedConfigMaps = fleet.Type{
	Name:      "configmaps",
	Federated: fleet.Resource{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedConfigMap", Plural: "federatedconfigmaps", Namespaced: true},
}

// asked is a request as the server saw it.
type asked struct {
	Method, Path, Query, ContentType, Accept, Body string
}

// hostThat returns a client for a server that answers everything alike, and what it was asked.
func hostThat(t *testing.T, code int, answer string) (*Client, *[]asked) {
	t.Helper()
	log := &[]asked{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*log = append(*log, asked{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Content-Type"), r.Header.Get("Accept"), string(body)})
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		if _, err := io.WriteString(w, answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	c, err := NewClient(&rest.Config{Host: server.URL, QPS: -1})
	if err != nil {
		t.Fatal(err)
	}
	return c, log
}

const oneObject = `{"apiVersion":"types.kubefed.io/v1beta1","kind":"FederatedConfigMap","metadata":{"namespace":"ns","name":"n","uid":"u","resourceVersion":"5"},
	"spec":{"template":{"data":{"big":9007199254740993}}},"status":{"observedGeneration":1}}`

func TestSourceList(t *testing.T) {
	c, log := hostThat(t, http.StatusOK, `{"apiVersion":"types.kubefed.io/v1beta1","kind":"FederatedConfigMapList","metadata":{"resourceVersion":"7"},"items":[`+oneObject+`]}`)
	got, err := c.Source(federatedConfigMaps, "").List(t.Context(), metav1.ListOptions{Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	list, ok := got.(*raw.List)
	if !ok || list.ResourceVersion != "7" || len(list.Items) != 1 {
		t.Fatalf("got %#v", got)
	}
	if diff := cmp.Diff(`{"template":{"data":{"big":9007199254740993}}}`, string(list.Items[0].Spec)); diff != "" {
		t.Errorf("the spec must stay as it was sent (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("n", list.Items[0].Name); diff != "" {
		t.Errorf("name (-want +got):\n%s", diff)
	}
	want := []asked{{Method: "GET", Path: "/apis/types.kubefed.io/v1beta1/federatedconfigmaps", Query: "limit=5", Accept: "application/json"}}
	if diff := cmp.Diff(want, *log); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestSourceWatch(t *testing.T) {
	events := `{"type":"ADDED","object":` + oneObject + `}{"type":"BOOKMARK","object":{"kind":"FederatedConfigMap","apiVersion":"types.kubefed.io/v1beta1","metadata":{"resourceVersion":"9"}}}` +
		`{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","code":410,"reason":"Expired","message":"too old"}}`
	c, log := hostThat(t, http.StatusOK, strings.ReplaceAll(events, "\n", ""))
	w, err := c.Source(federatedConfigMaps, "ns").Watch(t.Context(), metav1.ListOptions{ResourceVersion: "5"})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	var got []string
	for event := range w.ResultChan() {
		switch o := event.Object.(type) {
		case *raw.Object:
			got = append(got, string(event.Type)+" "+o.Name+"@"+o.ResourceVersion)
		case *metav1.Status:
			got = append(got, string(event.Type)+" "+string(o.Reason))
		default:
			t.Errorf("%s of a %T", event.Type, o)
		}
	}
	if diff := cmp.Diff([]string{string(apiwatch.Added) + " n@5", "BOOKMARK @9", "ERROR Expired"}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	want := []asked{{Method: "GET", Path: "/apis/types.kubefed.io/v1beta1/namespaces/ns/federatedconfigmaps", Query: "resourceVersion=5&watch=true", Accept: "application/json"}}
	if diff := cmp.Diff(want, *log); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// The class of a host's answer decides what is done next: it must come through the client unharmed.
func TestHostErrorsKeepTheirClass(t *testing.T) {
	tests := map[string]struct {
		why, answer string
		code        int
		want        fault.Class
	}{
		"an object that is gone": {
			why: "it is not reported on any more", code: http.StatusNotFound, want: fault.Absent,
			answer: `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"details":{"name":"n","group":"types.kubefed.io","kind":"federatedconfigmaps"}}`,
		},
		"a type that is gone": {
			why: "it is no object that is gone", code: http.StatusNotFound, want: fault.TypeMissing, answer: `404 page not found`,
		},
		"a conflict": {
			why: "the version is another", code: http.StatusConflict, want: fault.Conflict,
			answer: `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Conflict","code":409,"details":{"name":"n"}}`,
		},
		"a proxy that gives up": {why: "nobody answered", code: http.StatusBadGateway, want: fault.Unreachable, answer: `<html>`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := hostThat(t, tc.code, tc.answer)
			s, _ := storeOf(t, version("5"))
			errs := map[string]error{
				"write":  c.WriteStatus(t.Context(), federatedConfigMaps, s, s.Get("ns", "n").Object, report.Status{}),
				"hold":   c.Hold(t.Context(), federatedConfigMaps, s, s.Get("ns", "n")),
				"unhold": c.Unhold(t.Context(), federatedConfigMaps, s, s.Get("ns", "n")),
			}
			for name, err := range errs {
				if diff := cmp.Diff(tc.want, fault.Of(err).Class); diff != "" {
					t.Errorf("%s: %v (-want +got), because %s:\n%s", name, err, tc.why, diff)
				}
			}
			if diff := cmp.Diff("5", s.Get("ns", "n").Object.ResourceVersion); diff != "" {
				t.Errorf("a failed write was noted (-want +got):\n%s", diff)
			}
		})
	}
}

const (
	objectPath = "/apis/types.kubefed.io/v1beta1/namespaces/ns/federatedconfigmaps/n"
	mergePatch = "application/merge-patch+json"
)

func TestHold(t *testing.T) {
	c, log := hostThat(t, http.StatusOK, `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"9","finalizers":["other","kubefed.io/sync-controller"]}}`)
	s, changes := storeOf(t, version("5", finalizers("other")))
	before := s.Get("ns", "n")
	if err := c.Hold(t.Context(), federatedConfigMaps, s, before); err != nil {
		t.Fatal(err)
	}
	want := []asked{{
		Method: "PATCH", Path: objectPath, Query: "fieldManager=fedsync", ContentType: mergePatch, Accept: metadataOnly,
		Body: `{"metadata":{"finalizers":["other","kubefed.io/sync-controller"],"resourceVersion":"5","uid":"uid"}}`,
	}}
	if diff := cmp.Diff(want, *log); diff != "" {
		t.Errorf("asked: the list is replaced as a whole, so the version that was read must be named (-want +got):\n%s", diff)
	}
	if o := s.Get("ns", "n").Object; !o.Held || o.ResourceVersion != "9" {
		t.Errorf("noted %+v", o)
	}
	if before.Object.Held || len(*changes) != 0 {
		t.Errorf("the old record was changed, or the write told: %v", *changes)
	}

	if err := c.Unhold(t.Context(), federatedConfigMaps, s, s.Get("ns", "n")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"metadata":{"finalizers":["other"],"resourceVersion":"9","uid":"uid"}}`, (*log)[1].Body); diff != "" {
		t.Errorf("only our own is taken off (-want +got):\n%s", diff)
	}
}

func TestUnholdOfTheLastFinalizer(t *testing.T) {
	c, log := hostThat(t, http.StatusOK, `{"metadata":{"resourceVersion":"9"}}`)
	s, _ := storeOf(t, version("5", finalizers(Finalizer)))
	if err := c.Unhold(t.Context(), federatedConfigMaps, s, s.Get("ns", "n")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"metadata":{"finalizers":[],"resourceVersion":"5","uid":"uid"}}`, (*log)[0].Body); diff != "" {
		t.Errorf("an empty list replaces the old one, a missing one would not (-want +got):\n%s", diff)
	}
	if s.Get("ns", "n").Object.Held {
		t.Error("noted as held")
	}
}

func TestWriteStatus(t *testing.T) {
	tests := map[string]struct {
		why    string
		status report.Status
		body   string
	}{
		"a full one": {
			why: "it replaces what was there",
			status: report.Status{
				ObservedGeneration: 3, Conditions: []report.Condition{{Type: "Propagation", Status: "True"}}, Clusters: []report.Cluster{{Name: "a"}, {Name: "b", Status: "Pending"}},
			},
			body: `{"metadata":{"uid":"uid"},"status":{"clusters":[{"name":"a"},{"name":"b","status":"Pending"}],"conditions":[{"type":"Propagation","status":"True"}],"observedGeneration":3}}`,
		},
		"an empty one": {
			why:  "a merge patch leaves what it does not name: an empty list must remove the old entries",
			body: `{"metadata":{"uid":"uid"},"status":{"clusters":null,"conditions":null,"observedGeneration":0}}`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, log := hostThat(t, http.StatusOK, `{"metadata":{"resourceVersion":"9"}}`)
			s, _ := storeOf(t, version("5"))
			if err := c.WriteStatus(t.Context(), federatedConfigMaps, s, s.Get("ns", "n").Object, tc.status); err != nil {
				t.Fatal(err)
			}
			want := []asked{{Method: "PATCH", Path: objectPath + "/status", Query: "fieldManager=fedsync", ContentType: mergePatch, Accept: metadataOnly, Body: tc.body}}
			if diff := cmp.Diff(want, *log); diff != "" {
				t.Errorf("asked (-want +got), because %s:\n%s", tc.why, diff)
			}
			r := s.Get("ns", "n")
			if diff := cmp.Diff(report.Digest(tc.status), r.Published); diff != "" {
				t.Errorf("noted (-want +got):\n%s", diff)
			}
			if r.Object.ResourceVersion != "9" || len(r.Object.Journal) != len(tc.status.Clusters) {
				t.Errorf("noted %+v", r.Object)
			}
		})
	}
}

func TestCollectionPath(t *testing.T) {
	tests := map[string]struct {
		why       string
		resource  fleet.Resource
		namespace string
		want      string
	}{
		"in a namespace":         {why: "objects of one namespace", resource: federatedConfigMaps.Federated, namespace: "ns", want: "apis/types.kubefed.io/v1beta1/namespaces/ns/federatedconfigmaps"},
		"in all namespaces":      {why: "no namespace is all", resource: federatedConfigMaps.Federated, want: "apis/types.kubefed.io/v1beta1/federatedconfigmaps"},
		"of a cluster-wide kind": {why: "it has no namespace to name", resource: fleet.Resource{Group: "types.kubefed.io", Version: "v1", Plural: "things"}, namespace: "ns", want: "apis/types.kubefed.io/v1/things"},
		"of the core group":      {why: "it has a path of its own", resource: fleet.Resource{Version: "v1", Plural: "configmaps", Namespaced: true}, namespace: "ns", want: "api/v1/namespaces/ns/configmaps"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, strings.Join(CollectionPath(tc.resource, tc.namespace), "/")); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestRawCopies(t *testing.T) {
	o := version("5", finalizers("a"), annotated("k", "v"))
	c, ok := o.DeepCopyObject().(*raw.Object)
	if !ok || !cmp.Equal(o, c) {
		t.Fatalf("the copy differs: %v", c)
	}
	c.Finalizers[0], c.Annotations["k"] = "changed", "changed"
	if o.Finalizers[0] != "a" || o.Annotations["k"] != "v" {
		t.Error("the copy shares its metadata with the original")
	}
	list := &raw.List{Items: []raw.Object{*o}}
	l, ok := list.DeepCopyObject().(*raw.List)
	if !ok || !cmp.Equal(list, l) {
		t.Fatalf("the copy differs: %v", l)
	}
	l.Items[0].Spec = json.RawMessage(`{"changed":true}`)
	if string(list.Items[0].Spec) != `{}` {
		t.Error("the copy shares its items with the original")
	}
}

func TestListOfAMissingType(t *testing.T) {
	c, _ := hostThat(t, http.StatusNotFound, `404 page not found`)
	_, err := c.Source(federatedConfigMaps, "").List(t.Context(), metav1.ListOptions{})
	var status apierrors.APIStatus
	if !errors.As(err, &status) || fault.Of(err).Class != fault.TypeMissing {
		t.Errorf("%v is of class %d", err, fault.Of(err).Class)
	}
}
