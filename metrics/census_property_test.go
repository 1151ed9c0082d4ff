package metrics_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/metrics"
)

// overdueAfter is more than some copies wait in the test, and less than others.
const overdueAfter = 20 * time.Second

// recount is a census that keeps the last summary of each object and counts when it is asked. Copies of members that are gone are
// taken out of it; whether an object is rejected is not known without them until the engine looks at it again, which it does at once.
type recount struct {
	summaries map[fleet.ObjectKey]report.Summary
	rejected  map[fleet.ObjectKey][]string
	late      map[fleet.CopyKey]time.Time // since when copies are out of step
	seen      map[fleet.ObjectKey]time.Time
}

func newRecount() *recount {
	return &recount{
		summaries: map[fleet.ObjectKey]report.Summary{}, rejected: map[fleet.ObjectKey][]string{}, late: map[fleet.CopyKey]time.Time{}, seen: map[fleet.ObjectKey]time.Time{},
	}
}

func (r *recount) summarized(key fleet.ObjectKey, s report.Summary, heard, now time.Time) {
	before, since := maps.Clone(r.late), now
	if heard.After(r.seen[key]) {
		since = heard
	}
	r.forget(key)
	r.summaries[key], r.seen[key] = s, now
	for _, c := range s.Status.Clusters {
		at := fleet.CopyKey{Object: key, Member: c.Name}
		if report.StateOf(c.Status) == report.Failed && !slices.Contains(r.rejected[key], c.Status) {
			r.rejected[key] = append(r.rejected[key], c.Status)
		}
		if report.StateOf(c.Status) == report.InStep {
			continue
		}
		if earlier, still := before[at]; still {
			r.late[at] = earlier
		} else if s.Known {
			r.late[at] = since
		}
	}
}

func (r *recount) forget(key fleet.ObjectKey) {
	delete(r.summaries, key)
	delete(r.rejected, key)
	delete(r.seen, key)
	maps.DeleteFunc(r.late, func(c fleet.CopyKey, _ time.Time) bool { return c.Object == key })
}

func (r *recount) typeGone(t fleet.TypeName) {
	for key := range r.summaries {
		if key.Type == t {
			r.forget(key)
		}
	}
}

func (r *recount) memberGone(name fleet.Name) {
	for key, s := range r.summaries {
		s.Status.Clusters = slices.DeleteFunc(slices.Clone(s.Status.Clusters), func(c report.Cluster) bool { return c.Name == name })
		r.summaries[key] = s
	}
	maps.DeleteFunc(r.late, func(c fleet.CopyKey, _ time.Time) bool { return c.Member == name })
}

// served are the series that the summaries make for the types and members that are there, as lines of the page.
func (r *recount) served(c *crowd, now time.Time) []string {
	n := tallies{}
	for _, t := range c.Types() {
		for _, state := range report.States() {
			n.set(0, `fedsync_copies{state="%s",type="%s"}`, state, t.Name)
		}
		for _, condition := range conditions() {
			n.set(0, `fedsync_federated_objects{condition="%s",type="%s"}`, condition, t.Name)
		}
		n.set(0, `fedsync_copies_overdue{type="%s"}`, t.Name)
		n.set(0, `fedsync_oldest_unsettled_seconds{type="%s"}`, t.Name)
		for key, s := range r.summaries {
			if key.Type == t.Name {
				n.ofObject(t.Name, s, r.rejected[key])
			}
		}
	}
	for _, m := range c.Members() {
		for _, state := range report.States() {
			n.set(0, `fedsync_member_copies{member="%s",state="%s"}`, m.Name, state)
		}
		n.set(0, `fedsync_member_oldest_unsettled_seconds{member="%s"}`, m.Name)
		r.ofMember(n, c, m.Name)
	}
	for at, since := range r.late {
		age := now.Sub(since)
		if c.runs(at.Object.Type) {
			n.oldest(age, `fedsync_oldest_unsettled_seconds{type="%s"}`, at.Object.Type)
		}
		if c.registered(at.Member) {
			n.oldest(age, `fedsync_member_oldest_unsettled_seconds{member="%s"}`, at.Member)
		}
		if age > overdueAfter && c.runs(at.Object.Type) {
			n.add(`fedsync_copies_overdue{type="%s"}`, at.Object.Type)
		}
	}
	return n.lines()
}

func (r *recount) ofMember(n tallies, c *crowd, member fleet.Name) {
	for key, s := range r.summaries {
		for _, copied := range s.Status.Clusters {
			if copied.Name != member {
				continue
			}
			state := report.StateOf(copied.Status)
			n.add(`fedsync_member_copies{member="%s",state="%s"}`, member, state)
			if c.runs(key.Type) {
				n.add(`fedsync_member_type_copies{member="%s",state="%s",type="%s"}`, member, state, key.Type)
			}
		}
	}
}

func conditions() []string {
	return []string{"Propagated", "CheckClusters", "ComputePlacementFailed", "NamespaceNotFederated", "Unknown"}
}

// tallies are values by name and labels of their series.
type tallies map[string]float64

func (n tallies) set(value float64, series string, labels ...any) {
	n[fmt.Sprintf(series, labels...)] = value
}
func (n tallies) add(series string, labels ...any) { n[fmt.Sprintf(series, labels...)]++ }

func (n tallies) oldest(age time.Duration, series string, labels ...any) {
	name := fmt.Sprintf(series, labels...)
	n[name] = max(n[name], age.Seconds())
}

