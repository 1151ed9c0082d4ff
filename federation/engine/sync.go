package engine

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/member"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/watch"
	"github.com/fedsync/fedsync/fleet"
)

// memberState is a member with its queue, its workers and the refusals that still stand.
type memberState struct {
	name       fleet.Name
	member     *member.Member
	generation string    // of the credentials
	pin        types.UID // the identity that the connection was made for; only the reconciler touches it
	queue      queue
	watch      func(fleet.Type) // starts a watch that lives as long as the connection
	stop       context.CancelFunc
	running    context.Context //nolint:containedctx // what the workers live in: they may be hired later
	workers    sync.WaitGroup

	mu      sync.Mutex
	hired   map[int]bool // the numbers of the workers
	stopped bool
	trouble map[fleet.ObjectKey]trouble
	waiting map[string]map[fleet.ObjectKey]bool // for their namespace
	unknown map[fleet.ObjectKey]unknownFields   // that the copy lacks
	gone    map[fleet.ObjectKey]types.UID       // copies whose absence the member itself confirmed, by their object's UID
}

// trouble is a failed attempt. It stands until the attempt would be another one, succeeds, or its time has come.
type trouble struct {
	verb     plan.Verb
	desired  fleet.Hash
	attempts int
	next     time.Time
	// failure is what to report, nil for a failure that says nothing about the object, such as a conflict.
	failure *report.Failure
}

// unknownFields are those of a desired copy that the member's API server does not know.
type unknownFields struct {
	desired fleet.Hash
	fields  []string
}

