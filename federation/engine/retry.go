package engine

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// lookAgain has the copy decided upon again at once. The very same attempt has to wait a growing time: somebody else may undo
// what we do as fast as we do it.
func (e *Engine) lookAgain(ms *memberState, key fleet.ObjectKey, t trouble) time.Duration {
	t.attempts, t.failure = ms.attemptsBefore(key, t)+1, nil
	t.next = e.clock.Now().Add(backoff(t.attempts, firstProofPause, lastRetryPause))
	ms.remember(key, t)
	return time.Millisecond
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
	switch {
	case ctx.Err() != nil:
		ms.forget(key)
		return 0
	case f.Class == fault.None && (t.verb == plan.Create || t.verb == plan.Release):
		// What a create owns must become what an apply owns; what was released is no copy any more, which the watch need not
		// tell us again.
		return e.lookAgain(ms, key, t)
	case f.Class == fault.None:
		ms.forget(key)
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
		ms.waitForNamespace(key, t.lane)
		pause = backoff(t.attempts, firstRefusalPause, lastRefusalPause)
	case fault.Rejected, fault.Forbidden, fault.Exists, fault.TypeMissing:
		pause = backoff(t.attempts, firstRefusalPause, lastRefusalPause)
	default:
		pause = backoff(t.attempts, firstRetryPause, lastRetryPause)
	}
	t.next = e.clock.Now().Add(pause)
	ms.remember(key, t)
	e.logRefusal(ms, key, t, f)
	e.log.V(1).Info("attempt failed", "object", key, "member", ms.name, "attempts", t.attempts, "retryAfter", pause.String(), "reason", e.sayable(key.Type, f.Message()))
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
