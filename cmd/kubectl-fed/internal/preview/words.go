package preview

import (
	"fmt"
	"strings"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/preview"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
)

// action says in one word what would become of the copies.
func (r *result) action() string {
	switch {
	case r.Action.Verb == plan.Delete:
		return "remove"
	case r.Action.Verb == plan.Release:
		return "release"
	case r.Action.Verb.Waits():
		return "none"
	case r.Seen.Present || r.Seen.Foreign:
		return "change"
	}
	return "create"
}

// reason says in one word why.
func (c *computed) reason(r *result) string {
	if r.Removal() && r.Action.Reason == plan.Unplaced {
		return string(c.worlds.after.Verdict(r.Object, r.Member).Reason)
	}
	return string(r.Action.Reason)
}

// refusal says why the copy would not become what is declared.
func (r *result) refusal() string {
	switch {
	case r.refused != "":
		return r.refused
	case r.Action.Reason == plan.Unrenderable, r.Action.Reason == plan.Undeletable:
		return r.Action.Field + ": " + r.Action.Detail
	case r.Action.Reason == plan.OptedOut:
		return "the object in the member carries the label " + fleet.ManagedLabel + " with another value than " + fleet.LabelTrue
	case r.Action.Reason == plan.CopyDeleting:
		return "the object in the member is being deleted"
	}
	return ""
}

// why a copy goes.
func removalWords(reason string) string {
	switch placement.Reason(reason) {
	case placement.NotListed:
		return "the placement does not list the member"
	case placement.NotSelected:
		return "the placement does not select the member"
	case placement.NamespaceExcludes:
		return "the FederatedNamespace excludes the member"
	case placement.NamespaceDeleting:
		return "the FederatedNamespace is being deleted"
	case placement.MemberDrained:
		return "the member is drained"
	default:
	}
	if reason == string(plan.ObjectDeleting) {
		return "the federated object is deleted"
	}
	return reason
}

// maxNamed is how many members a line names.
const maxNamed = 4

func membersInWords(names []fleet.Name) string {
	if len(names) == 1 {
		return string(names[0])
	}
	shown, more := names, ""
	if len(names) > maxNamed {
		shown, more = names[:maxNamed], ", ..."
	}
	words := make([]string, 0, len(shown))
	for _, n := range shown {
		words = append(words, string(n))
	}
	return fmt.Sprintf("%d members (%s%s)", len(names), strings.Join(words, ", "), more)
}

// certainty is the mark of a line.
func (r *result) certainty() string {
	if r.Certainty != preview.Exact {
		return fmt.Sprintf("[%s: %s]", r.Certainty, r.Why)
	}
	if len(r.asked) < len(r.Members) {
		return fmt.Sprintf("[exact, by asking %d]", len(r.asked))
	}
	return "[exact]"
}
