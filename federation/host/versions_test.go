package host

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// versionsHost stores PropagatedVersions as an API server does: a create drops the status, and a patch of what is missing
// fails.
type versionsHost struct {
	mu     sync.Mutex
	stored map[string]map[string]any
	log    []string
	refuse string // a method that fails
}

func (h *versionsHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, r.Method+" "+r.URL.Path)
	w.Header().Set("Content-Type", "application/json")
	body, _ := io.ReadAll(r.Body) // a request that breaks off has no body
	var sent map[string]any
	_ = json.Unmarshal(body, &sent)
	path := strings.TrimSuffix(r.URL.Path, "/status")
	o, present := h.stored[path]
	switch {
	case r.Method == h.refuse:
		h.fail(w, http.StatusForbidden)
	case r.Method == http.MethodPost:
		delete(sent, "status")
		metadata, _ := sent["metadata"].(map[string]any)
		name, _ := metadata["name"].(string)
		h.stored[path+"/"+name] = sent
		_, _ = w.Write(body)
	case !present:
		h.fail(w, http.StatusNotFound)
	case r.Method == http.MethodPatch && path == r.URL.Path:
		o["metadata"] = sent["metadata"]
		h.answer(w, o)
	case r.Method == http.MethodPatch:
		o["status"] = sent["status"]
		fallthrough
	default:
		h.answer(w, o)
	}
}

func (h *versionsHost) fail(w http.ResponseWriter, code int) {
	w.WriteHeader(code)
	h.answer(w, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "details": map[string]any{"name": "x", "kind": "propagatedversions"}})
}

func (h *versionsHost) answer(w http.ResponseWriter, content map[string]any) {
	if err := json.NewEncoder(w).Encode(content); err != nil {
		panic(err) // decoded JSON always encodes
	}
}

// asked returns the requests since the last call.
func (h *versionsHost) asked() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	log := h.log
	h.log = nil
	return log
}

func newVersionsHost(t *testing.T) (*versionsHost, *Client) {
	t.Helper()
	h := &versionsHost{stored: map[string]map[string]any{}}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := NewClient(&rest.Config{Host: server.URL, QPS: -1})
	if err != nil {
		t.Fatal(err)
	}
	return h, c
}

const (
	versionsCollection = "/apis/core.kubefed.io/v1alpha1/namespaces/ns/propagatedversions"
	oneVersions        = versionsCollection + "/configmap-n"
)

var (
	versionedConfigMaps = fleet.Type{Name: "configmaps", Target: fleet.Resource{Version: "v1", Kind: "ConfigMap", Plural: "configmaps", Namespaced: true}, Federated: federatedConfigMaps.Federated}
	versioned           = &fleet.FederatedObject{Key: fleet.ObjectKey{Type: "configmaps", Namespace: "ns", Name: "n"}, UID: "uid"}
)

func versionsAt(version string) report.Versions {
	return report.Versions{TemplateVersion: "t", OverridesVersion: "o", ClusterVersions: []report.ClusterVersion{{ClusterName: "a", Version: version}}}
}

