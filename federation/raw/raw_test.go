package raw_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/raw"
)

// serverThat returns a client for a server that gives one answer.
func serverThat(t *testing.T, code int, answer string) *rest.RESTClient {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if accept := r.Header.Get("Accept"); accept != "application/json" {
			t.Errorf("asked for %q: protobuf has no content that could stay undecoded", accept)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	c, err := raw.NewClient(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestObjectsOfAnyKind(t *testing.T) {
	for name, kind := range map[string]string{"a known kind": `"kind":"Deployment","apiVersion":"apps/v1"`, "an unheard of kind": `"kind":"Widget","apiVersion":"example.com/v7"`, "none": `"x":1`} {
		t.Run(name, func(t *testing.T) {
			c := serverThat(t, http.StatusOK, `{`+kind+`,"metadata":{"name":"n","labels":{"a":"b"}},"spec":{"big":9007199254740993},"status":{"null":null}}`)
			got := &raw.Object{}
			if err := c.Get().AbsPath("x").Do(t.Context()).Into(got); err != nil {
				t.Fatal(err)
			}
			want := []string{"n", "b", `{"big":9007199254740993}`, `{"null":null}`}
			if diff := cmp.Diff(want, []string{got.Name, got.Labels["a"], string(got.Spec), string(got.Status)}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestListsOfAnyKind(t *testing.T) {
	c := serverThat(t, http.StatusOK, `{"kind":"WidgetList","apiVersion":"example.com/v7","metadata":{"resourceVersion":"7","continue":"more"},"items":[{"metadata":{"name":"a"},"spec":[1]},{"metadata":{"name":"b"},"status":"text"}]}`)
	list := &raw.List{}
	if err := c.Get().AbsPath("x").Do(t.Context()).Into(list); err != nil {
		t.Fatal(err)
	}
	got := []string{list.ResourceVersion, list.Continue}
	for _, o := range list.Items {
		got = append(got, o.Name+string(o.Spec)+string(o.Status))
	}
	if diff := cmp.Diff([]string{"7", "more", "a[1]", `b"text"`}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestErrorsKeepTheirClass(t *testing.T) {
	tests := map[string]struct {
		why, answer string
		code        int
		want        fault.Class
	}{
		"a refusal": {
			why: "the server's own words tell", code: http.StatusForbidden, want: fault.Forbidden,
			answer: `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"no"}`,
		},
		"a missing type": {why: "the server has no path for it", code: http.StatusNotFound, want: fault.TypeMissing, answer: "404 page not found"},
		"no JSON":        {why: "whoever answered is no API server", code: http.StatusOK, want: fault.Retry, answer: "<html>"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			err := serverThat(t, tc.code, tc.answer).Get().AbsPath("x").Do(t.Context()).Into(&raw.Object{})
			if diff := cmp.Diff(tc.want, fault.Of(err).Class); diff != "" {
				t.Errorf("%v (-want +got), because %s:\n%s", err, tc.why, diff)
			}
		})
	}
}

func TestWatch(t *testing.T) {
	c := serverThat(t, http.StatusOK, `{"type":"MODIFIED","object":{"kind":"Widget","apiVersion":"example.com/v7","metadata":{"name":"a"},"status":{"b":1}}}`+"\n")
	w, err := c.Get().AbsPath("x").Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	var got []string
	for event := range w.ResultChan() {
		o, ok := event.Object.(*raw.Object)
		if !ok {
			t.Fatalf("%s of a %T", event.Type, event.Object)
		}
		got = append(got, strings.Join([]string{string(event.Type), o.Name, string(o.Status)}, " "))
	}
	if diff := cmp.Diff([]string{`MODIFIED a {"b":1}`}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
