package member

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/fleet"
)

func TestRemoveField(t *testing.T) {
	tests := map[string]struct {
		why, content, path, want string
		missing                  bool
	}{
		"at the top":              {why: "such as a typo in a ConfigMap", content: `{"dta":{},"kind":"x"}`, path: "dta", want: `{"kind":"x"}`},
		"deeper":                  {why: "its neighbours stay", content: `{"spec":{"replcas":1,"paused":true}}`, path: "spec.replcas", want: `{"spec":{"paused":true}}`},
		"in a list":               {why: "the index counts", content: `{"c":[{"a":1,"x":1},{"a":1,"x":1}]}`, path: "c[1].x", want: `{"c":[{"a":1,"x":1},{"a":1}]}`},
		"in a list of lists":      {why: "an index may follow an index", content: `{"c":[[{"x":1}]]}`, path: "c[0][0].x", want: `{"c":[[{}]]}`},
		"under a key with dots":   {why: "labels have such keys", content: `{"m":{"example.com/a":{"x":1},"example":{"x":1}}}`, path: "m.example.com/a.x", want: `{"m":{"example":{"x":1},"example.com/a":{}}}`},
		"a key with dots":         {why: "as above", content: `{"m":{"a.b":1,"a":{"c":1}}}`, path: "m.a.b", want: `{"m":{"a":{"c":1}}}`},
		"a key that starts alike": {why: "it is another key", content: `{"spec":{"x":1},"specs":{"x":1}}`, path: "specs.x", want: `{"spec":{"x":1},"specs":{}}`},
		"a key with an index":     {why: "as above", content: `{"a":[{"x":1}],"ab":[{"x":1}]}`, path: "ab[0].x", want: `{"a":[{"x":1}],"ab":[{}]}`},
		"of nothing":              {why: "it may be removed already", content: `{"spec":{}}`, path: "spec.x", missing: true},
		"beyond a list":           {why: "as above", content: `{"c":[{"x":1}]}`, path: "c[1].x", missing: true},
		"at a negative index":     {why: "no API server says so", content: `{"c":[{"x":1}]}`, path: "c[-1].x", missing: true},
		"at no index":             {why: "as above", content: `{"c":[{"x":1}]}`, path: "c[a].x", missing: true},
		"at half an index":        {why: "as above", content: `{"c":[{"x":1}]}`, path: "c[0", missing: true},
		"of a list as a map":      {why: "as above", content: `{"c":[{"x":1}]}`, path: "c.x", missing: true},
		"of a value":              {why: "as above", content: `{"c":"text"}`, path: "c.x", missing: true},
		"the empty path":          {why: "as above", content: `{"c":"text"}`, path: "", missing: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var content map[string]any
			if err := json.Unmarshal([]byte(tc.content), &content); err != nil {
				t.Fatal(err)
			}
			if tc.missing {
				tc.want = tc.content
			}
			if removed := removeField(content, tc.path); removed == tc.missing {
				t.Errorf("removed: %v, because %s", removed, tc.why)
			}
			got, err := json.Marshal(content)
			if diff := cmp.Diff(tc.want, string(got)); diff != "" || err != nil {
				t.Errorf("%v (-want +got), because %s:\n%s", err, tc.why, diff)
			}
		})
	}
}

func TestWithoutFieldsKeepsNumbers(t *testing.T) {
	got, removed := withoutFields([]byte(`{"big":9007199254740993,"real":1.5,"x":1,"y":1}`), []string{"y", "x", "none"})
	if diff := cmp.Diff(`{"big":9007199254740993,"real":1.5}`, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"x", "y"}, removed); diff != "" {
		t.Errorf("only what was there is reported, in an order (-want +got):\n%s", diff)
	}
}

// strict is a server whose schema has only the fields that are known. As an API server does, it refuses to apply others,
// naming none that one could rely on, and warns of them when it is asked to create.
type strict struct {
	known []string
	cuts  int // how many warnings it gives at most, 0 for all
	deaf  bool

	mu  sync.Mutex
	log []string
}

