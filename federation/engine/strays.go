package engine

import (
	"context"
	"time"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/watch"
	"github.com/fedsync/fedsync/fleet"
)

// A stray is an object in a member that carries the managed label although no federated object stands behind it: somebody
// labelled it, or KubeFed left it. KubeFed takes the label off, and so do we. What fedsync itself applied is no stray: a
// copy whose federated object is missing is left alone, because absence is no evidence.

// strayOf returns what was observed of the stray under the key, and its type; ok is false if there is none.
func (e *Engine) strayOf(ms *memberState, key fleet.ObjectKey) (ts *typeState, o fleet.Observed, ok bool) {
	ts = e.typeState(key.Type)
	if ts == nil || ts.passive || e.rules().Ignored(ts.kind, key) || ts.cell.Status().State != watch.Synced || ts.objects.Get(key.Namespace, key.Name) != nil {
		return ts, o, false
	}
	o, present, status := ms.member.Observed(key.Type, ts.kind.CopyNamespace(key.Namespace), key.Name)
	ok = present && status.State == watch.Synced && !o.OptedOut && !o.Deleting && o.Applied == fleet.Hash{} && o.Owned == fleet.Ownership{}
	return ts, o, ok
}

// releaseStray takes the label off a stray once the host itself has confirmed that there is no federated object. It returns
// when to come back.
func (e *Engine) releaseStray(ctx context.Context, ms *memberState, key fleet.ObjectKey) time.Duration {
	ts, observed, ok := e.strayOf(ms, key)
	if !ok {
		ms.forget(key)
		return 0
	}
	attempt := trouble{verb: plan.Release}
	if left := ms.mustWait(key, attempt, e.clock.Now()); left > 0 {
		return left
	}
	absent, err := e.host.ConfirmAbsent(ctx, ts.kind, key)
	if err == nil && !absent {
		return 0 // the host's watch is about to tell of it
	}
	if err != nil {
		pause := backoff(ms.attemptsBefore(key, attempt)+1, firstRetryPause, lastRetryPause)
		attempt.attempts, attempt.next = ms.attemptsBefore(key, attempt)+1, e.clock.Now().Add(pause)
		ms.remember(key, attempt)
		return pause
	}
	if err := ms.member.Release(ctx, ts.kind, key, observed); err != nil {
		return e.judge(ctx, ms, key, attempt, err)
	}
	e.log.Info("label removed from an object that no federated object stands behind", "object", key, "member", ms.name)
	// Somebody may put the label back, as the Endpoints controller does with that of a Service: that is no reason to hurry.
	attempt.attempts = ms.attemptsBefore(key, attempt) + 1
	pause := backoff(attempt.attempts, firstRefusalPause, lastRefusalPause)
	attempt.next = e.clock.Now().Add(pause)
	ms.remember(key, attempt)
	return pause
}

// enqueueStrays looks for strays among everything that was observed of a type in one member.
func (e *Engine) enqueueStrays(ms *memberState, ts *typeState) {
	if ts.passive {
		return
	}
	for _, name := range ms.member.Copies(ts.kind.Name) {
		key := fleet.ObjectKey{Type: ts.kind.Name, Namespace: name.Namespace, Name: name.Name}
		if ts.kind.IsNamespace() {
			key.Namespace = key.Name
		}
		if _, _, stray := e.strayOf(ms, key); stray {
			ms.queue.put(resyncLane, key)
		}
	}
}
