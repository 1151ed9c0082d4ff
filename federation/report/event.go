package report

import (
	"fmt"
	"strings"

	"github.com/fedsync/fedsync/fleet"
)

// Reasons of events on federated objects; besides them, those of the Propagation condition.
const (
	// EventRecovered: what was in trouble is as declared again in every member.
	EventRecovered = "Recovered"
	// EventFieldsUnknown: a member does not know fields of the template.
	EventFieldsUnknown = "FieldsUnknown"
)

// Event tells a transition of a federated object: one for all members together.
type Event struct {
	Warning         bool
	Reason, Message string
}

// EventOf returns the event that a status is worth when it takes the place of what was published before; worth is false where
// nothing is new, or things still move. An edit that every member takes is worth none.
func EventOf(before Published, s Summary) (e Event, worth bool) {
	if !s.Settled || len(s.Status.Conditions) == 0 {
		return Event{}, false
	}
	c := s.Status.Conditions[0]
	switch {
	case c.Reason == "" && !s.Incomplete:
		return Event{Reason: EventRecovered, Message: applied(s.Status.Clusters)}, before.Troubled
	case c.Reason == before.Condition.Reason && c.Message == before.Condition.Message:
		return Event{}, false
	case c.Reason == ReasonCheckClusters:
		return Event{Warning: true, Reason: c.Reason, Message: join(applied(s.Status.Clusters), firstMessage(s.Status.Clusters))}, true
	case s.Incomplete:
		return Event{Warning: true, Reason: EventFieldsUnknown, Message: join(c.Message, firstMessage(s.Status.Clusters))}, true
	default:
		return Event{Warning: true, Reason: c.Reason, Message: c.Message}, true
	}
}

// troubled tells that a status speaks of something that does not heal by itself soon.
func troubled(s Status) bool {
	for _, c := range s.Conditions {
		if c.Type == ConditionPropagation && c.Reason != "" && c.Reason != ReasonCheckClusters {
			return true
		}
	}
	for i := range s.Clusters {
		if state := StateOf(s.Clusters[i].Status); state == Failed || state == Unreachable {
			return true
		}
	}
	return false
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