func (s *strict) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a request that breaks off has no body
	var sent map[string]any
	_ = json.Unmarshal(body, &sent)
	var unknown []string
	for field := range sent {
		if !slices.Contains(s.known, field) {
			unknown = append(unknown, field)
		}
	}
	slices.Sort(unknown)
	s.mu.Lock()
	s.log = append(s.log, r.Method+" "+r.URL.Path+"?"+r.URL.RawQuery+" "+string(body))
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.Method == http.MethodPatch && len(unknown) == 0:
		_, _ = io.WriteString(w, made("9"))
	case r.Method == http.MethodPatch:
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":500,"message":"field not declared in schema"}`)
	case !s.deaf:
		if s.cuts > 0 {
			unknown = unknown[:min(s.cuts, len(unknown))]
		}
		for _, field := range unknown {
			w.Header().Add("Warning", fmt.Sprintf(`299 - "unknown field \"%s\""`, field))
		}
		w.Header().Add("Warning", `299 - "something else"`)
		w.WriteHeader(http.StatusConflict)
	}
}

func (s *strict) member(t *testing.T) *Member {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	m, err := New("member", &Credentials{Config: &rest.Config{Host: server.URL, QPS: -1}}, mute{}, Options{Log: logr.Discard()})
	if err != nil {
		t.Fatal(err)
	}
	m.Watch(t.Context(), deployments)
	return m
}

func TestApplyKnown(t *testing.T) {
	tests := map[string]struct {
		why     string
		server  *strict
		body    string
		unknown []string
		applied string
		asked   int
	}{
		"all fields known":       {why: "one request", server: &strict{known: []string{"a"}}, body: `{"a":1}`, applied: `{"a":1}`, asked: 1},
		"some fields unknown":    {why: "everything else is applied", server: &strict{known: []string{"a"}}, body: `{"a":1,"x":1,"y":1}`, unknown: []string{"x", "y"}, applied: `{"a":1}`, asked: 3},
		"warnings that are cut":  {why: "it is asked again for the rest", server: &strict{known: []string{"a"}, cuts: 1}, body: `{"a":1,"x":1,"y":1}`, unknown: []string{"x", "y"}, applied: `{"a":1}`, asked: 5},
		"more than it is asked":  {why: "the rounds are bounded, and the last one counts too", server: &strict{cuts: 1}, body: `{"f1":1,"f2":1,"f3":1,"f4":1,"f5":1}`, unknown: []string{"f1", "f2", "f3", "f4", "f5"}, applied: `{}`, asked: 11},
		"a server without words": {why: "the failure has another cause", server: &strict{deaf: true}, body: `{"x":1}`, asked: 2},
		"far too many":           {why: "it ends", server: &strict{cuts: 1}, body: `{"f1":1,"f2":1,"f3":1,"f4":1,"f5":1,"f6":1}`, asked: 11},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			m := tc.server.member(t)
			d := &fleet.Desired{Hash: hashA, APIVersion: "apps/v1", Body: []byte(tc.body)}
			unknown, err := m.Apply(t.Context(), deployments, web, d, fleet.Observed{})
			if (err == nil) != (tc.applied != "") || err != nil && fault.Of(err).Class != fault.Retry {
				t.Errorf("%v, because %s", err, tc.why)
			}
			if diff := cmp.Diff(tc.unknown, unknown); diff != "" {
				t.Errorf("unknown (-want +got), because %s:\n%s", tc.why, diff)
			}
			if len(tc.server.log) != tc.asked {
				t.Errorf("asked %d times, want %d, because %s:\n%s", len(tc.server.log), tc.asked, tc.why, strings.Join(tc.server.log, "\n"))
			}
			last := tc.server.log[len(tc.server.log)-1]
			if tc.applied != "" && last != "PATCH "+webPath+"?fieldManager=fedsync&force=true "+tc.applied {
				t.Errorf("the last request was %s, because %s", last, tc.why)
			}
			if got := string(d.Body); got != tc.body {
				t.Errorf("what all members share was changed: %s", got)
			}
		})
	}
}

// To ask must change nothing in the member.
func TestUnknownFieldsAreAskedForByADryRun(t *testing.T) {
	s := &strict{known: []string{"a"}}
	if _, err := s.member(t).Apply(t.Context(), deployments, web, &fleet.Desired{Hash: hashA, APIVersion: "apps/v1", Body: []byte(`{"a":1,"x":1}`)}, fleet.Observed{}); err != nil {
		t.Fatal(err)
	}
	want := `POST /apis/apps/v1/namespaces/ns/deployments?dryRun=All&fieldManager=fedsync&fieldValidation=Warn {"a":1,"x":1}`
	if diff := cmp.Diff(want, s.log[1]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