func TestVersionsAreWrittenWhenTheyDiffer(t *testing.T) {
	h, c := newVersionsHost(t)
	write := func(v *Versions, o *fleet.FederatedObject, version, why string, want ...string) {
		t.Helper()
		if err := v.Write(t.Context(), versionedConfigMaps, o, versionsAt(version)); err != nil {
			t.Fatalf("%s: %v", why, err)
		}
		if diff := cmp.Diff(want, h.asked()); diff != "" {
			t.Errorf("%s: asked (-want +got):\n%s", why, diff)
		}
		stored, err := json.Marshal(h.stored[oneVersions]["status"])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(`{"clusterVersions":[{"clusterName":"a","version":"`+version+`"}],"overridesVersion":"o","templateVersion":"t"}`, string(stored)); diff != "" {
			t.Errorf("%s: stored (-want +got):\n%s", why, diff)
		}
	}
	const get, post, patch = "GET " + oneVersions, "POST " + versionsCollection, "PATCH " + oneVersions + "/status"
	const own = "PATCH " + oneVersions
	v := NewVersions(c, func(err error) error { return err })
	write(v, versioned, "rv:1", "the first time there is nothing", get, patch, post, patch)
	write(v, versioned, "rv:1", "what was written need not be written again")
	write(v, versioned, "rv:2", "another version", patch)
	write(NewVersions(c, func(err error) error { return err }), versioned, "rv:2", "after a restart what is stored counts", get)
	write(NewVersions(c, func(err error) error { return err }), versioned, "rv:3", "after a restart with another version", get, patch)
	delete(h.stored, oneVersions)
	write(v, versioned, "rv:4", "somebody deleted it", patch, post, patch)
	anew := *versioned
	anew.UID = "new"
	write(v, &anew, "rv:4", "another object of the same name: its own, or it goes with the one before", get, own)
	v.Forget(versioned.Key)
	write(v, &anew, "rv:4", "an object that was gone", get)
}

func TestVersionsBelongToTheFederatedObject(t *testing.T) {
	h, c := newVersionsHost(t)
	if err := NewVersions(c, func(err error) error { return err }).Write(t.Context(), versionedConfigMaps, versioned, versionsAt("rv:1")); err != nil {
		t.Fatal(err)
	}
	delete(h.stored[oneVersions], "status")
	want := map[string]any{"apiVersion": "core.kubefed.io/v1alpha1", "kind": "PropagatedVersion", "metadata": map[string]any{
		"name": "configmap-n", "namespace": "ns",
		"ownerReferences": []any{map[string]any{"apiVersion": "types.kubefed.io/v1beta1", "kind": "FederatedConfigMap", "name": "n", "uid": "uid"}},
	}}
	if diff := cmp.Diff(want, h.stored[oneVersions]); diff != "" {
		t.Errorf("the garbage collector removes it with its owner (-want +got):\n%s", diff)
	}
}

func TestVersionsOfAClusterWideType(t *testing.T) {
	h, c := newVersionsHost(t)
	roles := fleet.Type{
		Name: "clusterroles.rbac.authorization.k8s.io", Target: fleet.Resource{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole", Plural: "clusterroles"},
		Federated: fleet.Resource{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedClusterRole", Plural: "federatedclusterroles"},
	}
	o := &fleet.FederatedObject{Key: fleet.ObjectKey{Type: roles.Name, Name: "n"}, UID: "uid"}
	if err := NewVersions(c, func(err error) error { return err }).Write(t.Context(), roles, o, versionsAt("rv:1")); err != nil {
		t.Fatal(err)
	}
	const path = "/apis/core.kubefed.io/v1alpha1/clusterpropagatedversions/clusterrole-n"
	if got := h.stored[path]["kind"]; got != "ClusterPropagatedVersion" {
		t.Errorf("kind %v at %s of %v", got, path, h.stored)
	}
}

// What could not be written is not remembered as written.
func TestVersionsThatCannotBeWritten(t *testing.T) {
	for _, refuse := range []string{http.MethodPatch, http.MethodPost} {
		t.Run(refuse, func(t *testing.T) {
			h, c := newVersionsHost(t)
			h.refuse = refuse
			v := NewVersions(c, func(err error) error { return err })
			if class := fault.Of(v.Write(t.Context(), versionedConfigMaps, versioned, versionsAt("rv:1"))).Class; class != fault.Forbidden {
				t.Errorf("class %d", class)
			}
			h.refuse = ""
			if err := v.Write(t.Context(), versionedConfigMaps, versioned, versionsAt("rv:1")); err != nil || h.stored[oneVersions]["status"] == nil {
				t.Errorf("stored %v, error %v", h.stored, err)
			}
		})
	}
}
