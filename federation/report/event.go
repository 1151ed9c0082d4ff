package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fedsync/fedsync/fleet"
)

// Reasons of events on federated objects; besides them, those of the Propagation condition.
const (
	// EventRecovered: what was in trouble is as declared again in every member.
	EventRecovered = "Recovered"
	// EventFieldsUnknown: a member does not know fields of the template.
	EventFieldsUnknown = "FieldsUnknown"
	// EventDriftCorrected: somebody changed a declared field of a copy, and it was put back.
	EventDriftCorrected = "DriftCorrected"
)

// Event tells a transition of a federated object: one for all members together.
type Event struct {
	Warning         bool
	Reason, Message string
}

// Trouble identifies what keeps an object from being in step; the zero value is none.
type Trouble struct {
	// Words changes with the members that are not in step, their words, and the condition's reason.
	Words fleet.Hash
	// Lasting tells that it does not heal by itself soon: a member is unreachable or refuses, or the declaration is faulty.
	Lasting bool
}

// TroubleIn returns the trouble that a status speaks of.
func TroubleIn(s Status) Trouble {
	var t Trouble
	var words []string
	if i := slices.IndexFunc(s.Conditions, func(c Condition) bool { return c.Type == ConditionPropagation }); i >= 0 {
		c := s.Conditions[i]
		switch {
		case c.Reason != "":
			words, t.Lasting = append(words, c.Reason), c.Reason != ReasonCheckClusters
		case c.Message != "": // fields are left out
			words, t.Lasting = append(words, c.Message), true
		}
	}
	for i := range s.Clusters {
		c := &s.Clusters[i]
		if c.Status == ClusterOK {
			continue
		}
		words = append(words, string(c.Name), c.Status)
		state := StateOf(c.Status)
		t.Lasting = t.Lasting || state == Failed || state == Unreachable
	}
	if len(words) > 0 {
		t.Words = fleet.HashOf([]byte(strings.Join(words, "\n")))
	}
	return t
}

// EventOf returns the event that a status is worth after the trouble that was told of last, and the trouble that is told of now. worth
// is false where nothing is new, or things still move. An edit that every member takes is worth none.
func EventOf(before Trouble, s Summary) (e Event, now Trouble, worth bool) {
	if !s.Settled || len(s.Status.Conditions) == 0 {
		return Event{}, before, false
	}
	c := s.Status.Conditions[0]
	now = TroubleIn(s.Status)
	switch {
	case now == before:
		return Event{}, now, false
	case c.Reason == "" && !s.Incomplete:
		return Event{Reason: EventRecovered, Message: applied(s.Status.Clusters)}, now, before.Lasting
	case c.Reason == ReasonCheckClusters:
		return Event{Warning: true, Reason: c.Reason, Message: join(applied(s.Status.Clusters), firstMessage(s.Status.Clusters))}, now, true
	case s.Incomplete:
		return Event{Warning: true, Reason: EventFieldsUnknown, Message: join(c.Message, firstMessage(s.Status.Clusters))}, now, true
	default:
		return Event{Warning: true, Reason: c.Reason, Message: c.Message}, now, true
	}
}

// DriftOf returns the event that tells of a field which was put back, and who had changed it if that is known.
func DriftOf(member fleet.Name, field, culprit string) Event {
	by := ""
	if culprit != "" {
		by = fmt.Sprintf(" by %q", culprit)
	}
	return Event{Reason: EventDriftCorrected, Message: cut(fmt.Sprintf("%s%s%s was changed%s, and is put back", member, afterMember, field, by))}
}

// afterMember stands between the member and what is said of it.
const afterMember = ": "

// DriftIn reads what DriftOf wrote: the member, and what happened there.
func DriftIn(message string) (member fleet.Name, what string, ok bool) {
	name, what, ok := strings.Cut(message, afterMember)
	return fleet.Name(name), what, ok
}

// applied says how far all members are: "applied to 98 of 100 members; 2 unreachable: m7, m9".
func applied(clusters []Cluster) string {
	named := map[State][]fleet.Name{}
	wanted := 0
	for i := range clusters {
		state := StateOf(clusters[i].Status)
		named[state] = append(named[state], clusters[i].Name)
		if state != Removing {
			wanted++
		}
	}
	var parts []string
	if wanted > 0 || len(clusters) == 0 {
		parts = append(parts, fmt.Sprintf("applied to %d of %d members", len(named[InStep]), wanted))
	}
	for _, state := range []State{Unreachable, Failed, Pending, Removing} {
		if len(named[state]) > 0 {
			parts = append(parts, fmt.Sprintf("%d %s: %s", len(named[state]), state, some(named[state])))
		}
	}
	return strings.Join(parts, "; ")
}

// some names the first few members.
func some(names []fleet.Name) string {
	more := ""
	if len(names) > maxNamed {
		more = fmt.Sprintf(" and %d more", len(names)-maxNamed)
		names = names[:maxNamed]
	}
	words := make([]string, 0, len(names))
	for _, n := range names {
		words = append(words, string(n))
	}
	return strings.Join(words, ", ") + more
}

// firstMessage quotes the first member that has something to say.
func firstMessage(clusters []Cluster) string {
	for i := range clusters {
		if clusters[i].Message != "" {
			return string(clusters[i].Name) + ": " + clusters[i].Message
		}
	}
	return ""
}

func join(a, b string) string {
	if b == "" {
		return a
	}
	return a + "; " + b
}
