package prometheus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// binaries is where prometheus and promtool are.
func binaries(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("PROMETHEUS_BIN")
	if dir == "" {
		t.Fatal("PROMETHEUS_BIN must name the directory of prometheus and promtool: PROMETHEUS_BIN=$(scripts/prometheus.sh), as `make integration` does")
	}
	return dir
}

func start(t *testing.T, o Options) *Server {
	t.Helper()
	o.Binaries, o.Dir = binaries(t), t.TempDir()
	o.ScrapeInterval = 100 * time.Millisecond
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// page serves a fixed page of metrics, if it does.
func page(t *testing.T, content string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/own/metrics" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, content)
	}))
	t.Cleanup(server.Close)
	return server
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func limited(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

const goodRules = `
groups:
- name: test
  rules:
  - record: test:depth:double
    expr: test_depth * 2
  - alert: Deep
    expr: test_depth > 20
    labels: {severity: warning}
    annotations: {summary: 'depth is {{ $value }}'}
`

// TestServer asks one server for one thing after another: from its start to its first scrape, Prometheus takes five seconds.
func TestServer(t *testing.T) {
	target := page(t, "# TYPE test_depth gauge\ntest_depth{side=\"left\"} 21\n")
	rulesFile := file(t, goodRules)
	s := start(t, Options{
		Targets:        []Target{{Job: "page", URL: target.URL + "/own/metrics", Labels: map[string]string{"fleet": "a"}}},
		Rules:          []string{rulesFile},
		ExternalLabels: map[string]string{"host": "eu"},
	})
	ctx := limited(t, 30*time.Second)
	if err := s.WaitUp(ctx); err != nil {
		t.Fatal(err)
	}
	t.Run("it listens on 127.0.0.1 only", func(t *testing.T) {
		flags, err := s.API.Flags(ctx)
		if got := "http://" + flags["web.listen-address"]; err != nil || got != s.URL || !strings.HasPrefix(got, "http://127.0.0.1:") {
			t.Errorf("it listens on %q, %v; URL is %q", got, err, s.URL)
		}
	})
	t.Run("it scrapes itself and the target", func(t *testing.T) {
		is(t, s, `up{job="prometheus"}`, 1)
		is(t, s, `up{job="page"}`, 1)
		is(t, s, `test_depth{job="page",fleet="a",side="left"}`, 21)
		is(t, s, `scalar(test_depth)`, 21)
	})
	t.Run("it evaluates rules", func(t *testing.T) {
		eventually(t, s, "test:depth:double", 42)
		eventually(t, s, `ALERTS{alertname="Deep",alertstate="firing"}`, 1)
		rules, err := s.WaitRules(ctx)
		if err != nil || len(rules) != 2 || len(rules[1].Alerts) != 1 || rules[1].Alerts[0].Annotations["summary"] != "depth is 21" {
			t.Fatalf("WaitRules() = %+v, %v", rules, err)
		}
		rules[1].Alerts = nil
		want := []Rule{
			{File: rulesFile, Group: "test", Name: "test:depth:double", Expression: "test_depth * 2", Health: "ok"},
			{File: rulesFile, Group: "test", Name: "Deep", Expression: "test_depth > 20", Health: "ok", State: "firing"},
		}
		if diff := cmp.Diff(want, rules); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
	t.Run("a range has a value for each step", func(t *testing.T) {
		now := time.Now()
		matrix, err := s.QueryRange(ctx, "vector(1)", prometheusv1.Range{Start: now.Add(-time.Second), End: now, Step: 500 * time.Millisecond})
		if err != nil || len(matrix) != 1 || len(matrix[0].Values) != 3 {
			t.Errorf("QueryRange() = %v, %v", matrix, err)
		}
	})
	t.Run("an expression that makes no sense is an error", func(t *testing.T) {
		for _, expression := range []string{"rate(", "test_depth[1s]", `"text"`} {
			if got, err := s.Query(ctx, expression, time.Time{}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", expression)) {
				t.Errorf("Query(%q) = %v, %v", expression, got, err)
			}
		}
	})
	t.Run("its pages are complete", func(t *testing.T) { checkPages(t, s) })
	t.Run("stop ends it", func(t *testing.T) { checkStop(t, s) })
}

// is asks for the one sample of a moment.
func is(t *testing.T, s *Server, expression string, want float64) {
	t.Helper()
	got, err := s.Query(t.Context(), expression, time.Time{})
	if err != nil || len(got) != 1 || float64(got[0].Value) != want {
		t.Errorf("Query(%q) = %v, %v; want %v", expression, got, err, want)
	}
}

// eventually waits until is would be content.
func eventually(t *testing.T, s *Server, expression string, want float64) {
	t.Helper()
	ctx := limited(t, 30*time.Second)
	err := s.until(ctx, fmt.Sprintf("%s is %v", expression, want), func() (string, error) {
		got, err := s.Query(ctx, expression, time.Time{})
		if err == nil && len(got) == 1 && float64(got[0].Value) == want {
			return "", nil
		}
		return fmt.Sprint("it is ", got), err
	})
	if err != nil {
		t.Error(err)
	}
}

// checkPages finds out whether the graph page has what it needs, which Debian keeps in packages of their own.
func checkPages(t *testing.T, s *Server) {
	for _, name := range []string{"alerts", "rules", "targets", "config"} {
		get(t, s.Page(name))
	}
	address := s.Graph("up == 1", 5*time.Minute)
	if !strings.HasSuffix(address, "/graph?g0.expr=up+%3D%3D+1&g0.range_input=5m&g0.tab=0") {
		t.Errorf("Graph() = %s", address)
	}
	body := get(t, address)
	fields := strings.FieldsFunc(body, func(r rune) bool { return r == '"' || r == '\'' })
	scripts := slices.DeleteFunc(fields, func(f string) bool { return !strings.Contains(f, "static/") || strings.ContainsAny(f, " <>") })
	if len(scripts) == 0 {
		t.Fatalf("no scripts in the graph page:\n%s", body)
	}
	for _, path := range scripts {
		get(t, s.URL+"/"+strings.TrimLeft(path, "./"))
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		t.Errorf("%s answers %s", url, answer.Status)
	}
	return string(body)
}

func checkStop(t *testing.T, s *Server) {
	if !s.child.Ref.Alive() {
		t.Fatalf("it has ended before:\n%s", s.LogTail())
	}
	for range 2 {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}
	if s.child.Ref.Alive() {
		t.Error("it still runs")
	}
	if err := s.WaitUp(t.Context()); err == nil || !strings.Contains(err.Error(), "list targets") && !strings.Contains(err.Error(), "has ended") {
		t.Errorf("WaitUp() after Stop: %v", err)
	}
}

func TestTargetThatIsDown(t *testing.T) {
	t.Parallel()
	target := page(t, "")
	s := start(t, Options{Targets: []Target{{Job: "page", URL: target.URL + "/wrong"}}})
	eventually(t, s, `up{job="page"}`, 0)
	err := s.WaitUp(limited(t, 2*time.Second))
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), target.URL+"/wrong is down server returned HTTP status 404") {
		t.Errorf("WaitUp() = %v", err)
	}
}

func TestRuleThatCannotBeEvaluated(t *testing.T) {
	s := start(t, Options{Rules: []string{file(t, `
groups:
- name: test
  rules:
  - record: test:twice
    expr: label_replace(prometheus_build_info or on() vector(1), "x", "$1", "version", "(") 
`)}})
	if _, err := s.WaitRules(limited(t, 20*time.Second)); err == nil || !strings.Contains(err.Error(), `evaluate rule "test:twice" of group "test"`) {
		t.Errorf("WaitRules() = %v", err)
	}
}

func TestStartQuotesPrometheus(t *testing.T) {
	bad := file(t, "groups:\n- name: test\n  rules:\n  - alert: Bad\n    expr: rate(up\n")
	_, err := Start(t.Context(), Options{Binaries: binaries(t), Dir: t.TempDir(), Rules: []string{bad}})
	if err == nil || !strings.Contains(err.Error(), "unclosed left parenthesis") || !strings.Contains(err.Error(), bad) {
		t.Errorf("Start() with a rule that does not parse: %v", err)
	}
	if err != nil && strings.Contains(err.Error(), "level=info") {
		t.Errorf("Start() tells more than the error: %v", err)
	}
	if _, err := Start(t.Context(), Options{Binaries: t.TempDir(), Dir: t.TempDir()}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Start() without binaries: %v, want %v", err, os.ErrNotExist)
	}
}

func TestPromtool(t *testing.T) {
	if out, err := Promtool(t.Context(), binaries(t), "check", "rules", file(t, goodRules)); err != nil || !strings.Contains(out, "2 rules found") {
		t.Errorf("check rules: %q, %v", out, err)
	}
	_, err := Promtool(t.Context(), binaries(t), "check", "rules", file(t, "groups: 1"))
	if err == nil || !strings.Contains(err.Error(), "cannot unmarshal") {
		t.Errorf("check bad rules: %v", err)
	}
}

func TestNativeHistogramsAndExemplars(t *testing.T) {
	t.Parallel()
	registry := client.NewRegistry()
	seconds := client.NewHistogram(client.HistogramOpts{
		Name: "test_seconds", Help: "Test.", Buckets: []float64{1, 10}, NativeHistogramBucketFactor: 1.1,
	})
	if err := registry.Register(seconds); err != nil {
		t.Fatal(err)
	}
	observer, ok := seconds.(client.ExemplarObserver)
	if !ok {
		t.Fatal("a histogram that takes no exemplars")
	}
	for range 10 {
		observer.ObserveWithExemplar(4, client.Labels{"trace_id": "abc"})
	}
	target := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	t.Cleanup(target.Close)
	s := start(t, Options{NativeHistograms: true, Targets: []Target{{Job: "page", URL: target.URL}}})
	ctx := t.Context()
	eventually(t, s, "histogram_count(test_seconds)", 10)
	got, err := s.Query(ctx, "histogram_quantile(0.5, test_seconds)", time.Time{})
	if err != nil || len(got) != 1 || got[0].Value < 3.6 || got[0].Value > 4.4 {
		t.Errorf("the median is %v, %v; classic buckets would give 5.5", got, err)
	}
	now := time.Now()
	exemplars, err := s.API.QueryExemplars(ctx, `{__name__=~"test_seconds.*"}`, now.Add(-time.Minute), now.Add(time.Minute))
	if err != nil || len(exemplars) != 1 || exemplars[0].Exemplars[0].Labels["trace_id"] != "abc" {
		t.Errorf("exemplars are %v, %v", exemplars, err)
	}
}