func (n tallies) ofObject(t fleet.TypeName, s report.Summary, rejected []string) {
	for _, c := range s.Status.Clusters {
		n.add(`fedsync_copies{state="%s",type="%s"}`, report.StateOf(c.Status), t)
	}
	for _, word := range rejected {
		n.add(`fedsync_rejected_objects{reason="%s",type="%s"}`, word, t)
	}
	condition := cmp.Or(s.Status.Conditions[0].Reason, "Propagated")
	if !s.Known {
		condition = "Unknown"
	}
	n.add(`fedsync_federated_objects{condition="%s",type="%s"}`, condition, t)
}

func (n tallies) lines() (lines []string) {
	for series, value := range n {
		lines = append(lines, fmt.Sprintf("%s %v", series, value))
	}
	slices.Sort(lines)
	return lines
}

func (c *crowd) runs(t fleet.TypeName) bool {
	return slices.ContainsFunc(c.Types(), func(one telemetry.Type) bool { return one.Name == t })
}

func (c *crowd) registered(name fleet.Name) bool {
	return slices.ContainsFunc(c.Members(), func(one telemetry.Member) bool { return one.Name == name })
}

// counted are the series on the page that the recount knows.
func counted(p page) []string {
	var lines []string
	for _, name := range []string{
		"copies", "copies_overdue", "federated_objects", "member_copies", "member_oldest_unsettled_seconds", "member_type_copies", "oldest_unsettled_seconds",
		"rejected_objects",
	} {
		lines = append(lines, grep(p, "fedsync_"+name+"{")...)
	}
	slices.Sort(lines)
	return lines
}

// Whatever is told, in whatever order, the counts are those of the last summary of each object, without the members and types that
// are gone. What is told of these later, by a worker that was busy, counts until the next scrape at the most.
func TestCensusIsWhatARecountOfTheLastSummariesGives(t *testing.T) {
	types, members := typeNames()[:3], memberNames(0, 5)
	words := slices.Concat(report.Failures()[:3], []string{report.ClusterOK, report.ClusterOK, report.ClusterPending, report.ClusterWaitingForRemoval, report.ClusterNotReady})
	rapid.Check(t, func(rt *rapid.T) {
		clock := stopped()
		d := newDaemon(t, metrics.Options{Clock: clock, FullDetail: true, OverdueAfter: overdueAfter})
		defer d.server.Close()
		r := newRecount()
		for _, name := range types {
			d.addType(telemetry.Type{Name: name})
		}
		for i, name := range members {
			d.addMember(memberOf(i, name))
		}
		object := func(rt *rapid.T) fleet.ObjectKey {
			return keyOf(rapid.SampledFrom(types).Draw(rt, "type"), rapid.IntRange(0, 2).Draw(rt, "object"))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) {},
			"summarized": func(rt *rapid.T) {
				key, now := object(rt), clock.Now()
				heard := now.Add(-time.Duration(rapid.IntRange(0, 30).Draw(rt, "seconds since it was heard")) * time.Second)
				if rapid.Bool().Draw(rt, "there is no edit") {
					heard = time.Time{}
				}
				s := someSummary(rt, members, words)
				d.Summarized(key, s, heard)
				r.summarized(key, s, heard, now)
			},
			"forgotten": func(rt *rapid.T) {
				key := object(rt)
				d.Forgotten(key)
				r.forget(key)
			},
			"type stops": func(rt *rapid.T) {
				name := rapid.SampledFrom(types).Draw(rt, "type")
				d.removeType(name)
				d.Gone(name, "")
				r.typeGone(name)
			},
			"type starts": func(rt *rapid.T) {
				if name := rapid.SampledFrom(types).Draw(rt, "type"); !d.runs(name) {
					d.addType(telemetry.Type{Name: name})
				}
			},
			"member leaves": func(rt *rapid.T) {
				name := rapid.SampledFrom(members).Draw(rt, "member")
				d.removeMember(name)
				d.Gone("", name)
				r.memberGone(name)
			},
			"member joins": func(rt *rapid.T) {
				if name := rapid.SampledFrom(members).Draw(rt, "member"); !d.registered(name) {
					d.addMember(memberOf(7, name))
				}
			},
			"time goes by": func(rt *rapid.T) {
				clock.SetTime(clock.Now().Add(time.Duration(rapid.IntRange(1, 10).Draw(rt, "seconds")) * time.Second))
			},
			"scrape": func(rt *rapid.T) {
				d.forgetTheAbsent(r, types, members)
				if diff := gocmp.Diff(r.served(d.crowd, clock.Now()), counted(d.scrape(t))); diff != "" {
					rt.Fatalf("series (-recounted +served):\n%s", diff)
				}
			},
		})
	})
}

// forgetTheAbsent is what a scrape does about facts that came too late.
func (d *daemon) forgetTheAbsent(r *recount, types []fleet.TypeName, members []fleet.Name) {
	for _, name := range types {
		if !d.runs(name) {
			r.typeGone(name)
		}
	}
	for _, name := range members {
		if !d.registered(name) {
			r.memberGone(name)
		}
	}
}

func someSummary(rt *rapid.T, members []fleet.Name, words []string) report.Summary {
	s := report.Summary{Known: rapid.IntRange(0, 3).Draw(rt, "known") > 0}
	reason := rapid.SampledFrom([]string{"", report.ReasonCheckClusters, report.ReasonComputePlacementFailed, report.ReasonNamespaceNotFederated}).Draw(rt, "reason")
	s.Status.Conditions = []report.Condition{{Type: report.ConditionPropagation, Reason: reason}}
	for _, name := range members {
		if rapid.Bool().Draw(rt, "has a copy") {
			s.Status.Clusters = append(s.Status.Clusters, report.Cluster{Name: name, Status: rapid.SampledFrom(words).Draw(rt, "word")})
		}
	}
	return s
}
