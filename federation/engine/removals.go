package engine

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// eventRemovalsFrozen is the reason of the event on the KubeFedConfig about removals that are held back.
const eventRemovalsFrozen = "RemovalsFrozen"

// ApproveRemovalsAnnotation on the KubeFedConfig holds the ID of a frozen set of removals, which then is carried out.
const ApproveRemovalsAnnotation = "fedsync.io/approve-removals"

const frozenMessage = report.HeldBack + ": more copies would be removed than the removal budget allows; correct the placement, or see the events of the KubeFedConfig"

// overBudget tells how long a removal must wait because of the budget, zero if it may go ahead.
func (e *Engine) overBudget(ms *memberState, s *subject, seen types.UID, a plan.Action) time.Duration {
	key := s.Object.Key
	if a.Reason != plan.Unplaced || a.Verb != plan.Delete && a.Verb != plan.Release {
		e.removals.withdraw(fleet.CopyKey{Object: key, Member: ms.name})
		return 0
	}
	again, frozen := e.removals.permit(removalOf(ms, s, seen), e.copies(), e.clock.Now())
	if frozen {
		ms.remember(key, trouble{verb: a.Verb, next: e.clock.Now(), failure: &report.Failure{Verb: a.Verb, HeldBack: true, Message: frozenMessage}})
	}
	return again
}

func removalOf(ms *memberState, s *subject, seen types.UID) removal {
	return removal{copy: fleet.CopyKey{Object: s.Object.Key, Member: ms.name}, seen: seen, object: s.Object.UID, generation: s.Object.Generation}
}

// copies counts what is known of all types in all members. A number that leaves room for a freeze may be a second old,
// because counting takes every store's lock; a small one may be small because the watches have just begun.
func (e *Engine) copies() int {
	now := e.clock.Now()
	if c := e.counted.Load(); c != nil && now.Sub(c.at) < time.Second && c.copies > e.options.Budget.Count {
		return c.copies
	}
	n := 0
	for _, ms := range e.memberStates() {
		n += ms.member.CountCopies()
	}
	e.counted.Store(&count{copies: n, at: now})
	return n
}

// count is how many copies there were at a time.
type count struct {
	copies int
	at     time.Time
}

// budgetPeriod is how often it is looked whether removals are frozen.
const budgetPeriod = 2 * time.Second

// watchBudget reports frozen removals until the context ends.
func (e *Engine) watchBudget(ctx context.Context) {
	var before, told frozenSet
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.clock.After(budgetPeriod):
		}
		now := e.removals.frozen(e.copies(), e.clock.Now())
		if now.Size > 0 && e.approvedID(ctx) == now.ID {
			e.approve(now.ID)
			continue
		}
		e.tell.RemovalsFrozen(now.Size)
		if now == before && now != told { // it has stopped growing
			e.tellFrozen(ctx, now)
			told = now
		}
		before = now
	}
}

func (e *Engine) tellFrozen(ctx context.Context, f frozenSet) {
	if f.Size == 0 {
		e.log.Info("removals go on")
		return
	}
	message := fmt.Sprintf("%d copies are held back: more would be removed than the budget allows. Correct the placement, or let exactly these go: "+
		"kubectl -n %s annotate --overwrite kubefedconfig %s %s=%s", f.Size, e.options.Namespace, host.ConfigName, ApproveRemovalsAnnotation, f.ID)
	e.log.Info("removals frozen", "copies", f.Size, "id", f.ID, "message", message)
	config, err := e.storedConfig(ctx)
	if err != nil {
		return // the log has it
	}
	e.events.emit(config, corev1.EventTypeWarning, eventRemovalsFrozen, message)
}

// configTimeout is how long the cache may take to know the KubeFedConfig: one that may not watch it never answers.
const configTimeout = 30 * time.Second

func (e *Engine) storedConfig(ctx context.Context) (*fedv1b1.KubeFedConfig, error) {
	ctx, cancel := context.WithTimeout(ctx, configTimeout)
	defer cancel()
	return host.GetConfig(ctx, e.objects, e.options.Namespace)
}

// approvedID returns the ID that is annotated now, be it from before a restart.
func (e *Engine) approvedID(ctx context.Context) string {
	config, err := e.storedConfig(ctx)
	if err != nil {
		return ""
	}
	return config.Annotations[ApproveRemovalsAnnotation]
}

// approve carries out the frozen set that was approved.
func (e *Engine) approve(id string) {
	if id == "" || !e.removals.approve(id) {
		return
	}
	e.log.Info("removals approved", "id", id)
	e.retryAll()
}
