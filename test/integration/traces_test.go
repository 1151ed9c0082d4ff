package integration

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// spans takes what is sent by OTLP over HTTP.
type spans struct {
	mu  sync.Mutex
	all []*tracev1.Span
}

func (s *spans) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unzipped
	}
	content, err := io.ReadAll(body)
	sent := &collectorv1.ExportTraceServiceRequest{}
	if err == nil {
		err = proto.Unmarshal(content, sent)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, resource := range sent.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			s.all = append(s.all, scope.GetSpans()...)
		}
	}
}

// of returns the spans of a trace that went well in words: its name, the member if there is one, and whether it is the root or hangs
// on it.
func (s *spans) of(trace, root string) (words []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, span := range s.all {
		if hex.EncodeToString(span.GetTraceId()) != trace || span.GetStatus().GetCode() == tracev1.Status_STATUS_CODE_ERROR {
			continue
		}
		word := span.GetName()
		for _, a := range span.GetAttributes() {
			if a.GetKey() == "fedsync.member" {
				word += " " + a.GetValue().GetStringValue()
			}
		}
		switch {
		case hex.EncodeToString(span.GetSpanId()) == root:
			word += " (root)"
		case hex.EncodeToString(span.GetParentSpanId()) != root:
			word += " (astray)"
		}
		words = append(words, word)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// A trace is one version of one object, whatever becomes of the daemon meanwhile.
func TestATraceSurvivesARestart(t *testing.T) {
	collected := &spans{}
	collector := httptest.NewServer(collected)
	defer collector.Close()
	fleet.withDaemon(t, fleet.raceBinary, "--tracing-endpoint", collector.URL)
	s := newScene(t, "traces")
	s.configMap(t, "greeting", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "greeting")
	traced := func(generation int, want ...string) {
		t.Helper()
		uid := s.host.get(t, "federatedconfigmap", "greeting").GetUID()
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", uid, generation))
		eventually(t, 30*time.Second, fmt.Sprintf("the trace of generation %d", generation), func() string {
			return is(strings.Join(collected.of(hex.EncodeToString(sum[:16]), hex.EncodeToString(sum[16:24])), ", "), strings.Join(want, ", "))
		})
	}
	traced(1, "apply copy member1", "apply copy member2", "apply copy member3", "confirm", "edit (root)")

	away, err := fleet.lab.Cluster("member3")
	if err != nil {
		t.Fatal(err)
	}
	if err := away.Pause(); err != nil {
		t.Fatal(err)
	}
	resumed := false
	defer func() {
		if !resumed {
			_ = away.Resume()
		}
	}()
	s.host.patch(t, "federatedconfigmap", "greeting", `{spec: {template: {data: {a: "2"}}}}`)
	s.allSay(t, "greeting", "2", "member1", "member2")
	fleet.restart(t, fleet.raceBinary, "--tracing-endpoint", collector.URL)
	traced(2, "apply copy member1", "apply copy member2")
	if err := away.Resume(); err != nil {
		t.Fatal(err)
	}
	resumed = true
	s.settled(t, "federatedconfigmap", "greeting")
	traced(2, "apply copy member1", "apply copy member2", "apply copy member3", "confirm", "edit (root)")
}

// allSay waits until key a of the ConfigMap has the value in the members.
func (s scene) allSay(t *testing.T, name, value string, members ...string) {
	t.Helper()
	for _, member := range members {
		eventually(t, 20*time.Second, member+" has it", func() string { return is(s.m[member].data(t, name, "a"), value) })
	}
}
