package engine

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"

	"github.com/fedsync/fedsync/fleet"
)

// The queue's own goroutines are part of what is tested: a bubble tells when all of them wait.
func TestHostQueueLetsFewIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const seats, many = 2, 10
		q := newHostQueue(seats)
		go q.letIn(t.Context())
		t.Cleanup(q.ShutDown)
		for i := range many {
			q.put(resyncLane, keyOf(i))
		}
		first, _, _ := q.GetWithPriority()
		second, _, _ := q.GetWithPriority()
		synctest.Wait()
		if n := q.queue.Len(); n != 0 {
			t.Fatalf("%d keys wait for workers beside the %d in work: workers that take them are lost to edits", n, seats)
		}
		q.put(editLane, web)
		if key, priority, _ := q.GetWithPriority(); key != web || lane(priority) != editLane {
			t.Errorf("got %v in lane %d, want the edit at once", key, priority)
		}
		q.Done(web)
		q.Done(first)
		q.Done(second)
		seen := map[fleet.ObjectKey]bool{first: true, second: true}
		for range many - seats {
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
		synctest.Wait()
		if len(q.seats) != 0 || len(q.seated) != 0 {
			t.Errorf("%d seats are taken by %v after all is done", len(q.seats), q.seated)
		}
	})
}

func TestHostQueueSeatsAKeyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newHostQueue(2)
		go q.letIn(t.Context())
		t.Cleanup(q.ShutDown)
		q.put(resyncLane, web)
		q.GetWithPriority()
		q.put(resyncLane, web) // it changed while it is in work
		synctest.Wait()
		if len(q.seats) != 1 {
			t.Errorf("%d seats are taken by one key", len(q.seats))
		}
		q.Done(web)
		if key, _, _ := q.GetWithPriority(); key != web {
			t.Errorf("got %v, want what changed while it was in work", key)
		}
		q.Done(web)
		synctest.Wait()
		if len(q.seats) != 0 {
			t.Errorf("%d seats are taken after all is done", len(q.seats))
		}
	})
}

func TestHostQueueWaitsInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newHostQueue(1)
		go q.letIn(t.Context())
		t.Cleanup(q.ShutDown)
		now := clock.RealClock{} // the bubble's
		began := now.Now()
		q.putAfter(resyncLane, time.Minute, web)
		q.GetWithPriority()
		if took := now.Since(began); took != time.Minute {
			t.Errorf("it came after %s, want a minute", took)
		}
		q.Done(web)
	})
}

func keyOf(i int) fleet.ObjectKey {
	return fleet.ObjectKey{Type: "configmaps", Namespace: "ns", Name: fmt.Sprint(i)}
}
