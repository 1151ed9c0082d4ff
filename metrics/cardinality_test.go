package metrics_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"

	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/metrics"
)

// What the metrics of the largest fleet may cost: series and bytes of one scrape as text, and its time.
const (
	fleetMembers = 1000
	maxSeries    = 30_000
	maxBytes     = 4 << 20
	maxScrape    = 250 * time.Millisecond
)

// Everything that can be told is told at once of a thousand members and twenty types: all states, reasons and results, and more
// field managers, odd ones among them, than anybody has.
func TestWorstCaseOfTheLargestFleet(t *testing.T) {
	libraries()
	tests := map[string]struct {
		why              string
		options          metrics.Options
		series, megabyte int
		scrape           time.Duration
	}{
		"as it is": {
			why: "it is the requirement", series: maxSeries, megabyte: maxBytes >> 20, scrape: maxScrape,
		},
		"--kubefed-metrics": {
			why: "three states for each member, five histograms and a half for each type", options: metrics.Options{KubeFed: true},
			series: maxSeries + 3*fleetMembers + 2000, megabyte: 5, scrape: 2 * maxScrape,
		},
		"--metrics-detail=full": {
			why: "five states for each member and type, if all are there at once", options: metrics.Options{FullDetail: true},
			series: maxSeries + 5*20*fleetMembers, megabyte: 16, scrape: 12 * maxScrape,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.options.Clock = stopped()
			d := newDaemon(t, tc.options)
			d.populate(memberNames(0, fleetMembers), typeNames())
			d.scrape(t) // the first one makes the series that start from zero
			var took []time.Duration
			var p page
			for range 5 {
				p = d.scrape(t)
				took = append(took, p.took)
			}
			slices.Sort(took)
			limit := tc.scrape * slowdown
			t.Logf("measured: %s: %d series, %.2f MB, scraped in %d ms, median %d ms, limit %d ms", name, len(p.series()), float64(len(p.text))/(1<<20),
				took[0].Milliseconds(), took[len(took)/2].Milliseconds(), limit.Milliseconds())
			if n := len(p.series()); n > tc.series || n < tc.series/2 {
				t.Errorf("%d series, want at most %d, and not less than half of it or the test does not tell all, because %s", n, tc.series, tc.why)
			}
			if len(p.text) > tc.megabyte<<20 {
				t.Errorf("%d bytes, want at most %d MB", len(p.text), tc.megabyte)
			}
			if took[0] > limit { // the fastest: the others say more of what else the machine does
				t.Errorf("a scrape takes %s, want at most %s", took[0], limit)
			}
		})
	}
}

func memberNames(from, to int) (names []fleet.Name) {
	for i := range to - from {
		names = append(names, memberName(from+i))
	}
	return names
}

// Members and types leave and others take their place, while facts about those that left are still on their way.
func TestNoSeriesOutlivesItsMemberOrType(t *testing.T) {
	libraries()
	for name, o := range map[string]metrics.Options{"as it is": {}, "with everything": {FullDetail: true, KubeFed: true}} {
		t.Run(name, func(t *testing.T) {
			clock := stopped()
			o.Clock = clock
			d := newDaemon(t, o)
			members, types := memberNames(0, 100), typeNames()
			present, later := types[:18], types[18:]
			d.populate(members, present)
			d.scrape(t)
			before := len(ours(d.scrape(t)))
			for round := range 5 {
				leaving, joining := members[:10], memberNames(100+10*round, 110+10*round)
				ended, coming := present[round], later[round%len(later)]
				d.removeType(ended)
				d.Gone(ended, "")
				for _, name := range leaving {
					d.removeMember(name)
					d.Gone("", name)
				}
				present = append(slices.DeleteFunc(slices.Clone(present), func(n fleet.TypeName) bool { return n == ended }), coming)
				later = append(later[:0:0], append(later, ended)...)
				later = slices.DeleteFunc(later, func(n fleet.TypeName) bool { return n == coming })
				d.lateFacts(ended, present, members)
				members = append(slices.Clone(members[10:]), joining...)
				for i, name := range joining {
					d.addMember(memberOf(i+10*round, name))
					d.nameMember(present[i], name)
				}
				d.addType(telemetry.Type{Name: coming})
				for _, name := range present { // the engine looks at every object again when members change
					d.nameType(name, members)
				}
				d.lateFacts(ended, nil, append(slices.Clone(leaving), members...))
				for range 3 {
					d.scrape(t)
					clock.SetTime(clock.Now().Add(15 * time.Second))
				}
				p := d.scrape(t)
				for _, gone := range leaving {
					if found := p.naming(string(gone)); len(found) > 0 {
						t.Fatalf("round %d: member %s is gone and has %d series: %q", round, gone, len(found), found)
					}
				}
				if found := append(p.naming(string(ended)), p.naming(strings.ToLower(kindOf(ended)))...); len(found) > 0 {
					t.Fatalf("round %d: type %s is gone and has %d series: %q", round, ended, len(found), found)
				}
				if n := len(ours(p)); n != before {
					t.Errorf("round %d: %d series, there were %d", round, n, before)
				}
				d.checkCounts(t, p, members, present)
			}
		})
	}
}

