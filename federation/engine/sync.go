package engine

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

// work processes the member's queue until it shuts down, or the worker's number is beyond what is asked for. While the
// member cannot be reached, it waits.
func (e *Engine) work(ctx context.Context, ms *memberState, number int) {
	for !e.leaves(ms, number) {
		key, l, shutdown := ms.queue.take()
		if shutdown {
			return
		}
		if ms.member.Ready(ctx) == nil {
			e.syncCopy(ctx, ms, key, l)
		}
		ms.queue.Done(key)
	}
}

// leaves tells a worker that it is not needed any more.
func (e *Engine) leaves(ms *memberState, number int) bool {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if number < e.memberWorkers() {
		return false
	}
	delete(ms.hired, number)
	return true
}

// syncCopy brings one copy one step closer to what it should be.
func (e *Engine) syncCopy(ctx context.Context, ms *memberState, key fleet.ObjectKey, l lane) {
	taken := e.clock.Now()
	s, ok := e.subject(key)
	m, registered := e.Snapshot().Member(ms.name)
	if !registered {
		ms.forget(key)
		ms.setGone(key, "")
		return
	}
	if !ok {
		ms.setGone(key, "")
		e.removals.withdraw(fleet.CopyKey{Object: key, Member: ms.name})
		if again := e.releaseStray(ctx, ms, key); again > 0 {
			ms.queue.putAfter(resyncLane, again, key)
		}
		return
	}
	at := e.gather(&s, ms, m)
	at.lane, at.taken = l, taken
	action := plan.Decide(at.input)
	if again := e.act(ctx, ms, &s, at, action); again > 0 {
		ms.queue.putAfter(l, again, key)
	}
	e.review(l, key)
}

// act does what was decided and returns after what time the copy must be looked at again, zero for never: an event will
// tell.
func (e *Engine) act(ctx context.Context, ms *memberState, s *subject, at situation, a plan.Action) time.Duration {
	key := s.Object.Key
	if wait := e.overBudget(ms, s, at.input.Observed.UID, a); wait > 0 {
		return wait
	}
	switch a.Verb {
	case plan.None:
		return e.leave(ctx, ms, s, at, a)
	case plan.Wait:
		return e.await(ms, key, a.Reason, at.lane)
	default:
	}
	attempt := trouble{verb: a.Verb, lane: at.lane}
	if at.input.Desired != nil {
		attempt.desired = at.input.Desired.Hash
	}
	if left := ms.mustWait(key, attempt, e.clock.Now()); left > 0 {
		return left
	}
	ms.setGone(key, "")
	at.number, at.first = ms.attemptNow(key, attempt, at.taken)
	attempt.first = at.first
	err := e.request(ctx, ms, s, at, a)
	if a.Reason == plan.Unplaced && mayBeDone(err) {
		e.removals.removed(removalOf(ms, s, at.input.Observed.UID), e.clock.Now())
	}
	if a.Verb == plan.Apply && err == nil {
		return e.proveCovered(ms, s, at.input.Desired, attempt)
	}
	return e.judge(ctx, ms, key, attempt, err)
}

// request sends what was decided on to the member, and tells how it ended.
func (e *Engine) request(ctx context.Context, ms *memberState, s *subject, at situation, a plan.Action) error {
	o := s.Object
	under, _ := e.edits.of(o)
	fact := telemetry.Attempt{
		Edit: factOf(o, under.heard), Member: ms.name, Verb: a.Verb, Reason: a.Reason, Number: at.number, ByEdit: e.edits.causes(o, ms, a.Reason),
		Queued: under.queued, First: at.first, Taken: at.taken, Sent: e.clock.Now(),
	}
	if fact.Queued.IsZero() {
		fact.Queued = under.heard
	}
	answered := ms.beginWrite(o.Key, at.lane)
	err := e.write(ctx, ms, s, at, a.Verb)
	answered()
	ms.heard(o.Key, a.Verb, err)
	fact.Answered, fact.Result = e.clock.Now(), fault.Of(err).Class
	if fact.ByEdit && err == nil {
		e.edits.apply(o, ms.name, a.Reason == plan.Missing, fact.Answered)
	}
	if err == nil && a.Reason == plan.Drifted && e.undid(ms, s, at) {
		fact.Drift, fact.Culprit = true, at.seen.LastManager
		e.announceDrift(s, ms.name, a.Field, fact.Culprit)
	}
	e.logAttempt(&fact, a.Field)
	e.tell.attempted(fact)
	return err
}

// undid tells that an apply because of drift changed the copy. If not, a field never shows up as ours; and what a create of ours, or
// KubeFed, owns becomes ours without anybody having changed it.
func (e *Engine) undid(ms *memberState, s *subject, at situation) bool {
	key, kind := s.Object.Key, s.Kind
	now, present, _ := ms.member.Observed(kind.Name, kind.CopyNamespace(key.Namespace), key.Name)
	return !at.input.Observed.LegacyOwned && present && now.ResourceVersion != at.seen.ResourceVersion
}

