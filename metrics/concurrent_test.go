package metrics_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/metrics"
)

// tellAnything tells one fact of a member and a type, whether they are there or not.
func (d *daemon) tellAnything(n *rand.Rand, members []fleet.Name, types []fleet.TypeName) {
	member, name := members[n.IntN(len(members))], types[n.IntN(len(types))]
	switch n.IntN(10) {
	case 0:
		d.Gone(name, "")
	case 1:
		d.Gone("", member)
	case 2:
		d.Forgotten(keyOf(name, n.IntN(5)))
	case 3:
		d.nameMember(name, member)
	case 4:
		d.nameTheRest(name, member)
	case 5:
		d.nameType(name, members)
	case 6:
		d.removeMember(member)
		d.removeType(name)
	case 7:
		d.removeMember(member) // it is there once
		d.addMember(memberOf(n.IntN(10), member))
	case 8:
		d.removeType(name)
		d.addType(telemetry.Type{Name: name})
	default:
		d.Summarized(keyOf(name, n.IntN(5)), summaryOf(members[:1+n.IntN(len(members))], n.IntN(5)), noon)
	}
}

// Workers of many members and types tell what they do while a server scrapes; then everything stops and what is told last counts.
func TestFactsAndScrapesAtTheSameTime(t *testing.T) {
	const workers, facts, scrapers, scrapes = 16, 60, 3, 10
	d := newDaemon(t, metrics.Options{Clock: stopped(), FullDetail: true, KubeFed: true})
	members, types := memberNames(0, 30), typeNames()[:8]
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			n := rand.New(rand.NewPCG(1, uint64(worker)))
			for range facts {
				d.tellAnything(n, members, types)
			}
		})
	}
	for range scrapers {
		all.Go(func() {
			for range scrapes {
				if _, err := d.get(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	left, stays := members[:10], members[10:]
	ended, runs := types[:2], types[2:]
	for i, name := range members {
		d.removeMember(name)
		d.Gone("", name)
		if i >= len(left) {
			d.addMember(memberOf(7, name))
		}
	}
	for i, name := range types {
		d.removeType(name)
		d.Gone(name, "")
		if i >= len(ended) {
			d.addType(telemetry.Type{Name: name})
			d.nameType(name, stays)
		}
	}
	for range 3 {
		d.scrape(t)
	}
	p := d.scrape(t)
	for _, name := range left {
		if found := p.naming(string(name)); len(found) > 0 {
			t.Errorf("member %s is gone and has series %q", name, found)
		}
	}
	for _, name := range ended {
		if found := p.naming(string(name)); len(found) > 0 {
			t.Errorf("type %s is gone and has series %q", name, found)
		}
	}
	d.checkCounts(t, p, stays, runs)
}
