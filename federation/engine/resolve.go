package engine

import (
	"time"

	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/member"
	"github.com/fedsync/fedsync/federation/watch"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
)

// unheardPause is how long an edit may go without a word from any member before the host is told how it stands.
const unheardPause = 3 * time.Second

// objectChanged turns the change of a federated object into work. It runs in the goroutine of the host's watch.
func (e *Engine) objectChanged(c host.Change) {
	if c.New == nil {
		e.objectGone(c.Old)
		return
	}
	key := c.New.Key
	if !c.StatusOnly {
		e.editHeard(c)
	}
	if !c.StatusOnly && e.placesOthers(c) { // whether it is held already does not matter to what lives in it
		e.enqueueContents(key.Namespace)
	}
	switch {
	case c.StatusOnly, !c.New.Held:
		e.publishing.put(editLane, key)
		return
	case e.enqueueCopies(key, editLane) == 0:
		e.publishing.put(editLane, key)
	default:
		e.publishing.putAfter(editLane, unheardPause, key)
	}
}

func (e *Engine) objectGone(o *fleet.FederatedObject) {
	for _, ms := range e.memberStates() {
		ms.objectGone(o.Key)
		e.removals.withdraw(fleet.CopyKey{Object: o.Key, Member: ms.name})
	}
	e.pace.forget(o.Key)
	e.edits.forget(o.Key)
	e.publishing.put(editLane, o.Key) // who may be in the middle of a look at it, and has the last word about it
	if e.versions != nil {
		e.versions.Forget(o.Key)
	}
	if o.Key.Type == fleet.NamespaceType {
		e.enqueueContents(o.Key.Namespace)
	}
}

// placesOthers tells that other objects' placements depend on the object.
func (e *Engine) placesOthers(c host.Change) bool {
	return c.New.Key.Type == fleet.NamespaceType && c.New.Key.Name == c.New.Key.Namespace
}

// enqueueContents enqueues everything that lives in a namespace, because its placement may have changed.
func (e *Engine) enqueueContents(namespace string) {
	for _, ts := range e.typeStates() {
		if !ts.kind.Target.Namespaced {
			continue
		}
		for _, key := range ts.objects.Keys(namespace) {
			e.enqueueCopies(key, editLane)
			e.review(editLane, key)
		}
	}
}

// enqueueCopies puts the object into the queue of every member that may have to act: those that are chosen, hold a copy,
// or are named by the published status. It returns how many they are.
func (e *Engine) enqueueCopies(key fleet.ObjectKey, l lane) int {
	s, ok := e.subject(key)
	if !ok {
		return 0
	}
	if l == editLane {
		e.edits.queue(key, e.clock.Now())
	}
	affected := 0
	for _, m := range e.Snapshot().Members() {
		ms := e.memberState(m.Name)
		if ms == nil || !e.affects(&s, ms, m) {
			continue
		}
		ms.queue.put(l, key)
		affected++
	}
	return affected
}

func (e *Engine) affects(s *subject, ms *memberState, m fleet.Member) bool {
	if s.Verdict(m).Choice == placement.Chosen || s.Object.Journaled(m.Name) || ms.isUnsure(s.Object.Key) {
		return true
	}
	kind := s.Kind
	_, present, _ := ms.member.Observed(kind.Name, kind.CopyNamespace(s.Object.Key.Namespace), s.Object.Key.Name)
	return present
}

// enqueueMember puts every object of a type into one member's queue.
func (e *Engine) enqueueMember(ms *memberState, ts *typeState, l lane) {
	ms.queue.put(l, ts.objects.Keys("")...)
}

// HealthChanged implements member.Listener.
func (e *Engine) HealthChanged(name fleet.Name, before, after member.Health) {
	e.tell.Probed(after.Took)
	e.noteContact(name, after)
	e.clusters.ask(e.options.Namespace, string(name)) // which writes only what is new, or a heartbeat
	if before.Finding == after.Finding && before.UID == after.UID && before.Reachable == after.Reachable {
		return
	}
	e.log.Info("member health", "member", name, "reachable", after.Reachable, "detail", after.Detail)
	e.describeMember(name, after)
	if before.Finding == after.Finding && before.Reachable == after.Reachable {
		return
	}
	for _, ts := range e.typeStates() {
		e.review(resyncLane, ts.objects.Keys("")...)
	}
}

// noteContact tells when a member is reached for the first time over a connection.
func (e *Engine) noteContact(name fleet.Name, h member.Health) {
	ms := e.memberState(name)
	if ms == nil || !h.Reachable || ms.reached.Swap(true) {
		return
	}
	e.tell.Connected(e.clock.Since(ms.began), ms.unknownYet)
}

// CopyChanged implements member.Listener.
func (e *Engine) CopyChanged(name fleet.Name, t fleet.TypeName, namespace, copyName string) {
	ms, ts := e.memberState(name), e.typeState(t)
	if ms == nil || ts == nil {
		return
	}
	key := fleet.ObjectKey{Type: t, Namespace: namespace, Name: copyName}
	if ts.kind.IsNamespace() {
		key.Namespace = copyName
		ms.namespaceChanged(copyName)
	}
	if _, _, status := ms.member.Observed(t, namespace, copyName); status.State != watch.Synced {
		return // everything is looked at when the watch has synced
	}
	if ts.objects.Get(key.Namespace, key.Name) != nil {
		ms.queue.put(ms.laneOfChange(key), key)
	} else if _, _, stray := e.strayOf(ms, key); stray {
		ms.queue.put(resyncLane, key)
	}
}

// WatchChanged implements member.Listener.
func (e *Engine) WatchChanged(name fleet.Name, t fleet.TypeName, s watch.Status) {
	ms, ts := e.memberState(name), e.typeState(t)
	if ms == nil || ts == nil {
		return
	}
	if s.State != watch.Synced {
		e.log.Info("watch degraded", "member", name, "type", t, "detail", s.Detail)
	}
	e.enqueueMember(ms, ts, resyncLane)
	if s.State == watch.Synced {
		e.enqueueStrays(ms, ts)
	}
}
