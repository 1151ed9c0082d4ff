package metrics_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/metrics"
)

var update = flag.Bool("update", false, "write the golden files")

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// fleetOf is a source that stands still.
type fleetOf struct {
	members []telemetry.Member
	types   []telemetry.Type
	queues  []telemetry.Queue
}

func (f *fleetOf) Members() []telemetry.Member { return f.members }
func (f *fleetOf) Types() []telemetry.Type     { return f.types }
func (f *fleetOf) Queues() []telemetry.Queue   { return f.queues }

func newMetrics(t *testing.T, o metrics.Options) (*metrics.Metrics, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	m, err := metrics.New(registry, o)
	if err != nil {
		t.Fatal(err)
	}
	return m, registry
}

// smallFleet has one member that is well and one that is away.
func smallFleet() *fleetOf {
	return &fleetOf{
		types: []telemetry.Type{{Name: "configmaps", Synced: true}, {Name: "jobs.batch"}},
		members: []telemetry.Member{
			{
				Name: "a", Connection: telemetry.ConnectionReady, Version: "v1.37.2", Probe: 5 * time.Millisecond, Watches: map[string]int{"synced": 1, "type_missing": 1},
				InFlight: 3, Throttled: 7, CredentialSince: noon.Add(-time.Hour), CredentialExpiry: time.Unix(2000000000, 0),
			},
			{Name: "b", Connection: telemetry.ConnectionOffline, Parked: true},
		},
		queues: []telemetry.Queue{{Name: "host", Lane: "edit", Depth: 2, Oldest: time.Second}},
	}
}

// live tells a day of the small fleet.
func live(m *metrics.Metrics, clock *clocktesting.FakePassiveClock) {
	greeting := fleet.ObjectKey{Type: "configmaps", Namespace: "demo", Name: "greeting"}
	edit := telemetry.Edit{Object: greeting, UID: "uid", Generation: 1, Heard: noon}
	at := func(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }
	m.Lead()
	m.Heard(edit)
	m.Attempted(telemetry.Attempt{
		Edit: edit, Member: "a", Verb: plan.Apply, Reason: plan.Missing, Number: 1, ByEdit: true,
		Queued: at(10), First: at(30), Taken: at(30), Sent: at(40), Answered: at(90),
	})
	m.Attempted(telemetry.Attempt{
		Edit: edit, Member: "b", Verb: plan.Apply, Reason: plan.Missing, Number: 3, ByEdit: true,
		Queued: at(10), First: at(20), Taken: at(1020), Sent: at(1030), Answered: at(1040),
	})
	m.Attempted(telemetry.Attempt{
		Edit: edit, Member: "b", Verb: plan.Apply, Reason: plan.Missing, Number: 1, ByEdit: true,
		Queued: at(10), First: at(30), Taken: at(30), Sent: at(40), Answered: at(15040), Result: fault.TimedOut,
	})
	m.Attempted(telemetry.Attempt{
		Edit: telemetry.Edit{Object: greeting, UID: "uid", Generation: 1}, Member: "a", Verb: plan.Apply, Reason: plan.Drifted, Number: 1,
		Taken: at(100), Sent: at(101), Answered: at(111), Drift: true, Culprit: "kubectl-edit",
	})
	m.Settled(telemetry.Settlement{Edit: edit, Members: 1, Applied: at(90), Confirmed: at(200)})
	m.Summarized(greeting, report.Summary{Known: true, Settled: true, Status: report.Status{
		Conditions: []report.Condition{{Type: report.ConditionPropagation, Status: "False", Reason: report.ReasonCheckClusters}},
		Clusters:   []report.Cluster{{Name: "a"}, {Name: "b", Status: report.ClusterNotReady}},
	}}, noon)
	m.Summarized(fleet.ObjectKey{Type: "configmaps", Namespace: "demo", Name: "refused"}, report.Summary{Known: true, Settled: true, Status: report.Status{
		Conditions: []report.Condition{{Type: report.ConditionPropagation, Status: "False", Reason: report.ReasonCheckClusters}},
		Clusters:   []report.Cluster{{Name: "a", Status: report.ClusterUpdateFailed}, {Name: "b", Status: report.ClusterUpdateFailed}},
	}}, time.Time{})
	m.HostWrote(telemetry.WriteStatus, fault.None)
	m.Emitted("Warning", false)
	m.Emitted("Warning", true)
	m.FieldsUnknown("configmaps", 2)
	m.RemovalsFrozen(3)
	m.Waited("members", "edit", 20*time.Millisecond)
	m.Probed(5 * time.Millisecond)
	m.Connected(time.Second, true)
	m.Left(time.Second)
	m.Looking("configmaps", "FederatedConfigMap")(telemetry.LookSuccess)
	clock.SetTime(noon.Add(90 * time.Second))
}

