package engine

import (
	"time"

	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/member"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/resolve"
	"github.com/fedsync/fedsync/federation/watch"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement/override"
)

// subject is a federated object with all that is the same for its copies in every member.
type subject struct {
	resolve.Subject

	state  *typeState
	record *host.Record
}

// situation is everything that a decision about one copy depends on.
type situation struct {
	lane   lane      // that the copy is looked at in; zero where nothing is to be done
	taken  time.Time // when a worker took it; zero as above
	number int       // of the attempt that is made, from 1
	first  time.Time // when the copy was taken for the first of these attempts
	input  plan.Input
	watch  watch.Status
	member fleet.Member
	seen   fleet.Observed // as the member's store has it
}

// proof says that fields which we own cover a desired copy. It holds in every member.
type proof struct {
	desired fleet.Hash
	owned   fleet.Ownership
}

// subject gathers what concerns the object as a whole; ok is false if there is nothing to synchronise.
func (e *Engine) subject(key fleet.ObjectKey) (s subject, ok bool) {
	ts := e.typeState(key.Type)
	rules := e.rules()
	if ts == nil || ts.passive || rules.Ignored(ts.kind, key) {
		return s, false
	}
	record := ts.objects.Get(key.Namespace, key.Name)
	if record == nil {
		return s, false
	}
	s = subject{state: ts, record: record}
	s.Subject = rules.NewSubject(record.Object, ts.kind, e.renderer(ts, record.Object), e.namespaceOf)
	return s, true
}

// rules are what decides about all objects alike.
func (e *Engine) rules() resolve.Settings {
	c := e.config()
	return resolve.Settings{Namespace: e.options.Namespace, HostUID: e.options.HostUID, Limited: c.Limited, Adopt: c.Adopt}
}

// namespaceOf returns the FederatedNamespace of a namespace, nil if there is none, and whether that is known.
func (e *Engine) namespaceOf(namespace string) (*fleet.FederatedObject, bool) {
	ts := e.typeState(fleet.NamespaceType)
	if ts == nil || ts.cell.Status().State != watch.Synced {
		return nil, false
	}
	if record := ts.objects.Get(namespace, namespace); record != nil {
		if ts.passive && record.Object.Deleting {
			return nil, false // it has no copies whose removal would be waited for: decide when it is gone
		}
		return record.Object, true
	}
	return nil, true
}

// rendererKey changes with everything that a rendering depends on.
type rendererKey struct {
	state      *typeState
	uid        string
	generation int64
}

func (e *Engine) renderer(ts *typeState, o *fleet.FederatedObject) *override.Renderer {
	key := rendererKey{state: ts, uid: string(o.UID), generation: o.Generation}
	if cached, ok := e.renderers.Get(key); ok {
		if r, ok := cached.(*override.Renderer); ok {
			return r
		}
	}
	r := override.NewRenderer(o, ts.kind)
	e.renderers.Add(key, r)
	return r
}

// gather collects what is known about the copy of the object in one member.
func (e *Engine) gather(s *subject, ms *memberState, m fleet.Member) situation {
	kind := s.Kind
	observed, present, status := ms.member.Observed(kind.Name, kind.CopyNamespace(s.Object.Key.Namespace), s.Object.Key.Name)
	seen := resolve.Sight{Observed: observed}
	if kind.Target.Namespaced {
		seen.Namespace = e.namespaceState(ms, s.Object.Key.Namespace)
	}
	in := s.Input(m, seen)
	in.Presence, in.Observed = presenceOf(present, status, in), e.withProof(observed, in.Desired)
	return situation{input: in, watch: status, member: m, seen: observed}
}

// withProof adds to what was seen of a copy that it is covered, if the copy of another member, marked the same and with the same
// fields owned, was found to be: after a restart one copy is compared field by field, and not a thousand.
func (e *Engine) withProof(seen fleet.Observed, d *fleet.Desired) fleet.Observed {
	if d == nil || seen.Applied != d.Hash || seen.Covered == d.Hash {
		return seen
	}
	if _, found := e.proofs.Get(proof{d.Hash, seen.Owned}); found {
		seen.Covered = d.Hash
	}
	return seen
}

// prove notes that the fields owned in the copy that was seen cover the desired one. What an apply that changed nothing proved is
// true of that one copy: another member's server may know fields that this one's drops.
func (e *Engine) prove(ms *memberState, s *subject, seen fleet.Observed, d *fleet.Desired) {
	if seen.Applied == d.Hash && seen.Covered != d.Hash {
		e.proofs.Add(proof{d.Hash, seen.Owned}, nil)
	}
	ms.member.Remember(s.Kind, s.Object.Key, seen, d.Hash)
}

// presenceOf says what the watch's word is worth. Where a type is not served there are no copies to remove.
func presenceOf(present bool, s watch.Status, in plan.Input) plan.Presence {
	removing := in.Deleting || in.Want == plan.WantExcluded
	switch {
	case s.State == watch.Synced && present:
		return plan.Present
	case s.State == watch.Synced, s.State == watch.TypeMissing && removing:
		return plan.Absent
	default:
		return plan.PresenceUnknown
	}
}

// namespaceState says whether a copy can go into the namespace. Namespaces that are not federated themselves are not
// observed; whether they exist shows when a copy is applied.
func (e *Engine) namespaceState(ms *memberState, namespace string) plan.NamespaceState {
	if e.rules().System(namespace) {
		return plan.NamespaceReady
	}
	observed, present, status := ms.member.Observed(fleet.NamespaceType, "", namespace)
	switch {
	case status.State != watch.Synced:
		return plan.NamespaceReady
	case !present:
		return plan.NamespaceAbsent
	case observed.Deleting:
		return plan.NamespaceGoing
	default:
		return plan.NamespaceReady
	}
}

// obstacleOf says what keeps the member as a whole from being worked on.
func obstacleOf(h member.Health, s watch.Status, inSync bool) (report.Obstacle, string) {
	switch {
	case h.Finding == member.Unprobed:
		return report.WatchStarting, ""
	case h.Finding != member.Healthy:
		return report.MemberDown, "the member is not ready"
	case !h.Reachable && !inSync:
		return report.MemberDown, "the member cannot be reached"
	}
	switch s.State {
	case watch.Synced:
		return report.NoObstacle, ""
	case watch.Syncing:
		return report.WatchStarting, ""
	default:
		return report.WatchFailed, s.Detail
	}
}
