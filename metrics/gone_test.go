package metrics_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/metrics"
)

// leaver is a fleet of which something goes right after the source was asked.
type leaver struct {
	fleetOf

	goes func()
}

func (l *leaver) Members() []telemetry.Member {
	members := l.members
	if goes := l.goes; goes != nil {
		l.goes, l.members, l.types = nil, nil, nil
		goes()
	}
	return members
}

func TestWhatGoesDuringAScrapeStaysGone(t *testing.T) {
	tests := map[string]struct {
		why    string
		name   fleet.TypeName
		member fleet.Name
	}{
		"a member": {why: "a scrape that began before would bring its series back for good", member: "a"},
		"a type":   {why: "as above", name: "configmaps"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			m, registry := newMetrics(t, metrics.Options{})
			m.Lead()
			source := &leaver{fleetOf: fleetOf{members: []telemetry.Member{{Name: "a"}}, types: []telemetry.Type{{Name: "configmaps"}}}}
			m.Watch(source)
			if n := seriesWith(t, registry, tc.name, tc.member); n == 0 {
				t.Fatal("there are no series to lose")
			}
			source.goes = func() { m.Gone(tc.name, tc.member) }
			seriesWith(t, registry, tc.name, tc.member)
			if n := seriesWith(t, registry, tc.name, tc.member); n != 0 {
				t.Errorf("%d series are left, although %s", n, tc.why)
			}
			source.members, source.types = []telemetry.Member{{Name: "a"}}, []telemetry.Type{{Name: "configmaps"}}
			if n := seriesWith(t, registry, tc.name, tc.member); n == 0 {
				t.Error("who comes back has no series")
			}
			m.Watch(&fleetOf{members: source.members, types: source.types})
			if n := seriesWith(t, registry, tc.name, tc.member); n == 0 {
				t.Error("who came back lost its series again")
			}
		})
	}
}

// seriesWith scrapes, and counts the series of a type or member.
func seriesWith(t *testing.T, registry *prometheus.Registry, name fleet.TypeName, member fleet.Name) (n int) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, series := range f.GetMetric() {
			for _, l := range series.GetLabel() {
				if name != "" && l.GetName() == "type" && l.GetValue() == string(name) || member != "" && l.GetName() == "member" && l.GetValue() == string(member) {
					n++
				}
			}
		}
	}
	return n
}
