package engine

import (
	"time"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

// Metrics hear what is worth counting. Like all listeners they are called from many goroutines and must not block.
//
//nolint:interfacebloat // it is five small ones, each for one kind of fact, that one listener has to follow together
type Metrics interface {
	EditListener
	CensusListener
	WorkListener
	HostListener
	FleetListener
}

// EditListener follows edits. Metrics and traces do.
type EditListener interface {
	// Heard is called when the host's watch has told of an edit.
	Heard(e telemetry.Edit)
	// Attempted is called after each request that was to bring a copy in step.
	Attempted(a telemetry.Attempt)
	// Settled is called when every member has an edit and the status on the host says so.
	Settled(s telemetry.Settlement)
}

// CensusListener keeps account of how everything stands.
type CensusListener interface {
	// Summarized tells how an object stands, and when the edit was heard of that is under way, zero if there is none.
	Summarized(key fleet.ObjectKey, s report.Summary, since time.Time)
	// Forgotten tells that an object is gone.
	Forgotten(key fleet.ObjectKey)
	// Gone ends what is told of a type or of a member; the other one is empty.
	Gone(t fleet.TypeName, member fleet.Name)
}

// WorkListener hears of single things in the engine's work.
type WorkListener interface {
	// FieldsUnknown counts declared fields that a member does not know.
	FieldsUnknown(t fleet.TypeName, fields int)
	// RemovalsFrozen says how many copies are held back from removal.
	RemovalsFrozen(copies int)
	// Waited tells how long a key was due in a queue.
	Waited(queue, lane string, d time.Duration)
}

// HostListener hears of the work for the host.
type HostListener interface {
	// HostWrote counts a write to the host.
	HostWrote(kind telemetry.HostWriteKind, result fault.Class)
	// Emitted counts an event, or one that was not sent because there were too many.
	Emitted(eventType string, dropped bool)
	// Looking tells of a look at a federated object of the type and its federated kind, until the function it returns is called.
	Looking(t fleet.TypeName, kind string) (ended func(telemetry.Look))
}

// FleetListener hears of members.
type FleetListener interface {
	// Probed counts a health probe.
	Probed(took time.Duration)
	// Connected tells how long it took from a member's credentials to the first good probe. With joined it is the first one since
	// the member was registered.
	Connected(took time.Duration, joined bool)
	// Left tells how long it took to end the work on a member whose registration was removed.
	Left(took time.Duration)
}

// teller passes facts on.
type teller struct {
	Metrics

	traces EditListener // nil if edits are not traced
}

func (t *teller) heard(e telemetry.Edit) {
	t.Heard(e)
	if t.traces != nil {
		t.traces.Heard(e)
	}
}

func (t *teller) attempted(a telemetry.Attempt) {
	t.Attempted(a)
	if t.traces != nil {
		t.traces.Attempted(a)
	}
}

func (t *teller) settled(s telemetry.Settlement) {
	t.Settled(s)
	if t.traces != nil {
		t.traces.Settled(s)
	}
}

// hostWrote counts a write to the host and returns its error.
func (t *teller) hostWrote(kind telemetry.HostWriteKind, err error) error {
	t.HostWrote(kind, fault.Of(err).Class)
	return err
}

// unheard is for nobody.
type unheard struct{}

func (unheard) Heard(telemetry.Edit)                                  {}
func (unheard) Attempted(telemetry.Attempt)                           {}
func (unheard) Settled(telemetry.Settlement)                          {}
func (unheard) Summarized(fleet.ObjectKey, report.Summary, time.Time) {}
func (unheard) Forgotten(fleet.ObjectKey)                             {}
func (unheard) Gone(fleet.TypeName, fleet.Name)                       {}
func (unheard) FieldsUnknown(fleet.TypeName, int)                     {}
func (unheard) RemovalsFrozen(int)                                    {}
func (unheard) Waited(string, string, time.Duration)                  {}
func (unheard) HostWrote(telemetry.HostWriteKind, fault.Class)        {}
func (unheard) Emitted(string, bool)                                  {}
func (unheard) Looking(fleet.TypeName, string) func(telemetry.Look)   { return func(telemetry.Look) {} }
func (unheard) Probed(time.Duration)                                  {}
func (unheard) Connected(time.Duration, bool)                         {}
func (unheard) Left(time.Duration)                                    {}
