package simfleet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedsync/fedsync/lab/simfleet"
)

// ask sends a request past the network.
func ask(ctx context.Context, f *simfleet.Fleet, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+f.Token)
	if method == http.MethodPatch {
		r.Header.Set("Content-Type", patchTypes["APPLY"])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

func TestFaults(t *testing.T) {
	f := startFleet(t, simfleet.Options{Members: 2})
	cases := map[string]struct {
		faults     simfleet.Faults
		code       int
		reason     metav1.StatusReason
		retryAfter string
		slow       time.Duration
	}{
		"a healthy member answers":                        {code: http.StatusOK},
		"a failing one says so in a Status":               {faults: simfleet.Faults{ErrorRate: 1}, code: http.StatusInternalServerError, reason: metav1.StatusReasonInternalError},
		"an overloaded one says when to come again":       {faults: simfleet.Faults{OverloadedRate: 1}, code: http.StatusTooManyRequests, reason: metav1.StatusReasonTooManyRequests, retryAfter: "1"},
		"it can be told when":                             {faults: simfleet.Faults{OverloadedRate: 1, RetryAfterSeconds: 7}, code: http.StatusTooManyRequests, reason: metav1.StatusReasonTooManyRequests, retryAfter: "7"},
		"a slow one answers late":                         {faults: simfleet.Faults{LatencyMillis: 30}, code: http.StatusOK, slow: 30 * time.Millisecond},
		"a slow and failing one is late with the failure": {faults: simfleet.Faults{LatencyMillis: 30, ErrorRate: 1}, code: http.StatusInternalServerError, reason: metav1.StatusReasonInternalError, slow: 30 * time.Millisecond},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if err := f.Endpoint().SetFaults(t.Context(), c.faults, "m1"); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			w := ask(t.Context(), f, http.MethodGet, "/members/m1/api/v1/namespaces", "")
			if took := time.Since(begin); took < c.slow {
				t.Errorf("answered after %s, want %s", took, c.slow)
			}
			var status metav1.Status
			if err := json.Unmarshal(w.Body.Bytes(), &status); err != nil {
				t.Fatal(err)
			}
			if w.Code != c.code || status.Reason != c.reason || w.Header().Get("Retry-After") != c.retryAfter {
				t.Errorf("got %d %s, Retry-After %q", w.Code, w.Body, w.Header().Get("Retry-After"))
			}
			if other := ask(t.Context(), f, http.MethodGet, "/members/m2/healthz", ""); other.Code != http.StatusOK {
				t.Errorf("the other member answers %d", other.Code)
			}
		})
	}
}

func TestHangingMember(t *testing.T) {
	f := startFleet(t, simfleet.Options{Members: 1})
	if err := f.Endpoint().SetFaults(t.Context(), simfleet.Faults{Hang: true}, "m1"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if w := ask(ctx, f, http.MethodGet, "/members/m1/healthz", ""); w.Body.Len() > 0 || ctx.Err() == nil {
		t.Errorf("a client that left was answered %q", w.Body)
	}
	answered := make(chan string, 1)
	go func() { answered <- ask(t.Context(), f, http.MethodGet, "/members/m1/healthz", "").Body.String() }()
	select {
	case body := <-answered:
		t.Errorf("a hanging member answers %q", body)
	case <-time.After(20 * time.Millisecond):
	}
	if err := f.Endpoint().SetFaults(t.Context(), simfleet.Faults{}, "m1"); err != nil {
		t.Fatal(err)
	}
	if body := <-answered; body != "ok" {
		t.Errorf("after the hang the answer is %q", body)
	}
}

func TestControl(t *testing.T) {
	f := startFleet(t, simfleet.Options{Members: 2})
	cases := map[string]struct {
		method, path, body string
		code               int
	}{
		"faults are set":                       {http.MethodPut, "/control/members/m1/faults", `{"latencyMillis":1}`, http.StatusOK},
		"an unknown fault is refused":          {http.MethodPut, "/control/members/m1/faults", `{"latency":1}`, http.StatusBadRequest},
		"faults of nobody are not found":       {http.MethodPut, "/control/members/m3/faults", `{}`, http.StatusNotFound},
		"faults cannot be read":                {http.MethodGet, "/control/members/m1/faults", ``, http.StatusNotFound},
		"another path is not found":            {http.MethodGet, "/control/nothing", ``, http.StatusNotFound},
		"a member that is none is not found":   {http.MethodGet, "/members/m3/healthz", ``, http.StatusNotFound},
		"what is no member's is not found":     {http.MethodGet, "/healthz", ``, http.StatusNotFound},
		"a member is reached under its name":   {http.MethodGet, "/members/m2/healthz", ``, http.StatusOK},
		"counts can be read":                   {http.MethodGet, "/control/counts", ``, http.StatusOK},
		"counts of one member can be read":     {http.MethodGet, "/control/counts?member=m1", ``, http.StatusOK},
		"counts of a member cannot be set":     {http.MethodPut, "/control/counts", `{}`, http.StatusNotFound},
		"the wrong method leaves all as it is": {http.MethodDelete, "/control/members/m1/faults", ``, http.StatusNotFound},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if w := ask(t.Context(), f, c.method, c.path, c.body); w.Code != c.code {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, c.code)
			}
		})
	}
	if err := f.Endpoint().SetFaults(t.Context(), simfleet.Faults{}, "m3"); err == nil {
		t.Error("faults of nobody were set")
	}
}

