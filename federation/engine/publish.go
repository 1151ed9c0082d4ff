package engine

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
)

// publishForever processes the queue of federated objects whose picture may have changed.
func (e *Engine) publishForever(ctx context.Context) {
	for {
		key, l, shutdown := e.publishing.take()
		if shutdown {
			return
		}
		again, err := e.publish(ctx, key, l)
		if err != nil && ctx.Err() == nil {
			again = e.pace.failed(key)
			e.log.V(1).Info("host write failed", "object", key, "retryAfter", again.String(), "reason", err.Error())
		}
		if again > 0 {
			e.publishing.putAfter(l, again, key)
		}
		e.publishing.Done(key)
	}
}

// review has the status of objects derived anew. That takes a look at every member: where they are many, it waits until many
// of them may have something to tell.
func (e *Engine) review(l lane, keys ...fleet.ObjectKey) {
	e.publishing.putAfter(l, reviewPause(e.Snapshot().Len()), keys...)
}

// reviewPause is a hundred times what a look at so many members takes.
func reviewPause(members int) time.Duration {
	const few, each, longest = 10, 100 * time.Microsecond, time.Second
	if members <= few {
		return 0
	}
	return min(time.Duration(members)*each, longest)
}

// publish writes to the host what the object needs next: the finalizer, the status, or the finalizer's removal. It
// returns after what time to look again, zero for never.
func (e *Engine) publish(ctx context.Context, key fleet.ObjectKey, l lane) (again time.Duration, err error) {
	s, ok := e.subject(key)
	if !ok {
		e.pace.forget(key)
		e.events.forget(key)
		e.tell.Forgotten(key)
		return 0, nil
	}
	synced := true
	ended := e.tell.Looking(key.Type, s.Kind.Federated.Kind)
	defer func() { ended(lookOf(again, synced, err)) }()
	if !s.Object.Held {
		return 0, e.hold(ctx, &s)
	}
	summary := e.summarize(&s)
	under, _ := e.edits.of(s.Object)
	e.tell.Summarized(key, summary, under.heard)
	synced = summary.Known
	switch {
	case !summary.Known && l > resyncLane:
		return lastInterval, nil // the watch that has not told anything yet will, but only in the lane that yields
	case !summary.Known:
		return 0, nil // as above
	case s.Object.Deleting && summary.Gone:
		return 0, e.unhold(ctx, &s)
	}
	again, err = e.publishStatus(ctx, &s, summary)
	return again, errors.Join(err, e.recordVersions(ctx, &s, summary))
}

// lookOf says in KubeFed's words how a look at an object ended.
func lookOf(again time.Duration, synced bool, err error) telemetry.Look {
	switch {
	case err != nil:
		return telemetry.LookError
	case !synced:
		return telemetry.LookNotSynced
	case again > 0:
		return telemetry.LookNeedsRecheck
	default:
		return telemetry.LookSuccess
	}
}

// publishStatus writes the status if the host stores another one and it is time for it.
func (e *Engine) publishStatus(ctx context.Context, s *subject, summary report.Summary) (time.Duration, error) {
	key := s.Object.Key
	if e.published(s.record, summary.Status) {
		e.editSettled(s.Object, summary)
		e.announce(s, summary)
		return e.pace.unchanged(key, summary.Settled), nil
	}
	digest := report.Digest(summary.Status)
	if wait := e.pace.wait(key, summary, digest.Bare == s.record.Published.Bare, e.clock.Now()); wait > 0 {
		return wait, nil
	}
	if err := e.tell.hostWrote(telemetry.WriteStatus, e.host.WriteStatus(ctx, s.Kind, s.state.objects, s.Object, summary.Status)); err != nil {
		return 0, err
	}
	condition := summary.Status.Conditions[0]
	e.log.V(1).Info("status written", "object", key, "settled", summary.Settled, "propagation", condition.Status, "reason", condition.Reason, "message", condition.Message)
	e.editSettled(s.Object, summary)
	e.announce(s, summary)
	e.confirmNamed(key, summary.Status)
	return e.pace.wrote(key, digest, summary, e.clock.Now()), nil
}

