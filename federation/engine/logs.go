package engine

import (
	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

// logAttempt says what was done to a copy: in the log of everybody what a person would ask about later, the rest at verbosity 1.
func (e *Engine) logAttempt(a *telemetry.Attempt, field string) {
	log := e.log.WithValues("object", a.Object, "member", a.Member, "reason", a.Reason)
	switch {
	case a.Result != fault.None: // judge says it
	case a.Verb == plan.Delete:
		log.Info("copy deleted")
	case a.Verb == plan.Release:
		log.Info("copy released")
	case a.Drift:
		log.Info("drift corrected", "field", field, "by", a.Culprit)
	default:
		log.V(1).Info("copy applied", "generation", a.Generation, "took", a.Answered.Sub(a.Sent).String())
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

// secret tells that what a member says of an object of the type may not be repeated outside of the object itself.
func (e *Engine) secret(t fleet.TypeName) bool {
	ts := e.typeState(t)
	return ts != nil && ts.kind.Target.Kind == "Secret"
}

// sayable returns what may be said about an object outside of the object itself.
func (e *Engine) sayable(t fleet.TypeName, message string) string {
	if message != "" && e.secret(t) {
		return withheld
	}
	return message
}

// sayableStatus returns the status without what may not be said outside of the object.
func (e *Engine) sayableStatus(t fleet.TypeName, s report.Status) report.Status {
	if !e.secret(t) {
		return s
	}
	said := s
	said.Clusters = make([]report.Cluster, 0, len(s.Clusters))
	for _, c := range s.Clusters {
		c.Message = e.sayable(t, c.Message)
		said.Clusters = append(said.Clusters, c)
	}
	return said
}