func TestCounts(t *testing.T) {
	f := startFleet(t, simfleet.Options{Members: 2})
	const path = "/members/m1/api/v1/namespaces/default/configmaps"
	ask(t.Context(), f, http.MethodGet, "/members/m2/healthz", "")
	ask(t.Context(), f, http.MethodGet, "/members/m1/version", "")
	ask(t.Context(), f, http.MethodPatch, path+"/a"+asFedsync, configMap)
	ask(t.Context(), f, http.MethodPatch, path+"/a"+asFedsync, configMap)
	ask(t.Context(), f, http.MethodGet, path, "")
	ask(t.Context(), f, http.MethodGet, path+"/a", "")
	ask(t.Context(), f, http.MethodGet, path+"/none", "")
	cases := map[string]simfleet.Counts{
		"m1": {Requests: map[string]int{"GET version": 1, "APPLY configmaps": 2, "LIST configmaps": 1, "GET configmaps": 2}, Objects: 5, Contents: 5},
		"m2": {Requests: map[string]int{"GET healthz": 1}, Objects: 4, Contents: 5},
		"":   {Requests: map[string]int{"GET healthz": 1, "GET version": 1, "APPLY configmaps": 2, "LIST configmaps": 1, "GET configmaps": 2}, Objects: 9, Contents: 5},
	}
	for member, want := range cases {
		got, err := f.Endpoint().Counts(t.Context(), member)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("counts of %q: %s", member, diff)
		}
	}
}

// TestSlowWatcher: a client that does not read loses its stream, and no memory is kept for it.
func TestSlowWatcher(t *testing.T) {
	f := startFleet(t, simfleet.Options{Members: 1, History: 1})
	s := newServer(t, "simulated", memberOf(f, "m1"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.config.Host+"/api/v1/configmaps?watch=true&resourceVersion=4", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+f.Token)
	stream, err := s.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close() //nolint:errcheck // it is only read
	const objects = 16        // of half a megabyte: HTTP/2 lets four megabytes go unread
	body := `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"NAME"},"data":{"k":"` + strings.Repeat("x", 1<<19) + `"}}`
	for i := range objects {
		made := strings.Replace(body, "NAME", "c"+string(rune('a'+i)), 1)
		if w := ask(t.Context(), f, http.MethodPost, "/members/m1/api/v1/namespaces/default/configmaps", made); w.Code != http.StatusCreated {
			t.Fatal(w.Code, w.Body)
		}
	}
	text, err := io.ReadAll(stream.Body)
	if told := bytes.Count(text, []byte(`"type":"ADDED"`)); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) || told == 0 || told >= objects {
		t.Errorf("told %d of %d events, %v", told, objects, err)
	}
}

func TestStartRefuses(t *testing.T) {
	cases := map[string]simfleet.Options{
		"no members":              {},
		"a negative number":       {Members: -1},
		"an address of the world": {Members: 1, Listen: "0.0.0.0:0"},
		"no address":              {Members: 1, Listen: "nowhere"},
	}
	for name, o := range cases {
		t.Run(name, func(t *testing.T) {
			if f, err := simfleet.Start(t.Context(), o); err == nil {
				t.Error("it started", f.Close())
			}
		})
	}
}

// TestThousandMembers: what is done to all is held once.
func TestThousandMembers(t *testing.T) {
	const members = 1000
	begin := time.Now()
	f := startFleet(t, simfleet.Options{Members: members})
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("%d members started in %s", members, took)
	}
	for _, name := range f.Names() {
		w := ask(t.Context(), f, http.MethodPatch, "/members/"+name+"/apis/apps/v1/namespaces/default/deployments/d"+asFedsync, deployment)
		if w.Code != http.StatusCreated {
			t.Fatal(w.Code, w.Body)
		}
	}
	got, err := f.Endpoint().Counts(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	want := simfleet.Counts{Requests: map[string]int{"APPLY deployments": members}, Objects: 5 * members, Contents: 5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