// confirmNamed has the members looked at that the status names for a copy which should go: such a copy may have been gone,
// and forgotten by the member's queue, before the status named it.
func (e *Engine) confirmNamed(key fleet.ObjectKey, s report.Status) {
	for _, c := range s.Clusters {
		if c.Status != report.ClusterWaitingForRemoval {
			continue
		}
		if ms := e.memberState(c.Name); ms != nil {
			ms.queue.put(resyncLane, key)
		}
	}
}

// hold makes sure that the object cannot vanish before its copies, and lets the copies come.
func (e *Engine) hold(ctx context.Context, s *subject) error {
	if s.Object.Deleting {
		return nil // never held: it has no copies
	}
	if err := e.tell.hostWrote(telemetry.WriteFinalizer, e.host.Hold(ctx, s.Kind, s.state.objects, s.record)); err != nil {
		return ignoreLost(err)
	}
	pause := unheardPause
	if e.enqueueCopies(s.Object.Key, editLane) == 0 {
		pause = 0 // nobody else will say how it stands
	}
	e.publishing.putAfter(editLane, pause, s.Object.Key)
	return nil
}

func (e *Engine) unhold(ctx context.Context, s *subject) error {
	if err := e.tell.hostWrote(telemetry.WriteFinalizer, e.host.Unhold(ctx, s.Kind, s.state.objects, s.record)); err != nil {
		return ignoreLost(err)
	}
	e.pace.forget(s.Object.Key)
	return nil
}

// ignoreLost drops the error about an object that is gone. A conflict stays: the watch brings the newer version soon, and
// the retry uses it.
func ignoreLost(err error) error {
	if fault.Of(err).Class == fault.Absent {
		return nil
	}
	return err
}

// published tells that the host already stores what would be written. Under a CRD made by KubeFed messages are dropped:
// then what we wrote last decides.
func (e *Engine) published(r *host.Record, s report.Status) bool {
	digest := report.Digest(s)
	return digest.Content == r.Published.Content ||
		digest.Bare == r.Published.Bare && e.pace.lastWritten(r.Object.Key) == digest.Content
}

// summarize derives the object's status from what is known now.
func (e *Engine) summarize(s *subject) report.Summary {
	in := report.Input{Object: s.Object, Before: s.record.Published, Now: e.clock.Now()}
	in.PlacementReason, in.PlacementMessage = placementTrouble(s)
	known := !s.Namespace.Applies || s.NamespaceKnown
	members := e.Snapshot()
	for _, w := range s.Renderer.Warnings(func(n fleet.Name) bool { _, registered := members.Member(n); return registered }) {
		in.Overrides = append(in.Overrides, w.String())
	}
	for _, m := range members.Members() {
		journaled := s.Object.Journaled(m.Name)
		ms := e.memberState(m.Name)
		if ms == nil {
			if c, counts := e.unconnected(s, m, journaled); counts {
				in.Copies = append(in.Copies, c)
			}
			continue
		}
		if c, counts := e.copyOf(s, ms, m, journaled); counts {
			in.Copies = append(in.Copies, c)
		}
	}
	summary := report.Summarize(in)
	summary.Known = summary.Known && known
	return summary
}

// unconnected says the same as copyOf about a registered member that there is no connection to.
func (e *Engine) unconnected(s *subject, m fleet.Member, journaled bool) (report.Copy, bool) {
	choice := s.Verdict(m).Choice
	c := report.Copy{Member: m.Name, Removing: s.Object.Deleting || choice == placement.Excluded}
	c.Obstacle, c.Detail = report.MemberDown, "there is no connection to the member"
	if !e.attempted(m.Name) {
		c.Obstacle, c.Detail = report.WatchStarting, ""
	}
	return c, journaled || choice == placement.Chosen
}

