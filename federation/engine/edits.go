package engine

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

// edits holds the edits that not every member has yet, each as long as it is the newest of its object. It is safe for concurrent
// use.
type edits struct {
	mu      sync.Mutex
	pending map[fleet.ObjectKey]edit
}

func newEdits() *edits { return &edits{pending: map[fleet.ObjectKey]edit{}} }

// edit is what is known of an edit's way.
type edit struct {
	uid        types.UID
	generation int64
	// heard is zero for an edit from before this process.
	heard, queued, applied time.Time
	// made are the members that the edit made a copy in.
	made map[fleet.Name]bool
}

// hear notes a new edit.
func (s *edits) hear(o *fleet.FederatedObject, heard time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending[o.Key] = edit{uid: o.UID, generation: o.Generation, heard: heard}
}

// queue notes that the copies of an object go into their members' queues.
func (s *edits) queue(key fleet.ObjectKey, now time.Time) {
	s.amend(key, func(e *edit) {
		if e.queued.IsZero() {
			e.queued = now
		}
	})
}

// apply notes that a member has the edit; made tells that it had no copy before.
func (s *edits) apply(o *fleet.FederatedObject, member fleet.Name, made bool, now time.Time) {
	s.amend(o.Key, func(e *edit) {
		if e.uid != o.UID || e.generation != o.Generation {
			return
		}
		if now.After(e.applied) { // workers of several members may come in another order than they finished
			e.applied = now
		}
		if made && e.made == nil {
			e.made = map[fleet.Name]bool{}
		}
		if made {
			e.made[member] = true
		}
	})
}

// causes tells that the edit is why a copy is not as it should be. A copy that is missing although the edit had made it was deleted by
// somebody; one over a connection that is younger than the edit is missing because the member is new.
func (s *edits) causes(o *fleet.FederatedObject, ms *memberState, why plan.Reason) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, pending := s.pending[o.Key]
	if !pending || e.uid != o.UID || e.generation != o.Generation {
		return false
	}
	switch why {
	case plan.Edited, plan.Unplaced:
		return true
	case plan.Missing:
		return !e.made[ms.name] && !ms.began.After(e.heard)
	default:
		return false
	}
}

func (s *edits) amend(key fleet.ObjectKey, change func(*edit)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, pending := s.pending[key]; pending {
		change(&e)
		s.pending[key] = e
	}
}

// of returns the edit that made the object what it is, if not every member has it yet.
func (s *edits) of(o *fleet.FederatedObject) (edit, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, pending := s.pending[o.Key]
	if !pending || e.uid != o.UID || e.generation != o.Generation {
		return edit{}, false
	}
	return e, true
}

// settle ends the edit that made the object what it is.
func (s *edits) settle(o *fleet.FederatedObject) (edit, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, pending := s.pending[o.Key]
	if !pending || e.uid != o.UID || e.generation != o.Generation {
		return edit{}, false
	}
	delete(s.pending, o.Key)
	return e, true
}

func (s *edits) forget(key fleet.ObjectKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, key)
}

// forgetType ends the edits of a type that does not run any more.
func (s *edits) forgetType(t fleet.TypeName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.pending {
		if key.Type == t {
			delete(s.pending, key)
		}
	}
}

func factOf(o *fleet.FederatedObject, heard time.Time) telemetry.Edit {
	return telemetry.Edit{Object: o.Key, UID: o.UID, Generation: o.Generation, Heard: heard}
}

// editHeard takes note of a change that is a new edit. What the first list tells is none; of that, only what the status does not
// speak of yet is followed, without a time.
func (e *Engine) editHeard(c host.Change) {
	o := c.New
	switch {
	case o.Deleting:
		e.edits.forget(o.Key)
		return
	case c.Old != nil && c.Old.UID == o.UID && c.Old.Generation == o.Generation:
		return
	}
	if ts := e.typeState(o.Key.Type); ts == nil || ts.passive || e.rules().Ignored(ts.kind, o.Key) {
		return
	}
	if c.Listed {
		if !c.Observed {
			e.edits.hear(o, time.Time{})
		}
		return
	}
	now := e.clock.Now()
	e.edits.hear(o, now)
	e.tell.heard(factOf(o, now))
}

// editSettled ends the object's edit if its status, which is on the host now, says that every member has it.
func (e *Engine) editSettled(o *fleet.FederatedObject, s report.Summary) {
	if !s.Settled || s.Status.Conditions[0].Status != "True" || o.Deleting {
		return
	}
	if done, pending := e.edits.settle(o); pending {
		e.tell.settled(telemetry.Settlement{
			Edit: factOf(o, done.heard), Members: len(s.Status.Clusters), Applied: done.applied, Confirmed: e.clock.Now(),
		})
	}
}
