package engine

import (
	"context"
	"sync"
	"time"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"

	"github.com/fedsync/fedsync/fleet"
)

// hostQueue holds the federated objects whose picture may have changed. Those that nobody waits for, in the resync lane, stand
// in line before it and are let in one at a time, with pauses: ten thousand statuses that name a member which joins must leave
// the host's API server, and the workers, to the edits of persons.
type hostQueue struct {
	queue

	line  queue
	clock clock.Clock
	left  chan struct{} // told when the key that was let in is done

	mu     sync.Mutex
	inside *fleet.ObjectKey // the key that was let in
}

func newHostQueue(c clock.Clock, waited func(l lane, d time.Duration)) *hostQueue {
	return &hostQueue{queue: newQueue(c, waited), line: newQueue(c, waited), clock: c, left: make(chan struct{}, 1)}
}

func (q *hostQueue) put(l lane, keys ...fleet.ObjectKey) { q.putAfter(l, 0, keys...) }

func (q *hostQueue) putAfter(l lane, after time.Duration, keys ...fleet.ObjectKey) {
	if l == resyncLane {
		q.line.putAfter(l, after, keys...)
		return
	}
	q.queue.putAfter(l, after, keys...)
}

// noPauseBelow is about how long it takes to look at an object and find nothing to write; longestPause follows a host that hardly
// answers.
const noPauseBelow, longestPause = time.Millisecond, time.Second

// letIn moves keys from the line into the queue until it shuts down. After each the host rests for as long as the key was in the
// queue, which is the longer the more there is to do for others, but no longer than a second.
func (q *hostQueue) letIn(ctx context.Context) {
	for {
		key, _, shutdown := q.line.take()
		if shutdown {
			return
		}
		begun := q.clock.Now()
		q.enter(key)
		q.admit(key)
		select {
		case <-q.left:
		case <-ctx.Done():
			return
		}
		q.line.Done(key)
		took := q.clock.Since(begun)
		if took < noPauseBelow {
			continue
		}
		select {
		case <-q.clock.After(min(took, longestPause)):
		case <-ctx.Done():
			return
		}
	}
}

// admit puts a key into the queue whose wait was told when it left the line.
func (q *hostQueue) admit(key fleet.ObjectKey) {
	priority := int(resyncLane)
	q.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, key)
}

func (q *hostQueue) enter(key fleet.ObjectKey) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.inside = &key
}

// Done ends the work on the key.
func (q *hostQueue) Done(key fleet.ObjectKey) {
	q.queue.Done(key)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.inside != nil && *q.inside == key {
		q.inside = nil
		q.left <- struct{}{}
	}
}

// ShutDown ends the queue and the line before it.
func (q *hostQueue) ShutDown() {
	q.line.ShutDown()
	q.queue.ShutDown()
}