// mayBeDone tells that a request was carried out, or may have been.
func mayBeDone(err error) bool {
	class := fault.Of(err).Class
	return class == fault.None || class == fault.TimedOut || class == fault.Unreachable
}

// leave takes note of a copy that nothing is to be done about.
func (e *Engine) leave(ctx context.Context, ms *memberState, s *subject, at situation, a plan.Action) time.Duration {
	key := s.Object.Key
	if a.Reason == plan.NotPlaced && (remembered(s, at) || ms.isUnsure(key)) && !ms.isGone(s.Object) {
		if !ms.endedByUs(key) {
			return e.confirmGone(ctx, ms, s)
		}
		ms.setGone(key, s.Object.UID)
	}
	ms.forget(key)
	if a.Reason == plan.InSync && at.seen.Covered != at.input.Desired.Hash {
		e.prove(ms, s, at.seen, at.input.Desired)
	}
	return 0
}

// proveCovered looks whether the apply made every field ours. If not, some fields never show up as owned, such as those
// that the server drops, or somebody was faster: a second apply tells which, after a growing pause.
func (e *Engine) proveCovered(ms *memberState, s *subject, d *fleet.Desired, t trouble) time.Duration {
	kind, key := s.Kind, s.Object.Key
	if key.Type == fleet.NamespaceType { // the watch may have nothing new to tell about our own write
		ms.namespaceChanged(key.Name)
	}
	seen, present, _ := ms.member.Observed(kind.Name, kind.CopyNamespace(key.Namespace), key.Name)
	if !present || seen.Applied != d.Hash && seen.Covered != d.Hash {
		return e.lookAgain(ms, key, t) // changed again already: decide again
	}
	if _, covered := plan.Covered(d, e.withProof(seen, d)); covered {
		e.prove(ms, s, seen, d)
		ms.forget(key)
		return 0
	}
	t.attempts = ms.attemptsBefore(key, t) + 1
	pause := backoff(t.attempts, firstProofPause, lastRetryPause)
	t.next = e.clock.Now().Add(pause)
	ms.remember(key, t)
	return pause
}

// await makes sure that the event which the copy waits for is not missed.
func (e *Engine) await(ms *memberState, key fleet.ObjectKey, why plan.Reason, l lane) time.Duration {
	if why != plan.NamespaceMissing && why != plan.NamespaceTerminating {
		return 0 // the watches tell everything else
	}
	ms.waitForNamespace(key, l)
	if e.namespaceState(ms, key.Namespace) == plan.NamespaceReady { // it came before we waited for it
		return time.Millisecond
	}
	return 0
}

// remembered tells that the host's status names the copy, or that it may have been on its way when its object was deleted.
func remembered(s *subject, at situation) bool {
	return s.Object.Journaled(at.member.Name) || at.input.Deleting && at.input.Want == plan.WantChosen
}

// confirmGone asks the member whether a copy that is not wanted is gone, before its object forgets that there was one: a
// write whose answer was lost may have made it after all.
func (e *Engine) confirmGone(ctx context.Context, ms *memberState, s *subject) time.Duration {
	key := s.Object.Key
	attempt := trouble{verb: plan.None}
	if left := ms.mustWait(key, attempt, e.clock.Now()); left > 0 {
		return left
	}
	gone, err := ms.member.ConfirmAbsent(ctx, s.Kind, key)
	if gone {
		ms.setGone(key, s.Object.UID)
	}
	if again := e.judge(ctx, ms, key, attempt, err); again > 0 || gone {
		return again
	}
	return time.Millisecond // it is known now: decide again
}

func (e *Engine) write(ctx context.Context, ms *memberState, s *subject, at situation, v plan.Verb) error {
	kind, key, in := s.Kind, s.Object.Key, at.input
	switch v {
	case plan.Apply:
		unknown, err := ms.member.Apply(ctx, kind, key, in.Desired, in.Observed)
		if err == nil {
			e.lacks(ms, key, in.Desired.Hash, unknown)
		}
		return err
	case plan.Create:
		return ms.member.Create(ctx, kind, key, in.Desired)
	case plan.Delete:
		return ms.member.Delete(ctx, kind, key, in.Observed, deleteOptions(s.Object))
	case plan.Release:
		return ms.member.Release(ctx, kind, key, in.Observed)
	default:
		return nil
	}
}

// lacks notes which declared fields the copy does not have because its member does not know them.
func (e *Engine) lacks(ms *memberState, key fleet.ObjectKey, desired fleet.Hash, fields []string) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if len(fields) == 0 {
		delete(ms.unknown, key)
		return
	}
	if ms.unknown[key].desired != desired {
		e.tell.FieldsUnknown(key.Type, len(fields))
		e.log.Info("the member does not know fields of the template", "object", key, "member", ms.name, "fields", fields)
	}
	ms.unknown[key] = unknownFields{desired: desired, fields: fields}
}

// deleteOptions are what the object's author asked for. As in KubeFed they count when the federated object is deleted, not
// when a member is taken out of its placement.
func deleteOptions(o *fleet.FederatedObject) *metav1.DeleteOptions {
	if !o.Deleting {
		return nil
	}
	return o.DeleteOptions
}
