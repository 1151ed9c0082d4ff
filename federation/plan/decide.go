package plan

import "github.com/fedsync/fedsync/fleet"

// Verb is what to do with a copy.
type Verb int

// The verbs. The zero value does nothing.
const (
	// None: the copy is as it should be, or is not ours.
	None Verb = iota
	// Wait: something must happen first; an event will tell.
	Wait
	// Create: make the copy, and fail if an object of that name exists.
	Create
	// Apply: make the copy what it should be, whether it exists or not.
	Apply
	// Delete: delete the copy that was observed.
	Delete
	// Release: take our mark off the copy and leave it.
	Release
)

// Waits tells that nothing is done now.
func (v Verb) Waits() bool { return v == Wait || v == None }

// Reason says why an action was chosen. The values appear in logs and, through package report, in status.
type Reason string

// The reasons of an Action.
const (
	// InSync: the copy is as declared.
	InSync Reason = "InSync"
	// Missing: the copy does not exist.
	Missing Reason = "Missing"
	// Edited: the declaration changed since the copy was applied.
	Edited Reason = "Edited"
	// Drifted: somebody else changed or removed a declared field.
	Drifted Reason = "Drifted"
	// NotPlaced: the copy is not wanted and does not exist.
	NotPlaced Reason = "NotPlaced"
	// Unplaced: the copy exists and its member is excluded.
	Unplaced Reason = "Unplaced"
	// MemberDrained: the copy exists and everything moves off its member.
	MemberDrained Reason = "MemberDrained"
	// Cordoned: the copy does not exist, and its member gets no new ones.
	Cordoned Reason = "Cordoned"
	// ObjectDeleting: the federated object is being deleted.
	ObjectDeleting Reason = "ObjectDeleting"
	// PlacementUnknown: the placement cannot be read or its namespace is not federated.
	PlacementUnknown Reason = "PlacementUnknown"
	// Unobserved: the member's watch of the type has not synced.
	Unobserved Reason = "Unobserved"
	// Unrenderable: the template or an override is faulty.
	Unrenderable Reason = "Unrenderable"
	// Undeletable: how to delete the copy is declared faultily.
	Undeletable Reason = "Undeletable"
	// OptedOut: the object in the member carries the managed label "false".
	OptedOut Reason = "OptedOut"
	// CopyDeleting: the copy is being deleted and is not gone yet.
	CopyDeleting Reason = "CopyDeleting"
	// NamespaceMissing: the copy's namespace does not exist in the member yet.
	NamespaceMissing Reason = "NamespaceMissing"
	// NamespaceTerminating: the copy's namespace is being deleted in the member.
	NamespaceTerminating Reason = "NamespaceTerminating"
	// NotHeld: the federated object has no finalizer yet, so a copy could outlive it unseen.
	NotHeld Reason = "NotHeld"
)

// Action is a decision.
type Action struct {
	Verb   Verb
	Reason Reason
	// Field is the first field that is not ours any more, for Drifted; the faulty field, for Unrenderable and
	// Undeletable.
	Field string
	// Detail says more to a person, or is empty.
	Detail string
}

// Want says whether a copy is wanted. Unknown is not Excluded.
type Want int

// The wants. The zero value is the safe one.
const (
	WantUnknown Want = iota
	WantExcluded
	WantChosen
)

// Presence says what is known of the copy in the member.
type Presence int

// The presences. The zero value is the safe one.
const (
	// PresenceUnknown: the member's watch of the type has not synced.
	PresenceUnknown Presence = iota
	Absent
	Present
)

// NamespaceState is the state of the copy's namespace in the member.
type NamespaceState int

// The namespace states. The zero value is for copies that need none, and for namespaces that we cannot observe.
const (
	NamespaceReady NamespaceState = iota
	NamespaceAbsent
	NamespaceGoing
)