func TestWhatIsServed(t *testing.T) {
	for name, o := range map[string]metrics.Options{
		"basic": {}, "full": {FullDetail: true, KubeFed: true, HostWorkers: 8},
	} {
		t.Run(name, func(t *testing.T) {
			clock := clocktesting.NewFakePassiveClock(noon)
			o.Clock, o.Version = clock, "v1"
			m, registry := newMetrics(t, o)
			m.Watch(smallFleet())
			live(m, clock)
			pageOf(t, registry) // the first scrape makes the series that start from zero, some too late for itself
			got := pageOf(t, registry)
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("run with -update if this is meant (-want +got):\n%s", diff)
			}
		})
	}
}

// pageOf returns what is gathered as text, without help and without buckets.
func pageOf(t *testing.T, g prometheus.Gatherer) string {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&page, f); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(page.String(), "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool {
		return strings.HasPrefix(l, "#") || strings.Contains(l, "_bucket{") || strings.HasPrefix(l, "fedsync_build_info")
	})
	return strings.Join(lines, "\n")
}

func TestADaemonThatStandsBySaysNothingOfTheFleet(t *testing.T) {
	m, registry := newMetrics(t, metrics.Options{})
	m.Watch(smallFleet())
	page := pageOf(t, registry)
	for _, word := range []string{"member=", "type=", "fedsync_members"} {
		if strings.Contains(page, word) {
			t.Errorf("it serves %s:\n%s", word, page)
		}
	}
	if !strings.Contains(page, "fedsync_leader 0") {
		t.Errorf("it does not say that it stands by:\n%s", page)
	}
}

func TestNamesAreGood(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	m, registry := newMetrics(t, metrics.Options{FullDetail: true, Clock: clock})
	m.Watch(smallFleet())
	live(m, clock)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v %v", problems, err)
	}
}

// What is served and not described would be missing in the reference.
func TestEverythingIsDescribed(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	m, registry := newMetrics(t, metrics.Options{FullDetail: true, KubeFed: true, Clock: clock})
	m.Watch(smallFleet())
	live(m, clock)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	for _, f := range families {
		i := slices.IndexFunc(m.Definitions(), func(d metrics.Definition) bool { return d.Name == f.GetName() })
		if i < 0 {
			t.Errorf("%s is not described", f.GetName())
			continue
		}
		d := m.Definitions()[i]
		served[d.Name] = true
		if kind := strings.ToLower(f.GetType().String()); kind != d.Kind {
			t.Errorf("%s is a %s, described as %s", d.Name, kind, d.Kind)
		}
		for _, metric := range f.GetMetric() {
			if got := len(metric.GetLabel()); got != len(d.Labels) {
				t.Errorf("%s has %d labels, described are %v", d.Name, got, d.Labels)
			}
		}
	}
	for _, d := range m.Definitions() {
		if !served[d.Name] {
			t.Errorf("%s is described, and nothing in the story makes it", d.Name)
		}
	}
}

func TestNamesAreTakenOnce(t *testing.T) {
	registry := prometheus.NewRegistry()
	if _, err := metrics.New(registry, metrics.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := metrics.New(registry, metrics.Options{}); err == nil {
		t.Error("registered twice, want an error")
	}
}

func TestTheReferenceIsInStep(t *testing.T) {
	want, err := metrics.Reference()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../docs/reference/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("run make generate (-want +got):\n%s", diff)
	}
}

func TestTracedEditsAreExamples(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	m, registry := newMetrics(t, metrics.Options{Clock: clock, TraceID: func(uid types.UID, _ int64) string {
		if uid == "uid" {
			return "0af7651916cd43dd8448eb211c80319c"
		}
		return ""
	}})
	live(m, clock)
	page := ask(t, registry, prometheus.NewRegistry(), "application/openmetrics-text; version=1.0.0")
	if !strings.Contains(page, `# {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.09`) {
		t.Errorf("no example of the edit:\n%s", page)
	}
}
