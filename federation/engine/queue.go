package engine

import (
	"time"

	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"

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
)

// queue holds keys of federated objects, each once, the most urgent lane first. Inside a member's queue a key stands for
// the object's copy in that member.
type queue struct {
	priorityqueue.PriorityQueue[fleet.ObjectKey]
}

// newQueue returns a queue without a name, which is one without metrics: a series for each member and each kind of number
// would be too many.
func newQueue() queue {
	return queue{priorityqueue.New[fleet.ObjectKey]("")}
}

func (q queue) put(l lane, keys ...fleet.ObjectKey) { q.putAfter(l, 0, keys...) }

func (q queue) putAfter(l lane, after time.Duration, keys ...fleet.ObjectKey) {
	priority := int(l)
	q.AddWithOpts(priorityqueue.AddOpts{After: after, Priority: &priority}, keys...)
}
