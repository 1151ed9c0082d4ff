package member

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/fleet"
)

// wholeAt is copyAt with a status.
func wholeAt(version, status string, changes ...func(*metav1.PartialObjectMetadata)) *raw.Object {
	return &raw.Object{ObjectMeta: copyAt(version, changes...).ObjectMeta, Status: json.RawMessage(status)}
}

func TestStatusOfCopies(t *testing.T) {
	tests := map[string]struct {
		why   string
		play  func(c *copies) error
		want  string
		calls int
	}{
		"a copy with a status":   {why: "it is kept as it was sent", play: func(c *copies) error { return c.Add(wholeAt("5", `{"a": 1}`)) }, want: `{"a": 1}`, calls: 1},
		"a copy without":         {why: "there is nothing to show", play: func(c *copies) error { return c.Add(wholeAt("5", "")) }, calls: 1},
		"the metadata of a copy": {why: "the status was not asked for", play: func(c *copies) error { return c.Add(copyAt("5")) }, calls: 1},
		"a status that changes": {
			why: "it must be told although nothing else changed", want: `{"a":2}`, calls: 2,
			play: func(c *copies) error { return c.Replace([]any{wholeAt("5", `{"a":1}`), wholeAt("6", `{"a":2}`)}, "6") },
		},
		"a status that stays": {
			why: "another version alone is no news", want: `{"a":1}`, calls: 1,
			play: func(c *copies) error { return c.Replace([]any{wholeAt("5", `{"a":1}`), wholeAt("6", `{"a":1}`)}, "6") },
		},
		"a status that goes": {why: "it was there once", calls: 2, play: func(c *copies) error { return c.Replace([]any{wholeAt("5", `{"a":1}`), wholeAt("6", "")}, "6") }},
		"our own write": {
			why: "its answer is metadata, and says nothing about the status", want: `{"a":1}`, calls: 1,
			play: func(c *copies) error {
				err := c.Add(wholeAt("5", `{"a":1}`))
				c.answered(copyAt("6"), fleet.Hash{})
				return err
			},
		},
		"a copy that was released": {
			why: "it is none any more", calls: 2, play: func(c *copies) error {
				return c.Replace([]any{wholeAt("5", `{"a":1}`), wholeAt("6", `{"a":1}`, unlabelled)}, "6")
			},
		},
		"a copy that was deleted": {why: "the next one has its own", calls: 2, play: func(c *copies) error {
			if err := c.Add(wholeAt("5", `{"a":1}`)); err != nil {
				return err
			}
			return c.Delete(wholeAt("6", `{"a":1}`))
		}},
		"a copy that is missing in a list": {why: "as above", calls: 2, play: func(c *copies) error {
			if err := c.Add(wholeAt("5", `{"a":1}`)); err != nil {
				return err
			}
			return c.Replace(nil, "6")
		}},
		"another copy of the same name": {
			why: "the old one's status is not its own", calls: 2, play: func(c *copies) error {
				return c.Replace([]any{wholeAt("5", `{"a":1}`), wholeAt("6", "", being("new"))}, "6")
			},
		},
		"no copy": {why: "somebody else's status is nobody's business", play: func(c *copies) error { return c.Add(wholeAt("5", `{"a":1}`, unlabelled)) }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			calls := 0
			c := newCopies(func(string, string) { calls++ })
			if err := tc.play(c); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(c.statusOf("ns", "n"))); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
			if calls != tc.calls {
				t.Errorf("told %d times, want %d, because %s", calls, tc.calls, tc.why)
			}
		})
	}
}

// Whole objects cost memory and bandwidth: only types that ask for the status get them.
func TestSourceAsksForWhatIsNeeded(t *testing.T) {
	tests := map[string]struct {
		why          string
		kind         fleet.Type
		namespace    string
		path, accept string
		whole        bool
	}{
		"metadata": {
			why: "the content does not matter", kind: deployments, path: "/apis/apps/v1/deployments",
			accept: "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
		},
		"whole objects":                {why: "the status is collected", kind: collecting(deployments), path: "/apis/apps/v1/deployments", accept: "application/json", whole: true},
		"whole objects of a namespace": {why: "a limited control plane", kind: collecting(deployments), namespace: "ns", path: "/apis/apps/v1/namespaces/ns/deployments", accept: "application/json", whole: true},
		"whole cluster-wide objects":   {why: "they are in no namespace", kind: collecting(namespaces), namespace: "ns", path: "/api/v1/namespaces", accept: "application/json", whole: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var path, accept, selector string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				path, accept, selector = r.URL.Path, r.Header.Get("Accept"), r.URL.Query().Get("labelSelector")
				w.Header().Set("Content-Type", "application/json")
				kind := `"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1"`
				if tc.whole {
					kind = `"kind":"DeploymentList","apiVersion":"apps/v1"`
				}
				_, _ = io.WriteString(w, `{`+kind+`,"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"n"},"status":{"big":9007199254740993}}]}`)
			}))
			t.Cleanup(server.Close)
			c, err := newClient(&Credentials{Config: &rest.Config{Host: server.URL}})
			if err != nil {
				t.Fatal(err)
			}
			got, err := newSource(c, tc.kind, tc.namespace).List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tc.path, tc.accept, "kubefed.io/managed"}, []string{path, accept, selector}); diff != "" {
				t.Errorf("asked (-want +got), because %s:\n%s", tc.why, diff)
			}
			list, whole := got.(*raw.List)
			if whole != tc.whole {
				t.Fatalf("got a %T, because %s", got, tc.why)
			}
			if whole && string(list.Items[0].Status) != `{"big":9007199254740993}` {
				t.Errorf("the status must stay as it was sent: %s", list.Items[0].Status)
			}
		})
	}
}

func collecting(t fleet.Type) fleet.Type {
	t.CollectStatus = true
	return t
}