// lateFacts are what workers tell that were busy when a type and members left.
func (d *daemon) lateFacts(ended fleet.TypeName, others []fleet.TypeName, members []fleet.Name) {
	d.nameType(ended, members)
	for _, name := range members[:10] { // those that left
		for _, other := range others {
			d.nameMember(other, name)
		}
	}
	for _, other := range others {
		d.Summarized(keyOf(other, 0), summaryOf(members, 0), noon)
	}
}

// checkCounts compares the copies of each member with what [daemon.nameType] told of each type.
func (d *daemon) checkCounts(t *testing.T, p page, members []fleet.Name, types []fleet.TypeName) {
	t.Helper()
	for _, name := range members {
		for _, state := range report.States() {
			want := fmt.Sprintf(`fedsync_member_copies{member="%s",state="%s"} %d`, name, state, len(types))
			if !strings.Contains(p.text, want+"\n") {
				t.Errorf("there is no %s: %q", want, grep(p, fmt.Sprintf(`fedsync_member_copies{member="%s",state="%s"}`, name, state)))
				return
			}
		}
	}
	for _, name := range types {
		want := fmt.Sprintf(`fedsync_copies{state="in_step",type="%s"} %d`, name, len(members))
		if !strings.Contains(p.text, want+"\n") {
			t.Errorf("there is no %s: %q", want, grep(p, fmt.Sprintf(`fedsync_copies{state="in_step",type="%s"}`, name)))
		}
	}
}

func grep(p page, prefix string) []string {
	return slices.DeleteFunc(p.series(), func(line string) bool { return !strings.HasPrefix(line, prefix) })
}

// ours are the series that are not of the Go runtime and the libraries, whose number may change by itself.
func ours(p page) []string {
	return slices.DeleteFunc(p.series(), func(line string) bool {
		return strings.HasPrefix(line, "go_") || strings.HasPrefix(line, "process_")
	})
}

