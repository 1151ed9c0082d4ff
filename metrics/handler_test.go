package metrics_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/metrics"
)

// ask returns the page that is served to a client which accepts the format.
func ask(t *testing.T, ours, libraries prometheus.Gatherer, accept string) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody)
	request.Header.Set("Accept", accept)
	metrics.Handler(ours, libraries).ServeHTTP(recorder, request)
	if recorder.Code != http.StatusOK {
		t.Fatalf("%d: %s", recorder.Code, recorder.Body)
	}
	return recorder.Body.String()
}

func TestLibrariesAreBoundedAndMerged(t *testing.T) {
	libraries := prometheus.NewRegistry()
	byHost := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rest_client_requests_total", Help: "By address."}, []string{"host"})
	reconciles := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "controller_runtime_reconcile_total", Help: "Another help."}, []string{"controller", "result"})
	for _, c := range []prometheus.Collector{byHost, reconciles} {
		if err := libraries.Register(c); err != nil {
			t.Fatal(err)
		}
	}
	byHost.WithLabelValues("10.0.0.1:6443").Inc()
	reconciles.WithLabelValues("kubefedcluster", "success").Inc()
	clock := clocktesting.NewFakePassiveClock(noon)
	m, ours := newMetrics(t, metrics.Options{KubeFed: true, Clock: clock})
	live(m, clock)
	page := ask(t, ours, libraries, "text/plain")
	if strings.Contains(page, "10.0.0.1") {
		t.Error("it serves a series for each address")
	}
	for _, line := range []string{
		`controller_runtime_reconcile_total{controller="kubefedcluster",result="success"} 1`,
		`controller_runtime_reconcile_total{controller="federatedconfigmap",result="success"} 1`,
	} {
		if !strings.Contains(page, line) {
			t.Errorf("%s is missing", line)
		}
	}
	if n := strings.Count(page, "# TYPE controller_runtime_reconcile_total "); n != 1 {
		t.Errorf("the family is there %d times", n)
	}
}

func TestNativeHistogramsForWhoAsksForThem(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	m, ours := newMetrics(t, metrics.Options{Clock: clock})
	live(m, clock)
	const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	decoder := expfmt.NewDecoder(strings.NewReader(ask(t, ours, prometheus.NewRegistry(), protobuf)), expfmt.NewFormat(expfmt.TypeProtoDelim))
	for {
		var f dto.MetricFamily
		if err := decoder.Decode(&f); err == io.EOF { //nolint:errorlint // as its documentation has it
			t.Fatal("fedsync_copy_convergence_seconds is missing")
		} else if err != nil {
			t.Fatal(err)
		}
		if f.GetName() != "fedsync_copy_convergence_seconds" {
			continue
		}
		h := f.GetMetric()[0].GetHistogram()
		if len(h.GetPositiveSpan()) == 0 || len(h.GetBucket()) == 0 {
			t.Errorf("native %d spans, classic %d buckets: want both", len(h.GetPositiveSpan()), len(h.GetBucket()))
		}
		return
	}
}

// A type or member that is gone takes its series with it, and what was under way then does not bring them back for long.
func TestSeriesOfWhatIsGone(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	m, registry := newMetrics(t, metrics.Options{FullDetail: true, KubeFed: true, Clock: clock})
	small := smallFleet()
	m.Watch(small)
	live(m, clock)
	small.members, small.types = small.members[:1], small.types[1:]
	m.Gone("", "b")
	m.Gone("configmaps", "")
	live(m, clock) // all of it late
	clock.SetTime(noon.Add(time.Minute))
	pageOf(t, registry) // drops them
	page := pageOf(t, registry)
	for _, series := range []string{`member="b"`, `type="configmaps"`, `cluster="b"`, `controller="federatedconfigmap"`} {
		if strings.Contains(page, series) {
			t.Errorf("there is %s:\n%s", series, page)
		}
	}
	small.types = smallFleet().types
	live(m, clock)
	if page := pageOf(t, registry); !strings.Contains(page, `fedsync_edits_total{type="configmaps"} 1`) {
		t.Errorf("a type that runs again is not counted:\n%s", page)
	}
}

func TestACopyIsNoOlderThanItsOwnTrouble(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	m, registry := newMetrics(t, metrics.Options{Clock: clock})
	m.Watch(smallFleet())
	m.Lead()
	say := func(known bool, words ...string) {
		status := report.Status{Conditions: []report.Condition{{Type: report.ConditionPropagation, Status: "False", Reason: report.ReasonCheckClusters}}}
		for i, word := range words {
			status.Clusters = append(status.Clusters, report.Cluster{Name: fleet.Name(rune('a' + i)), Status: word})
		}
		m.Summarized(fleet.ObjectKey{Type: "configmaps", Namespace: "demo", Name: "greeting"}, report.Summary{Known: known, Settled: true, Status: status}, noon)
	}
	steps := []struct {
		why   string
		after time.Duration
		known bool
		words []string
		want  []string
	}{
		{
			why: "nobody knows yet", known: false, words: []string{report.ClusterPending, report.ClusterPending}, after: 2 * time.Minute,
			want: []string{`fedsync_copies{state="pending",type="configmaps"} 2`, `fedsync_copies_overdue{type="configmaps"} 0`},
		},
		{
			why: "since the look that found it", known: true, words: []string{report.ClusterOK, report.ClusterNotReady}, after: time.Hour,
			want: []string{`fedsync_member_oldest_unsettled_seconds{member="a"} 0`, `fedsync_member_oldest_unsettled_seconds{member="b"} 3600`},
		},
		{
			why: "the other one drifts now: the edit is none of its", known: true, words: []string{report.ClusterPending, report.ClusterNotReady},
			want: []string{`fedsync_member_oldest_unsettled_seconds{member="a"} 0`, `fedsync_copies_overdue{type="configmaps"} 1`},
		},
	}
	for _, s := range steps {
		say(s.known, s.words...)
		clock.SetTime(clock.Now().Add(s.after))
		page := pageOf(t, registry)
		for _, line := range s.want {
			if !strings.Contains(page, line+"\n") {
				t.Errorf("%s: %s is missing:\n%s", s.why, line, page)
			}
		}
	}
}

func TestWorkersOfATypeThatStartsAnew(t *testing.T) {
	m, registry := newMetrics(t, metrics.Options{KubeFed: true})
	m.Watch(smallFleet())
	m.Lead()
	ended := m.Looking("configmaps", "FederatedConfigMap")
	m.Gone("configmaps", "")
	ended(telemetry.LookSuccess)
	m.Looking("configmaps", "FederatedConfigMap")(telemetry.LookSuccess)
	if page := pageOf(t, registry); !strings.Contains(page, `controller_runtime_active_workers{controller="federatedconfigmap"} 0`) {
		t.Errorf("no worker is left, and yet:\n%s", page)
	}
}
