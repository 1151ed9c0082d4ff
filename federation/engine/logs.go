package engine

import (
	"slices"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

// logAttempt says what was done to a copy: in the log of everybody what a person would ask about later, the rest at verbosity 1.
func (e *Engine) logAttempt(a *telemetry.Attempt, field string) {
	switch {
	case a.Result != fault.None: // judge says it
	case a.Verb == plan.Delete:
		e.log.Info("copy deleted", "object", a.Object, "member", a.Member, "reason", a.Reason)
	case a.Verb == plan.Release:
		e.log.Info("copy released", "object", a.Object, "member", a.Member, "reason", a.Reason)
	case a.Drift:
		e.log.Info("drift corrected", "object", a.Object, "member", a.Member, "field", field, "by", a.Culprit)
	default:
		if log := e.log.V(1); log.Enabled() {
			log.Info("copy applied", "object", a.Object, "member", a.Member, "reason", a.Reason, "generation", a.Generation, "took", a.Answered.Sub(a.Sent).String())
		}
	}
}

// logRefusal says that a member refuses a copy, once for each thing that was tried.
func (e *Engine) logRefusal(ms *memberState, key fleet.ObjectKey, t trouble, f fault.Fault) {
	switch f.Class {
	case fault.Rejected, fault.Forbidden, fault.Exists, fault.TypeMissing:
		if t.attempts == 1 {
			e.log.Info("the member refuses the copy", "object", key, "member", ms.name, "class", f.Class.String(), "reason", e.sayable(key.Type, f.Message()))
		}
	default:
	}
}

// withheld stands for what a member said of a Secret, which may quote its content.
const withheld = "withheld, because it may quote the Secret: see the status of the object"

// sayable returns what may be said about an object outside of the object itself.
func (e *Engine) sayable(t fleet.TypeName, message string) string {
	ts := e.typeState(t)
	if message != "" && (ts == nil || ts.kind.IsSecret()) { // a type that was stopped meanwhile may be any
		return withheld
	}
	return message
}

// withoutMessages returns the status without what members said.
func withoutMessages(s report.Status) report.Status {
	said := s
	said.Clusters = slices.Clone(s.Clusters)
	for i := range said.Clusters {
		if said.Clusters[i].Message != "" {
			said.Clusters[i].Message = withheld
		}
	}
	return said
}