// copyOf says how things stand with one copy, and whether it counts: it is wanted, or not known to be gone.
func (e *Engine) copyOf(s *subject, ms *memberState, m fleet.Member, journaled bool) (report.Copy, bool) {
	at := e.gather(s, ms, m)
	in := at.input
	c := report.Copy{Member: m.Name, Action: plan.Decide(in), Exists: in.Presence == plan.Present}
	c.Removing = in.Deleting || in.Want == plan.WantExcluded
	switch {
	case c.Action.Reason == plan.Cordoned && !ms.isUnsure(s.Object.Key):
		return c, false
	case in.Want == plan.WantChosen && !in.Deleting:
	case in.Presence == plan.Present && in.Observed.OptedOut:
		return c, false
	case in.Presence == plan.Absent:
		if !c.Removing || !remembered(s, at) && !ms.isUnsure(s.Object.Key) || ms.isGone(s.Object) {
			return c, false
		}
	case in.Presence == plan.Present:
	case !journaled && in.Want != plan.WantChosen:
		return c, false
	}
	var desired fleet.Hash
	if in.Desired != nil {
		desired = in.Desired.Hash
	}
	c.Obstacle, c.Detail = obstacleOf(ms.member.Health(), at.watch, c.Action.Reason == plan.InSync)
	c.Unknown = ms.lackedBy(s.Object.Key, desired)
	c.Failure = ms.failureOf(s.Object.Key, c.Action.Verb, desired)
	if kind := s.Kind; kind.CollectStatus {
		c.RemoteStatus = ms.member.CollectedStatus(kind.Name, kind.CopyNamespace(s.Object.Key.Namespace), s.Object.Key.Name)
	}
	return c, true
}

// placementTrouble says in the condition's words why the placement is not known.
func placementTrouble(s *subject) (reason, message string) {
	if p, bad := s.Object.ProblemIn("spec.placement"); bad {
		return report.ReasonComputePlacementFailed, p.String()
	}
	if !s.Namespace.Applies || !s.NamespaceKnown {
		return "", ""
	}
	if s.Namespace.Object == nil {
		return report.ReasonNamespaceNotFederated, "there is no FederatedNamespace " + s.Object.Key.Namespace + "/" + s.Object.Key.Namespace
	}
	if p, bad := s.Namespace.Object.ProblemIn("spec.placement"); bad {
		return report.ReasonComputePlacementFailed, "FederatedNamespace " + s.Object.Key.Namespace + ": " + p.String()
	}
	return "", ""
}

// announce emits an event when an object that was fine, or had another trouble, cannot be brought in step, when fields of it are
// lost, and when it recovers.
func (e *Engine) announce(s *subject, summary report.Summary) {
	if s.Kind.IsSecret() {
		summary.Status = withoutMessages(summary.Status)
	}
	if event, worth := e.events.transition(s.Object.Key, s.record.Published, summary); worth {
		e.emit(s, event)
	}
}

// announceDrift emits an event about a field that was put back. Names of fields and managers are no content.
func (e *Engine) announceDrift(s *subject, member fleet.Name, field, culprit string) {
	if e.events.driftWorth(fleet.CopyKey{Object: s.Object.Key, Member: member}) {
		e.emit(s, report.DriftOf(member, field, culprit))
	}
}

func (e *Engine) emit(s *subject, event report.Event) {
	kind := s.Kind.Federated
	ref := &corev1.ObjectReference{
		APIVersion: kind.APIVersion(), Kind: kind.Kind, Namespace: s.Object.Key.Namespace, Name: s.Object.Key.Name,
		UID: s.Object.UID, ResourceVersion: s.Object.ResourceVersion,
	}
	eventType := corev1.EventTypeNormal
	if event.Warning {
		eventType = corev1.EventTypeWarning
	}
	e.events.emitBounded(ref, eventType, event.Reason, event.Message)
}
