package engine

import (
	"hash/maphash"
	"sync"
	"time"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"

	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

// lane orders the work of one queue: what a person waits for comes first (kubefleet#46: edits waited for hours behind
// thousands of unchanged objects).
type lane int

// The lanes, the most urgent last.
const (
	resyncLane lane = iota
	driftLane
	editLane
	lanes // how many there are
)

// String returns the lane as it is written in labels of metrics.
func (l lane) String() string { return [...]string{"resync", "drift", "edit"}[l] }

// queue holds keys of federated objects, each once, the most urgent lane first. Inside a member's queue a key stands for
// the object's copy in that member.
type queue struct {
	priorityqueue.PriorityQueue[fleet.ObjectKey]

	due *dueKeys
}

// newQueue returns a queue that the library does not count: a series for each member and each kind of number would be too many.
// waited is told how long each key was due.
func newQueue(c clock.PassiveClock, waited func(l lane, d time.Duration)) queue {
	return queue{PriorityQueue: priorityqueue.New[fleet.ObjectKey](""), due: newDueKeys(c, waited)}
}

func (q queue) put(l lane, keys ...fleet.ObjectKey) { q.putAfter(l, 0, keys...) }

func (q queue) putAfter(l lane, after time.Duration, keys ...fleet.ObjectKey) {
	q.due.add(l, after, keys...)
	priority := int(l)
	q.AddWithOpts(priorityqueue.AddOpts{After: after, Priority: &priority}, keys...)
}

// take returns the next key and its lane. It blocks until there is one, or the queue shuts down.
func (q queue) take() (key fleet.ObjectKey, l lane, shutdown bool) {
	key, priority, shutdown := q.GetWithPriority()
	if !shutdown {
		q.due.remove(key)
	}
	return key, lane(priority), shutdown
}

// dueKeys knows since when each key of a queue is due, and in which lane. The library's queue cannot tell. A key is known by its hash:
// this must cost little where a restart puts a million keys into the queues.
type dueKeys struct {
	clock  clock.PassiveClock
	waited func(l lane, d time.Duration)
	seed   maphash.Seed
	since  time.Time

	mu   sync.Mutex
	keys map[uint64]dueKey
}

func newDueKeys(c clock.PassiveClock, waited func(l lane, d time.Duration)) *dueKeys {
	return &dueKeys{clock: c, waited: waited, seed: maphash.MakeSeed(), keys: map[uint64]dueKey{}, since: c.Now()}
}

// dueKey is when a key is due, in microseconds after dueKeys.since, and in the last two bits its lane: eight bytes.
type dueKey int64

const laneBits = 2

func newDueKey(at time.Duration, l lane) dueKey {
	return dueKey(at.Microseconds()<<laneBits | int64(l))
}

func (k dueKey) at() time.Duration { return time.Duration(k>>laneBits) * time.Microsecond }
func (k dueKey) lane() lane        { return lane(k & (1<<laneBits - 1)) }

// add notes keys as the queue does: of what is put twice, the sooner time and the more urgent lane count.
func (d *dueKeys) add(l lane, after time.Duration, keys ...fleet.ObjectKey) {
	at := d.clock.Since(d.since) + after
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, key := range keys {
		h := maphash.Comparable(d.seed, key)
		if k, known := d.keys[h]; known {
			d.keys[h] = newDueKey(min(k.at(), at), max(k.lane(), l))
		} else {
			d.keys[h] = newDueKey(at, l)
		}
	}
}

func (d *dueKeys) remove(key fleet.ObjectKey) {
	h := maphash.Comparable(d.seed, key)
	now := d.clock.Since(d.since)
	d.mu.Lock()
	k, known := d.keys[h]
	delete(d.keys, h)
	d.mu.Unlock()
	if known {
		d.waited(k.lane(), max(now-k.at(), 0))
	}
}

// tally adds the keys that are due to the counts of the lanes.
func (d *dueKeys) tally(counts *[lanes]telemetry.Queue) {
	now := d.clock.Since(d.since)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range d.keys {
		if due := now - k.at(); due >= 0 {
			counts[k.lane()].Depth++
			counts[k.lane()].Oldest = max(counts[k.lane()].Oldest, due)
		}
	}
}