// work processes the member's queue until it shuts down, or the worker's number is beyond what is asked for. While the
// member cannot be reached, it waits.
func (e *Engine) work(ctx context.Context, ms *memberState, number int) {
	for !e.leaves(ms, number) {
		key, priority, shutdown := ms.queue.GetWithPriority()
		if shutdown {
			return
		}
		if ms.member.Ready(ctx) == nil {
			e.syncCopy(ctx, ms, key, lane(priority))
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

// dismiss makes sure that no worker is hired any more.
func (ms *memberState) dismiss() {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	ms.stopped = true
}

// syncCopy brings one copy one step closer to what it should be.
func (e *Engine) syncCopy(ctx context.Context, ms *memberState, key fleet.ObjectKey, l lane) {
	s, ok := e.subject(key)
	m, registered := e.Snapshot().Member(ms.name)
	if !registered {
		ms.forget(key)
		ms.setGone(key, "")
		return
	}
	if !ok {
		ms.setGone(key, "")
		if again := e.releaseStray(ctx, ms, key); again > 0 {
			ms.queue.putAfter(resyncLane, again, key)
		}
		return
	}
	at := e.gather(&s, ms, m)
	action := plan.Decide(at.input)
	if again := e.act(ctx, ms, &s, at, action); again > 0 {
		ms.queue.putAfter(l, again, key)
	}
	e.publishing.put(l, key)
}

// act does what was decided and returns after what time the copy must be looked at again, zero for never: an event will
// tell.
func (e *Engine) act(ctx context.Context, ms *memberState, s *subject, at situation, a plan.Action) time.Duration {
	key := s.object.Key
	if wait := e.overBudget(ms, s, a); wait > 0 {
		return wait
	}
	switch a.Verb {
	case plan.None:
		return e.leave(ctx, ms, s, at, a)
	case plan.Wait:
		return e.await(ms, key, a.Reason)
	default:
	}
	attempt := trouble{verb: a.Verb}
	if at.input.Desired != nil {
		attempt.desired = at.input.Desired.Hash
	}
	if left := ms.mustWait(key, attempt, e.clock.Now()); left > 0 {
		return left
	}
	ms.setGone(key, "")
	err := e.write(ctx, ms, s, at, a.Verb)
	if a.Reason == plan.Unplaced && err == nil {
		e.removals.removed(removalOf(ms, s), e.clock.Now())
	}
	if a.Reason == plan.Drifted && err == nil && !at.input.Observed.LegacyOwned {
		e.log.Info("drift corrected", "object", key, "member", ms.name, "field", a.Field)
	}
	if a.Verb == plan.Apply && err == nil {
		return e.proveCovered(ms, s, at.input.Desired, attempt)
	}
	return e.judge(ctx, ms, key, attempt, err)
}

// leave takes note of a copy that nothing is to be done about.
func (e *Engine) leave(ctx context.Context, ms *memberState, s *subject, at situation, a plan.Action) time.Duration {
	key := s.object.Key
	if a.Reason == plan.NotPlaced && remembered(s, at) && !ms.isGone(s.object) {
		return e.confirmGone(ctx, ms, s)
	}
	ms.forget(key)
	if a.Reason == plan.InSync && at.input.Observed.Covered != at.input.Desired.Hash {
		ms.member.Remember(s.state.kind, key, at.input.Observed, at.input.Desired.Hash)
	}
	return 0
}

// proveCovered looks whether the apply made every field ours. If not, some fields never show up as owned, such as those
// that the server drops, or somebody was faster: a second apply tells which, after a growing pause.
func (e *Engine) proveCovered(ms *memberState, s *subject, d *fleet.Desired, t trouble) time.Duration {
	kind, key := s.state.kind, s.object.Key
	if key.Type == fleet.NamespaceType { // the watch may have nothing new to tell about our own write
		ms.namespaceChanged(key.Name)
	}
	seen, present, _ := ms.member.Observed(kind.Name, kind.CopyNamespace(key.Namespace), key.Name)
	if !present || seen.Applied != d.Hash {
		ms.forget(key)
		return time.Millisecond // changed again already: decide again
	}
	if _, covered := plan.Covered(d, seen); covered {
		ms.member.Remember(kind, key, seen, d.Hash)
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
func (e *Engine) await(ms *memberState, key fleet.ObjectKey, why plan.Reason) time.Duration {
	if why != plan.NamespaceMissing && why != plan.NamespaceTerminating {
		return 0 // the watches tell everything else
	}
	ms.waitForNamespace(key)
	if e.namespaceState(ms, key.Namespace) == plan.NamespaceReady { // it came before we waited for it
		return time.Millisecond
	}
	return 0
}

// remembered tells that the host's status names the copy, or that it may have been on its way when its object was deleted.
func remembered(s *subject, at situation) bool {
	return slices.Contains(s.object.Journal, at.member.Name) || at.input.Deleting && at.input.Want == plan.WantChosen
}

// confirmGone asks the member whether a copy that is not wanted is gone, before its object forgets that there was one: a
// write whose answer was lost may have made it after all.
func (e *Engine) confirmGone(ctx context.Context, ms *memberState, s *subject) time.Duration {
	key := s.object.Key
	attempt := trouble{verb: plan.None}
	if left := ms.mustWait(key, attempt, e.clock.Now()); left > 0 {
		return left
	}
	gone, err := ms.member.ConfirmAbsent(ctx, s.state.kind, key)
	if gone {
		ms.setGone(key, s.object.UID)
	}
	if again := e.judge(ctx, ms, key, attempt, err); again > 0 || gone {
		return again
	}
	return time.Millisecond // it is known now: decide again
}

func (e *Engine) write(ctx context.Context, ms *memberState, s *subject, at situation, v plan.Verb) error {
	kind, key, in := s.state.kind, s.object.Key, at.input
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
		return ms.member.Delete(ctx, kind, key, in.Observed, deleteOptions(s.object))
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
		e.options.Metrics.FieldsUnknown(key.Type, ms.name, len(fields))
		e.log.Info("the member does not know fields of the template", "object", key, "member", ms.name, "fields", fields)
	}
	ms.unknown[key] = unknownFields{desired: desired, fields: fields}
}

// lackedBy returns the fields that the copy lacks although it is in step.
func (ms *memberState) lackedBy(key fleet.ObjectKey, desired fleet.Hash) []string {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if u := ms.unknown[key]; u.desired == desired {
		return u.fields
	}
	return nil
}

// deleteOptions are what the object's author asked for. As in KubeFed they count when the federated object is deleted, not
// when a member is taken out of its placement.
func deleteOptions(o *fleet.FederatedObject) *metav1.DeleteOptions {
	if !o.Deleting {
		return nil
	}
	return o.DeleteOptions
}

// Pauses between attempts, by what failed. Each doubles from the first to the last.
const (
	firstConflictPause, lastConflictPause = 5 * time.Millisecond, time.Second
	firstProofPause                       = 20 * time.Millisecond
	firstRetryPause, lastRetryPause       = 250 * time.Millisecond, 30 * time.Second
	firstRefusalPause, lastRefusalPause   = 2 * time.Second, 2 * time.Minute
)

// judge takes note of how an attempt ended and returns when to come back.
func (e *Engine) judge(ctx context.Context, ms *memberState, key fleet.ObjectKey, t trouble, err error) time.Duration {
	f := fault.Of(err)
	if f.Class == fault.None || ctx.Err() != nil {
		ms.forget(key)
		if t.verb == plan.Create || t.verb == plan.Release {
			// What a create owns must become what an apply owns; what was released is no copy any more, which the watch need
			// not tell us again.
			return time.Millisecond
		}
		return 0
	}
	if f.Class == fault.NamespaceMissing && key.Type == fleet.NamespaceType {
		f.Class = fault.Absent // the copy is the namespace
	}
	t.attempts = ms.attemptsBefore(key, t) + 1
	t.failure = &report.Failure{Verb: t.verb, Exists: f.Class == fault.Exists, TimedOut: f.Class == fault.TimedOut, Message: f.Message()}
	var pause time.Duration
	switch f.Class {
	case fault.Conflict:
		t.failure = nil
		pause = backoff(t.attempts, firstConflictPause, lastConflictPause)
	case fault.Overloaded:
		t.failure = nil
		pause = f.After
	case fault.Unreachable, fault.Unauthorized:
		t.failure = nil // the member's state says it
		ms.member.Suspect()
		pause = backoff(t.attempts, firstRetryPause, lastRetryPause)
	case fault.TimedOut:
		ms.member.Suspect()
		pause = backoff(t.attempts, firstRetryPause, lastRetryPause)
	case fault.Absent:
		t.failure = nil // gone meanwhile: the watch is about to say so
		pause = backoff(t.attempts, firstRetryPause, lastRetryPause)
	case fault.NamespaceMissing, fault.NamespaceTerminating:
		ms.waitForNamespace(key)
		pause = backoff(t.attempts, firstRefusalPause, lastRefusalPause)
	case fault.Rejected, fault.Forbidden, fault.Exists, fault.TypeMissing:
		pause = backoff(t.attempts, firstRefusalPause, lastRefusalPause)
	default:
		pause = backoff(t.attempts, firstRetryPause, lastRetryPause)
	}
	t.next = e.clock.Now().Add(pause)
	ms.remember(key, t)
	e.log.V(1).Info("attempt failed", "object", key, "member", ms.name, "attempts", t.attempts, "retryAfter", pause.String(), "reason", f.Message())
	return pause
}

// backoff returns the pause after so many failed attempts, with a fifth of jitter so that many copies do not come back
// at the same instant.
func backoff(attempts int, first, last time.Duration) time.Duration {
	pause := last
	if shift := attempts - 1; shift < 20 && first<<shift < last {
		pause = first << shift
	}
	return pause + time.Duration(rand.Int64N(int64(pause)/5+1)) //nolint:gosec // jitter needs no secrecy
}

func (ms *memberState) forget(key fleet.ObjectKey) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	delete(ms.trouble, key)
}

// forgetAll lets every attempt that failed start anew.
func (ms *memberState) forgetAll() {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	clear(ms.trouble)
}

func (ms *memberState) remember(key fleet.ObjectKey, t trouble) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	ms.trouble[key] = t
}

func (ms *memberState) isGone(o *fleet.FederatedObject) bool {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	return ms.gone[o.Key] == o.UID
}

// objectGone drops everything that is noted of a copy.
func (ms *memberState) objectGone(key fleet.ObjectKey) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	delete(ms.trouble, key)
	delete(ms.unknown, key)
	delete(ms.gone, key)
}

// setGone notes that the copy of the object with the UID is gone; an empty UID takes the note back.
func (ms *memberState) setGone(key fleet.ObjectKey, uid types.UID) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if uid == "" {
		delete(ms.gone, key)
	} else {
		ms.gone[key] = uid
	}
}

