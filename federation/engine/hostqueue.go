package engine

import (
	"context"
	"sync"
	"time"

	"github.com/fedsync/fedsync/fleet"
)

// hostQueue holds the federated objects whose picture may have changed. Those that nobody waits for, in the resync lane, stand
// in line before it and are let in a few at a time: ten thousand statuses that name a member which joins must leave the host's
// API server, and the workers, to the edits of persons.
type hostQueue struct {
	queue

	line  queue
	seats chan struct{} // holds one for each key that was let in and is not done

	mu     sync.Mutex
	seated map[fleet.ObjectKey]bool
}

// newHostQueue returns a queue that lets so many in from the line at a time.
func newHostQueue(seats int) *hostQueue {
	return &hostQueue{queue: newQueue(), line: newQueue(), seats: make(chan struct{}, seats), seated: map[fleet.ObjectKey]bool{}}
}

func (q *hostQueue) put(l lane, keys ...fleet.ObjectKey) { q.putAfter(l, 0, keys...) }

func (q *hostQueue) putAfter(l lane, after time.Duration, keys ...fleet.ObjectKey) {
	if l == resyncLane {
		q.line.putAfter(l, after, keys...)
		return
	}
	q.queue.putAfter(l, after, keys...)
}

// letIn moves keys from the line into the queue until it shuts down.
func (q *hostQueue) letIn(ctx context.Context) {
	for {
		key, _, shutdown := q.line.GetWithPriority()
		if shutdown {
			return
		}
		select {
		case q.seats <- struct{}{}:
		case <-ctx.Done():
			return
		}
		q.seat(key)
		q.queue.put(resyncLane, key)
		q.line.Done(key)
	}
}

// seat notes who has the seat that was taken; whoever has one already needs no other.
func (q *hostQueue) seat(key fleet.ObjectKey) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.seated[key] {
		<-q.seats
	}
	q.seated[key] = true
}

// Done ends the work on the key, and frees its seat.
func (q *hostQueue) Done(key fleet.ObjectKey) {
	q.queue.Done(key)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.seated[key] {
		delete(q.seated, key)
		<-q.seats
	}
}

// ShutDown ends the queue and the line before it.
func (q *hostQueue) ShutDown() {
	q.line.ShutDown()
	q.queue.ShutDown()
}
