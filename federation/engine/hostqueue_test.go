package engine

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"

	"github.com/fedsync/fedsync/fleet"
)

// beginHostQueue starts a queue in a bubble, whose clock is the bubble's: it tells when all goroutines of the queue wait.
func beginHostQueue(t *testing.T) (*hostQueue, clock.Clock) {
	t.Helper()
	c := clock.RealClock{}
	q := newHostQueue(c, func(lane, time.Duration) {})
	go q.letIn(t.Context())
	t.Cleanup(q.ShutDown)
	return q, c
}

func TestHostQueueLetsInOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many = 10
		q, _ := beginHostQueue(t)
		for i := range many {
			q.put(resyncLane, keyOf(i))
		}
		first, _, _ := q.GetWithPriority()
		synctest.Wait()
		if n := q.Len(); n != 0 {
			t.Fatalf("%d keys wait for workers beside the one in work: workers that take them are lost to edits", n)
		}
		q.put(editLane, web)
		if key, priority, _ := q.GetWithPriority(); key != web || lane(priority) != editLane {
			t.Errorf("got %v in lane %d, want the edit at once", key, priority)
		}
		q.Done(web)
		q.Done(first)
		seen := map[fleet.ObjectKey]bool{first: true}
		for range many - 1 {
			key, priority, _ := q.GetWithPriority()
			if lane(priority) != resyncLane {
				t.Errorf("%v came in lane %d", key, priority)
			}
			seen[key] = true
			q.Done(key)
		}
		if len(seen) != many {
			t.Errorf("%d of %d keys came out of the line", len(seen), many)
		}
	})
}

func TestHostQueueRestsAsLongAsItWorked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, c := beginHostQueue(t)
		q.put(resyncLane, keyOf(1), keyOf(2), keyOf(3))
		for _, work := range []time.Duration{5 * time.Millisecond, 10 * time.Microsecond, time.Minute} {
			key, _, _ := q.GetWithPriority()
			c.Sleep(work) // the bubble's clock moves, nobody waits
			q.Done(key)
			done, want := c.Now(), min(work, longestPause)
			if work < noPauseBelow {
				want = 0
			}
			next, _, _ := q.GetWithPriority()
			if rest := c.Since(done); rest != want {
				t.Errorf("after work of %s the next key came after %s, want %s", work, rest, want)
			}
			q.Done(next)
			q.put(resyncLane, key, next)
		}
	})
}

func TestHostQueueKeyThatChangesInWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, _ := beginHostQueue(t)
		q.put(resyncLane, web)
		q.GetWithPriority()
		q.put(resyncLane, web)
		synctest.Wait()
		q.Done(web)
		if key, _, _ := q.GetWithPriority(); key != web {
			t.Errorf("got %v, want what changed while it was in work", key)
		}
		q.Done(web)
	})
}

func TestHostQueueLetsAKeyInThatIsInWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, _ := beginHostQueue(t)
		q.put(editLane, web)
		q.GetWithPriority()
		q.put(resyncLane, web) // let in while a worker has it
		synctest.Wait()
		q.Done(web)
		for _, key := range []fleet.ObjectKey{web, keyOf(1), keyOf(2)} { // nothing is stuck
			if key != web {
				q.put(resyncLane, key)
			}
			got, _, _ := q.GetWithPriority()
			if got != key {
				t.Errorf("got %v, want %v", got, key)
			}
			q.Done(got)
		}
	})
}

func TestHostQueueWaitsInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, c := beginHostQueue(t)
		began := c.Now()
		q.putAfter(resyncLane, time.Minute, web)
		q.GetWithPriority()
		if took := c.Since(began); took != time.Minute {
			t.Errorf("it came after %s, want a minute", took)
		}
		q.Done(web)
	})
}

func keyOf(i int) fleet.ObjectKey {
	return fleet.ObjectKey{Type: "configmaps", Namespace: "ns", Name: fmt.Sprint(i)}
}

func TestAKeyInLineIsToldOfOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		q := newHostQueue(clock.RealClock{}, func(lane, time.Duration) { told++ })
		go q.letIn(t.Context())
		q.put(resyncLane, keyOf(1))
		key, _, _ := q.take()
		q.Done(key)
		q.ShutDown()
		synctest.Wait()
		if told != 1 {
			t.Errorf("told of it %d times", told)
		}
	})
}