// attemptsBefore counts the failures of this very attempt.
func (ms *memberState) attemptsBefore(key fleet.ObjectKey, t trouble) int {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if known := ms.trouble[key]; known.verb == t.verb && known.desired == t.desired {
		return known.attempts
	}
	return 0
}

// mustWait returns how long this very attempt has to wait because it failed before, zero if it may go ahead.
func (ms *memberState) mustWait(key fleet.ObjectKey, t trouble, now time.Time) time.Duration {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	known, failed := ms.trouble[key]
	if !failed || known.verb != t.verb || known.desired != t.desired {
		return 0
	}
	return known.next.Sub(now)
}

// failureOf returns the refusal that stands against what would be done now, or nil.
func (ms *memberState) failureOf(key fleet.ObjectKey, v plan.Verb, desired fleet.Hash) *report.Failure {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if known := ms.trouble[key]; known.verb == v && known.desired == desired {
		return known.failure
	}
	return nil
}

func (ms *memberState) waitForNamespace(key fleet.ObjectKey) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if ms.waiting[key.Namespace] == nil {
		ms.waiting[key.Namespace] = map[fleet.ObjectKey]bool{}
	}
	ms.waiting[key.Namespace][key] = true
}

// namespaceChanged lets the copies that waited for the namespace try again at once.
func (ms *memberState) namespaceChanged(namespace string) {
	ms.mu.Lock()
	waiting := ms.waiting[namespace]
	delete(ms.waiting, namespace)
	for key := range waiting {
		delete(ms.trouble, key)
	}
	ms.mu.Unlock()
	for key := range waiting {
		ms.queue.put(editLane, key)
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
