package metrics

import (
	"slices"
	"sync"
	"time"

	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// census counts all copies by their state. Statuses are derived and not kept, so it keeps what it counted: a byte for each copy.
// Whenever an object is summarized, what differs from before is counted anew.
type census struct {
	detailed bool

	mu      sync.Mutex
	slots   map[fleet.Name]int
	names   []fleet.Name // by slot; empty for a slot that is free
	members []tally      // by slot
	detail  []map[fleet.TypeName]*tally
	types   map[fleet.TypeName]*typeCount
	objects map[fleet.ObjectKey]*entry
	late    map[fleet.ObjectKey]*entry // those with a copy that is out of step
	scratch []report.State             // by slot
}

// tally counts copies by state.
type tally [report.Failed + 1]int

// Conditions of federated objects, in the words of their reasons.
const (
	conditionPropagated = "Propagated"
	conditionUnknown    = "Unknown"
)

func objectConditions() []string {
	return []string{
		conditionPropagated, report.ReasonCheckClusters, report.ReasonComputePlacementFailed, report.ReasonNamespaceNotFederated, conditionUnknown,
	}
}

// typeCount is what is counted of one type.
type typeCount struct {
	copies     tally
	conditions map[string]int
	failures   map[string]int // objects by the words of their failed copies
}

// entry is what was counted of one object.
type entry struct {
	seen      time.Time // when it was summarized last
	condition string
	failures  []string       // sorted
	states    []report.State // by slot
	late      []lateCopy     // by slot
}

// lateCopy is a copy that is out of step.
type lateCopy struct {
	slot  int
	since time.Time
}

func newCensus(detailed bool) *census {
	return &census{
		detailed: detailed, slots: map[fleet.Name]int{}, types: map[fleet.TypeName]*typeCount{},
		objects: map[fleet.ObjectKey]*entry{}, late: map[fleet.ObjectKey]*entry{},
	}
}

// summarized counts an object as its status says. A copy that is out of step now, and was not when the object was summarized last, is
// so since the edit was heard of that came in between; without one, since now.
func (c *census) summarized(key fleet.ObjectKey, s *report.Summary, heard, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.objects[key]
	if e == nil {
		e = &entry{}
		c.objects[key] = e
	}
	since := heard
	switch {
	case !s.Known:
		since = time.Time{} // a watch has not told anything yet: what it does not know is not late
	case heard.IsZero() || !heard.After(e.seen):
		since = now
	}
	e.seen = now
	failures := c.read(s)
	c.recount(key, e, since)
	c.typeOf(key.Type).change(e, conditionOf(s), failures)
}

// read puts the state of every copy into scratch and returns the words of those that failed.
func (c *census) read(s *report.Summary) (failures []string) {
	clear(c.scratch)
	slot := -1
	for i := range s.Status.Clusters {
		cluster := &s.Status.Clusters[i]
		slot++
		if slot >= len(c.names) || c.names[slot] != cluster.Name { // mostly they come in the order in which they got their slots
			slot = c.slotOf(cluster.Name)
		}
		state := report.StateOf(cluster.Status)
		c.scratch[slot] = state
		if state == report.Failed && !slices.Contains(failures, cluster.Status) {
			failures = append(failures, cluster.Status)
		}
	}
	slices.Sort(failures)
	return failures
}

func (c *census) slotOf(name fleet.Name) int {
	slot, known := c.slots[name]
	if known {
		return slot
	}
	slot = slices.Index(c.names, "")
	if slot < 0 {
		slot = len(c.names)
		c.names, c.members, c.scratch = append(c.names, ""), append(c.members, tally{}), append(c.scratch, report.NoCopy)
		c.detail = append(c.detail, nil)
	}
	c.names[slot], c.slots[name] = name, slot
	return slot
}

// recount brings all counts of copies from what the entry says to what scratch says. Copies that are newly out of step are so since
// the time; if it is zero, none is.
func (c *census) recount(key fleet.ObjectKey, e *entry, since time.Time) {
	if missing := len(c.scratch) - len(e.states); missing > 0 {
		e.states = append(slices.Grow(e.states, missing), make([]report.State, missing)...)
	}
	t := c.typeOf(key.Type)
	var late []lateCopy
	before := e.late
	for slot, after := range c.scratch {
		for len(before) > 0 && before[0].slot < slot {
			before = before[1:]
		}
		wasLate := len(before) > 0 && before[0].slot == slot
		switch {
		case after <= report.InStep:
		case wasLate:
			late = append(late, before[0])
		case !since.IsZero():
			late = append(late, lateCopy{slot: slot, since: since})
		}
		if e.states[slot] != after {
			c.count(t, key.Type, slot, e.states[slot], after)
			e.states[slot] = after
		}
	}
	c.setLate(key, e, late)
}

func (c *census) setLate(key fleet.ObjectKey, e *entry, late []lateCopy) {
	e.late = late
	if len(late) > 0 {
		c.late[key] = e
	} else {
		delete(c.late, key)
	}
}

func (c *census) count(t *typeCount, name fleet.TypeName, slot int, before, after report.State) {
	tallies := []*tally{&t.copies, &c.members[slot]}
	if c.detailed {
		if c.detail[slot] == nil {
			c.detail[slot] = map[fleet.TypeName]*tally{}
		}
		if c.detail[slot][name] == nil {
			c.detail[slot][name] = &tally{}
		}
		tallies = append(tallies, c.detail[slot][name])
	}
	for _, one := range tallies {
		one[before]--
		one[after]++
	}
}

func conditionOf(s *report.Summary) string {
	switch {
	case !s.Known:
		return conditionUnknown
	case s.Status.Conditions[0].Reason == "":
		return conditionPropagated
	default:
		return s.Status.Conditions[0].Reason
	}
}

func (c *census) typeOf(name fleet.TypeName) *typeCount {
	t := c.types[name]
	if t == nil {
		t = &typeCount{conditions: map[string]int{}, failures: map[string]int{}}
		c.types[name] = t
	}
	return t
}

// change counts the object's condition and failures anew.
func (t *typeCount) change(e *entry, condition string, failures []string) {
	if e.condition != condition {
		if e.condition != "" {
			t.conditions[e.condition]--
		}
		if condition != "" {
			t.conditions[condition]++
		}
		e.condition = condition
	}
	if slices.Equal(e.failures, failures) {
		return
	}
	for _, word := range e.failures {
		t.failures[word]--
	}
	for _, word := range failures {
		t.failures[word]++
	}
	e.failures = failures
}
