package member

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/fedsync/fedsync/fleet"
)

// scripted is a cluster whose answers can be changed while it runs.
type scripted struct {
	mu      sync.Mutex
	answers map[string]string // by path; an answer may begin with its status code
	paths   []string
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paths = append(s.paths, r.URL.Path)
	answer := s.answers[r.URL.Path]
	code := http.StatusOK
	switch {
	case strings.HasPrefix(answer, "401 "):
		code = http.StatusUnauthorized
	case strings.HasPrefix(answer, "403 "):
		code = http.StatusForbidden
	case strings.HasPrefix(answer, "500 "):
		code = http.StatusInternalServerError
	case strings.HasPrefix(answer, "503 "):
		code = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, strings.TrimPrefix(answer, "200 "))
}

const (
	healthzPath  = "/healthz"
	identityPath = "/api/v1/namespaces/kube-system"
	versionPath  = "/version"

	kubeSystem = `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"kube-system","uid":"cluster-a"}}`
	gitVersion = `{"gitVersion":"v1.37.2"}`
)

func healthyCluster(changes map[string]string) *scripted {
	s := &scripted{answers: map[string]string{healthzPath: "ok", identityPath: kubeSystem, versionPath: gitVersion}}
	maps.Copy(s.answers, changes)
	return s
}

func memberOf(t *testing.T, s *scripted, l Listener, o Options) *Member {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	o.Log = logr.Discard()
	m, err := New("member", &Credentials{Config: &rest.Config{Host: server.URL, QPS: -1}}, l, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestProbe(t *testing.T) {
	tests := map[string]struct {
		why     string
		answers map[string]string
		pin     types.UID
		finding Finding
		uid     types.UID
		version string
		paths   []string
	}{
		"a healthy member": {
			why: "health first, identity second", finding: Healthy, uid: "cluster-a", version: "v1.37.2", paths: []string{healthzPath, identityPath, versionPath},
		},
		"the member that joined": {
			why: "the pin is its own", pin: "cluster-a", finding: Healthy, uid: "cluster-a", version: "v1.37.2", paths: []string{healthzPath, identityPath, versionPath},
		},
		"another cluster": {
			why: "it gets no further request, and its identity is not taken for the member's", pin: "cluster-b", finding: Stranger, paths: []string{healthzPath, identityPath},
		},
		"a member that is not ok": {
			why: "KubeFed: the answer must be ok", answers: map[string]string{healthzPath: "[-]etcd failed"}, finding: Unhealthy, paths: []string{healthzPath},
		},
		"a member that fails": {
			why: "it answers", answers: map[string]string{healthzPath: "500 no"}, finding: Unhealthy, paths: []string{healthzPath},
		},
		"a member behind a proxy that cannot reach it": {
			why: "nobody answers", answers: map[string]string{healthzPath: "503 no"}, finding: Offline, paths: []string{healthzPath},
		},
		"a member that does not know us": {
			why: "whose it is, nobody can tell", answers: map[string]string{identityPath: "401 who?"}, finding: Stranger, paths: []string{healthzPath, identityPath},
		},
		"a member that does not tell who it is": {
			why: "whoever gave us these credentials chose so", answers: map[string]string{identityPath: "403 no"}, pin: "cluster-b", finding: Healthy, version: "v1.37.2",
			paths: []string{healthzPath, identityPath, versionPath},
		},
		"a member that fails to tell who it is": {
			why: "then nobody knows, and nothing may be written", answers: map[string]string{identityPath: "500 no"}, finding: Unhealthy, paths: []string{healthzPath, identityPath},
		},
		"a member without a version": {
			why: "it is nice to know, no more", answers: map[string]string{versionPath: "500 no"}, finding: Healthy, uid: "cluster-a", paths: []string{healthzPath, identityPath, versionPath},
		},
		"a member with a version that cannot be read": {
			why: "as above", answers: map[string]string{versionPath: "?"}, finding: Healthy, uid: "cluster-a", paths: []string{healthzPath, identityPath, versionPath},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := healthyCluster(tc.answers)
			p := memberOf(t, s, mute{}, Options{Pin: tc.pin, Clock: clocktesting.NewFakeClock(noon)}).probe(t.Context())
			want := probe{finding: tc.finding, uid: tc.uid, version: tc.version, at: noon, detail: p.detail}
			if diff := cmp.Diff(want, p, cmp.AllowUnexported(probe{})); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
			if p.detail == "" {
				t.Error("the probe says nothing to a person")
			}
			if diff := cmp.Diff(tc.paths, s.paths); diff != "" {
				t.Errorf("asked (-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

// heard is a listener that hands on the findings.
type heard struct {
	mute

	findings chan Finding
}

func (h heard) HealthChanged(_ fleet.Name, _, after Health) { h.findings <- after.Finding }

func TestRunProbesAndOpensTheGate(t *testing.T) {
	clock := clocktesting.NewFakeClock(noon)
	s := healthyCluster(nil)
	l := heard{findings: make(chan Finding)}
	m := memberOf(t, s, l, Options{Clock: clock, Thresholds: Thresholds{Period: 10 * time.Second, Failure: 1, Success: 1}})
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.Run(ctx)
	}()
	expect := func(why string, want Finding) {
		t.Helper()
		if diff := cmp.Diff(want, <-l.findings); diff != "" {
			t.Errorf("finding (-want +got): %s\n%s", why, diff)
		}
	}
	become := func(path, answer string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.answers[path] = answer
	}
	expect("the first contact", Healthy)
	if err := m.Ready(t.Context()); err != nil {
		t.Error(err)
	}

	become(healthzPath, "500 no")
	m.Suspect() // which must not wait for the period
	expect("somebody suspects it", Unhealthy)
	if m.gate.set(false) {
		t.Error("workers pass although the last probe failed")
	}

	become(healthzPath, "ok")
	for back := false; !back; {
		select {
		case f := <-l.findings:
			if back = true; f != Healthy {
				t.Errorf("finding %d of a member that is back", f)
			}
		default:
			clock.Step(retryProbe) // which may come before the pause has begun: once is not enough
			runtime.Gosched()
		}
	}
	if err := m.Ready(t.Context()); err != nil {
		t.Error(err)
	}

	become(identityPath, strings.Replace(kubeSystem, "cluster-a", "cluster-b", 1))
	m.Suspect()
	expect("another cluster answers, and the first contact pinned who it was", Stranger)
	if h := m.Health(); h.UID != "cluster-a" {
		t.Errorf("identity %q", h.UID)
	}
	end()
	<-ended
}