// A member that comes back, and a type that is enabled again, have series again at once.
func TestWhoComesBackHasSeriesAgain(t *testing.T) {
	d := newDaemon(t, metrics.Options{Clock: stopped()})
	members, types := memberNames(0, 3), typeNames()[:3]
	d.populate(members, types)
	d.scrape(t)
	d.removeMember(members[0])
	d.Gone("", members[0])
	d.removeType(types[0])
	d.Gone(types[0], "")
	d.scrape(t)
	d.addMember(memberOf(0, members[0]))
	d.addType(telemetry.Type{Name: types[0]})
	d.nameMember(types[0], members[0])
	d.nameType(types[0], members)
	for range 3 {
		d.scrape(t)
	}
	p := d.scrape(t)
	for _, want := range []string{
		`fedsync_member_failures_total{member="prod-eu-west-1-0000"} 1`, `fedsync_member_convergence_seconds_count{member="prod-eu-west-1-0000"} 1`,
		`fedsync_edits_total{type="namespaces"} 1`, `fedsync_object_convergence_seconds_count{type="namespaces"} 1`,
	} {
		if !strings.Contains(p.text, want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
}

// A process that stands by says so, and has no series of the fleet.
func TestWhoStandsByHasNoSeriesOfTheFleet(t *testing.T) {
	d := newStandby(t, metrics.Options{})
	d.addMember(memberOf(1, memberName(1)))
	d.addType(telemetry.Type{Name: "configmaps", Synced: true})
	p := d.scrape(t)
	if found := append(p.naming(string(memberName(1))), p.naming("configmaps")...); len(found) > 0 {
		t.Errorf("series %q", found)
	}
	if len(grep(p, "fedsync_leader 0")) != 1 || len(grep(p, "fedsync_build_info{")) != 1 {
		t.Errorf("it does not say that it stands by: %q", grep(p, "fedsync_"))
	}
}

// boundedValues says of each label which values it may have; "member" and "type" are the names that were given.
func boundedValues() map[string]*regexp.Regexp {
	oneOf := func(words ...string) *regexp.Regexp {
		return regexp.MustCompile(`^(` + strings.Join(words, "|") + `)$`)
	}
	states := make([]string, 0, 16)
	for _, s := range report.States() {
		states = append(states, s.String())
	}
	for _, c := range telemetry.Connections() {
		states = append(states, string(c))
	}
	states = append(states, "synced", "syncing", "type_missing", "forbidden", "unreachable")
	reasons := slices.Clone(report.Failures())
	for _, a := range asked() {
		reasons = append(reasons, string(a.Reason))
	}
	classes := []string{"unknown"}
	for _, r := range results() {
		classes = append(classes, r.String())
	}
	for _, end := range []telemetry.Look{telemetry.LookSuccess, telemetry.LookError, telemetry.LookNeedsRecheck, telemetry.LookNotSynced} {
		classes = append(classes, string(end))
	}
	kinds := make([]string, 0, len(writeKinds()))
	for _, k := range writeKinds() {
		kinds = append(kinds, string(k))
	}
	short := regexp.MustCompile(`^.{1,64}$`)
	return map[string]*regexp.Regexp{
		"version": short, "goversion": short, "kubernetes_version": nil, "manager": nil, // counted below
		"state": oneOf(append(states, "notready")...), "reason": oneOf(reasons...), "result": oneOf(classes...), "kind": oneOf(kinds...),
		"condition": oneOf("Propagated", "CheckClusters", "ComputePlacementFailed", "NamespaceNotFederated", "Unknown"),
		"verb":      oneOf("apply", "create", "delete", "release"), "stage": oneOf("watch", "queue", "retry", "render", "request", "confirm"),
		"queue": oneOf("host", "members"), "lane": oneOf(lanes...), "action": oneOf("create", "update", "delete"), "controller": regexp.MustCompile(`^federated[a-z]+$`),
	}
}

func TestLabelsAreBounded(t *testing.T) {
	o := metrics.Options{Version: "v1.2.3", FullDetail: true, KubeFed: true, Clock: stopped()}
	d := newDaemon(t, o)
	members, types := memberNames(0, 60), typeNames()
	long := fleet.Name(strings.Repeat("m", 253))
	members = append(members, long)
	d.populate(members, types)
	d.scrape(t)
	families, err := d.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]metrics.Definition{}
	for _, definition := range d.Definitions() {
		documented[definition.Name] = definition
	}
	allowed, values := boundedValues(), map[string]map[string]bool{}
	for _, f := range families {
		definition, known := documented[f.GetName()]
		if !known {
			t.Errorf("%s is in no catalogue", f.GetName())
		}
		for _, m := range f.GetMetric() {
			checkLabels(t, f.GetName(), definition.Labels, m)
			for _, l := range m.GetLabel() {
				name, value := l.GetName(), l.GetValue()
				if f.GetName() == "fedsync_host_events_total" {
					name = "event"
				}
				if values[name] == nil {
					values[name] = map[string]bool{}
				}
				values[name][value] = true
			}
		}
	}
	for name, found := range values {
		for value := range found {
			var good bool
			switch name {
			case "member", "cluster":
				good = slices.Contains(members, fleet.Name(value))
			case "type":
				good = slices.Contains(types, fleet.TypeName(value))
			case "event":
				good = value == "Normal" || value == "Warning"
			case "manager", "kubernetes_version":
				good = len(value) <= 64
			default:
				rule, known := allowed[name]
				good = known && rule.MatchString(value)
			}
			if !good {
				t.Errorf("label %s has the value %q", name, value)
			}
		}
	}
	if n := len(values["manager"]); n != 34 {
		t.Errorf("%d managers are told apart, want 32, the others, and those that nobody knows", n)
	}
	var never []string
	for name := range allowed {
		if values[name] == nil {
			never = append(never, name)
		}
	}
	if len(never) > 0 {
		t.Errorf("labels %q have no value: the test does not tell all", never)
	}
}

// checkLabels compares the labels of one series with those that the catalogue says.
func checkLabels(t *testing.T, name string, want []string, m *dto.Metric) {
	t.Helper()
	var got []string
	for _, l := range m.GetLabel() {
		got = append(got, l.GetName())
	}
	want = slices.Sorted(slices.Values(want))
	if diff := cmp.Diff(want, got); len(want)+len(got) > 0 && diff != "" {
		t.Errorf("labels of %s (-want +got):\n%s", name, diff)
	}
	for _, v := range []float64{m.GetGauge().GetValue(), m.GetCounter().GetValue(), m.GetHistogram().GetSampleSum()} {
		if math.IsNaN(v) || v < 0 {
			t.Errorf("%s is %v", name, v)
		}
	}
}

// What libraries count has no names of members, objects or addresses either.
func TestLibrariesNameNobody(t *testing.T) {
	libraries()
	requestsOfClients(t)
	d := newDaemon(t, metrics.Options{Clock: stopped()})
	p := d.scrape(t)
	if found := grep(p, "rest_client_"); len(found) > 0 {
		t.Errorf("what client-go counts of each address is served: %.1000q", found)
	}
	if len(grep(p, `workqueue_depth{`)) < 2 {
		t.Error("the queues of the two controllers are not there")
	}
	label := regexp.MustCompile(`[{,]([a-z_]+)="`)
	known := []string{"le", "controller", "name", "priority", "quantile", "version", "goversion", "lane", "queue", "state", "result", "type", "kind", "stage"}
	for _, line := range p.series() {
		for _, found := range label.FindAllStringSubmatch(line, -1) {
			if !slices.Contains(known, found[1]) {
				t.Errorf("label %s: %s", found[1], line)
			}
		}
		if strings.Contains(line, "10.9.8.7") {
			t.Errorf("an address: %s", line)
		}
	}
}