// Input is everything that the decision depends on.
type Input struct {
	// Deleting, Orphan and Held are the federated object's.
	Deleting, Orphan, Held bool
	// Want is the placement's verdict for this member.
	Want Want
	// Desired is nil when Problem says why it could not be rendered; both are nil for a copy that is not wanted.
	Desired *fleet.Desired
	Problem *fleet.Problem
	// DeleteProblem says what is wrong with the declared delete options, nil if nothing is.
	DeleteProblem *fleet.Problem
	// Presence qualifies Observed, which counts only if the copy is Present.
	Presence Presence
	Observed fleet.Observed
	// Namespace is the state of the namespace that the copy goes into.
	Namespace NamespaceState
	// Cordoned tells that the member gets no new copies; Drained, that the copy is excluded because everything moves off the member.
	Cordoned, Drained bool
	// Adopt allows taking over an object that exists and is not managed yet.
	Adopt bool
	// Protected copies are never deleted, only released: the host cluster's own namespaces.
	Protected bool
}

// Decide chooses the action for one copy.
func Decide(in Input) Action {
	if in.Presence == PresenceUnknown {
		return Action{Verb: Wait, Reason: Unobserved}
	}
	switch {
	case in.Deleting:
		return remove(in, ObjectDeleting)
	case in.Want == WantExcluded && in.Drained:
		return remove(in, MemberDrained)
	case in.Want == WantExcluded:
		return remove(in, Unplaced)
	case in.Want == WantUnknown:
		return Action{Verb: None, Reason: PlacementUnknown}
	}
	return keep(in)
}

func remove(in Input, why Reason) Action {
	switch {
	case in.Presence == Absent:
		return Action{Verb: None, Reason: NotPlaced}
	case in.Observed.OptedOut:
		return Action{Verb: None, Reason: OptedOut}
	case in.Protected, in.Deleting && in.Orphan:
		return Action{Verb: Release, Reason: why}
	case in.Observed.Deleting:
		return Action{Verb: Wait, Reason: CopyDeleting}
	case in.Deleting && in.DeleteProblem != nil:
		return Action{Verb: Wait, Reason: Undeletable, Field: in.DeleteProblem.Field, Detail: in.DeleteProblem.Message}
	}
	return Action{Verb: Delete, Reason: why}
}

func keep(in Input) Action {
	switch {
	case in.Problem != nil:
		return Action{Verb: Wait, Reason: Unrenderable, Field: in.Problem.Field, Detail: in.Problem.Message}
	case !in.Held:
		return Action{Verb: Wait, Reason: NotHeld}
	case in.Presence == Absent && in.Cordoned:
		return Action{Verb: None, Reason: Cordoned}
	case in.Presence == Absent:
		return bring(in)
	case in.Observed.OptedOut:
		return Action{Verb: Wait, Reason: OptedOut}
	case in.Observed.Deleting:
		return Action{Verb: Wait, Reason: CopyDeleting}
	case in.Observed.Applied != in.Desired.Hash && !provenSame(in):
		return Action{Verb: Apply, Reason: Edited}
	}
	if field, covered := Covered(in.Desired, in.Observed); !covered {
		return Action{Verb: Apply, Reason: Drifted, Field: field}
	}
	return Action{Verb: None, Reason: InSync}
}

// provenSame tells that an apply found the copy to be as desired and left its mark as it was, which would have been the only
// change. What was proven is forgotten with any change of the mark or of what we own.
func provenSame(in Input) bool { return in.Observed.Covered == in.Desired.Hash }

func bring(in Input) Action {
	switch in.Namespace {
	case NamespaceAbsent:
		return Action{Verb: Wait, Reason: NamespaceMissing}
	case NamespaceGoing:
		return Action{Verb: Wait, Reason: NamespaceTerminating}
	case NamespaceReady:
	}
	if in.Adopt {
		return Action{Verb: Apply, Reason: Missing}
	}
	return Action{Verb: Create, Reason: Missing}
}
