package metrics

import (
	"maps"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

// counts are what the census counted, at one moment.
type counts struct {
	types   map[fleet.TypeName]typeCounts
	members map[fleet.Name]memberCounts
}

type typeCounts struct {
	typeCount

	overdue int
	oldest  time.Duration
}

type memberCounts struct {
	copies tally
	detail map[fleet.TypeName]tally
	oldest time.Duration
}

// take copies the counts, so that nobody has to wait while they are served.
func (c *census) take(now time.Time, overdueAfter time.Duration) counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	oldest := make([]time.Duration, len(c.names))
	taken := counts{types: make(map[fleet.TypeName]typeCounts, len(c.types)), members: make(map[fleet.Name]memberCounts, len(c.slots))}
	for name, t := range c.types {
		taken.types[name] = typeCounts{typeCount: typeCount{copies: t.copies, conditions: maps.Clone(t.conditions), failures: maps.Clone(t.failures)}}
	}
	for key, e := range c.late {
		t := taken.types[key.Type]
		for _, l := range e.late {
			age := now.Sub(l.since)
			if age > overdueAfter {
				t.overdue++
			}
			t.oldest, oldest[l.slot] = max(t.oldest, age), max(oldest[l.slot], age)
		}
		taken.types[key.Type] = t
	}
	for name, slot := range c.slots {
		m := memberCounts{copies: c.members[slot], oldest: oldest[slot], detail: make(map[fleet.TypeName]tally, len(c.detail[slot]))}
		for t, one := range c.detail[slot] {
			m.detail[t] = *one
		}
		taken.members[name] = m
	}
	return taken
}

// sendCensus tells what was counted of the types that run and the members that are registered: what was counted meanwhile of others
// is on its way out.
func (s *scrape) sendCensus(send func(*prometheus.Desc, float64, ...string), c counts, types []telemetry.Type, members []telemetry.Member) {
	for _, t := range types {
		s.sendType(send, t.Name, c.types[t.Name])
	}
	for i := range members {
		name := members[i].Name
		m := c.members[name]
		for _, state := range report.States() {
			send(s.ofMember, float64(m.copies[state]), string(name), state.String())
		}
		send(s.oldestIn, m.oldest.Seconds(), string(name))
		if s.both != nil {
			s.sendDetail(send, name, m.detail, types)
		}
	}
}

func (s *scrape) sendType(send func(*prometheus.Desc, float64, ...string), name fleet.TypeName, t typeCounts) {
	for _, state := range report.States() {
		send(s.copies, float64(t.copies[state]), string(name), state.String())
	}
	for _, condition := range objectConditions() {
		send(s.objects, float64(t.conditions[condition]), string(name), condition)
	}
	for _, word := range report.Failures() {
		if n := t.failures[word]; n != 0 {
			send(s.rejected, float64(n), string(name), word)
		}
	}
	send(s.overdue, float64(t.overdue), string(name))
	send(s.oldest, t.oldest.Seconds(), string(name))
}

// sendDetail tells the copies of one member by type, as far as there are any.
func (s *scrape) sendDetail(send func(*prometheus.Desc, float64, ...string), member fleet.Name, detail map[fleet.TypeName]tally, types []telemetry.Type) {
	for _, t := range types {
		for _, state := range report.States() {
			if n := detail[t.Name][state]; n != 0 {
				send(s.both, float64(n), string(member), string(t.Name), state.String())
			}
		}
	}
}
