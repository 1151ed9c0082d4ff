package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/federation/member"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// memberState is a member with its queue, its workers and the refusals that still stand.
type memberState struct {
	name       fleet.Name
	member     *member.Member
	generation string    // of the credentials
	pin        types.UID // the identity that the connection was made for; only the reconciler touches it
	queue      queue
	// credentials say from when to when the connection's credentials are good; began is when it was made.
	credentials member.Validity
	began       time.Time
	reached     atomic.Bool      // since it began
	unknownYet  bool             // nobody had reached the member before
	watch       func(fleet.Type) // starts a watch that lives as long as the connection
	stop        context.CancelFunc
	running     context.Context //nolint:containedctx // what the workers live in: they may be hired later
	workers     sync.WaitGroup

	mu      sync.Mutex
	hired   map[int]bool // the numbers of the workers
	stopped bool
	trouble map[fleet.ObjectKey]trouble
	waiting map[string]map[fleet.ObjectKey]lane // for their namespace
	unknown map[fleet.ObjectKey]unknownFields   // that the copy lacks
	gone    map[fleet.ObjectKey]types.UID       // copies whose absence the member itself confirmed, by their object's UID
	granted map[fleet.ObjectKey]bool            // copies whose deletion the member granted since they were last written
	unsure  map[fleet.ObjectKey]bool            // copies with a write whose answer was lost: it may come true yet
	writing map[fleet.ObjectKey]lane            // copies with a write that has no answer yet
}

// trouble is a failed attempt. It stands until the attempt would be another one, succeeds, or its time has come.
type trouble struct {
	verb     plan.Verb
	desired  fleet.Hash
	lane     lane // of the attempt
	attempts int
	first    time.Time // when the copy was taken for the first of them
	next     time.Time
	// failure is what to report, nil for a failure that says nothing about the object, such as a conflict.
	failure *report.Failure
}

// unknownFields are those of a desired copy that the member's API server does not know.
type unknownFields struct {
	desired fleet.Hash
	fields  []string
}

// dismiss makes sure that no worker is hired any more.
func (ms *memberState) dismiss() {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	ms.stopped = true
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

// beginWrite notes that a write is under way in a lane, until the function that it returns is called.
func (ms *memberState) beginWrite(key fleet.ObjectKey, l lane) (answered func()) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	ms.writing[key] = l
	return func() {
		ms.mu.Lock()
		defer ms.mu.Unlock()
		delete(ms.writing, key)
	}
}

// laneOfChange is where a change of the copy is looked at. The member's watch may tell of our own write before its answer has
// come: nobody waits for that more than for the write. What somebody else does in the same moment is looked at as late.
func (ms *memberState) laneOfChange(key fleet.ObjectKey) lane {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if l, ours := ms.writing[key]; ours {
		return min(l, driftLane)
	}
	return driftLane
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
	delete(ms.granted, key)
	delete(ms.unsure, key)
}

// heard keeps what the answer to a write, or its lack, says about the copy's end.
func (ms *memberState) heard(key fleet.ObjectKey, v plan.Verb, err error) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	switch {
	case v == plan.Delete && err == nil:
		ms.granted[key] = true
	case v == plan.Apply || v == plan.Create:
		delete(ms.granted, key)
		if err != nil && mayBeDone(err) {
			ms.unsure[key] = true
		}
	}
}

// endedByUs tells that a copy which the watch does not know any more needs no further proof that it is gone: the member
// granted its deletion, and no write is left that could still make it.
func (ms *memberState) endedByUs(key fleet.ObjectKey) bool {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	return ms.granted[key] && !ms.unsure[key]
}

// isUnsure tells that a write of the copy may come true yet.
func (ms *memberState) isUnsure(key fleet.ObjectKey) bool {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	return ms.unsure[key]
}

// setGone notes that the copy of the object with the UID is gone; an empty UID takes the note back.
func (ms *memberState) setGone(key fleet.ObjectKey, uid types.UID) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if uid == "" {
		delete(ms.gone, key)
	} else {
		ms.gone[key] = uid
		delete(ms.unsure, key)
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

// attemptNow returns the number of this very attempt, from 1, and when the copy was taken for the first of them.
func (ms *memberState) attemptNow(key fleet.ObjectKey, t trouble, taken time.Time) (number int, first time.Time) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	known, failed := ms.trouble[key]
	if !failed || known.verb != t.verb || known.desired != t.desired || known.first.IsZero() {
		return 1, taken
	}
	return known.attempts + 1, known.first
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

// waitForNamespace has the copy looked at again when something happens to its namespace, in the most urgent lane that it
// waited in.
func (ms *memberState) waitForNamespace(key fleet.ObjectKey, l lane) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if ms.waiting[key.Namespace] == nil {
		ms.waiting[key.Namespace] = map[fleet.ObjectKey]lane{}
	}
	ms.waiting[key.Namespace][key] = max(l, ms.waiting[key.Namespace][key])
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
	for key, l := range waiting {
		ms.queue.put(l, key)
	}
}
