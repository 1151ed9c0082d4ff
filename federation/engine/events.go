package engine

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/record"
	"k8s.io/utils/clock"
	"k8s.io/utils/lru"

	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// events sends events to the host, as many as it bears: each is a write there, and when a member is lost, thousands of objects have
// the same to tell. The recorder itself bounds those of a single object and puts equal ones together.
type events struct {
	recorder record.EventRecorder
	limit    *rate.Limiter
	clock    clock.PassiveClock
	tell     HostListener

	// drifted holds when a copy's drift was told last, of the copies that drifted lately.
	drifted *lru.Cache

	mu   sync.Mutex
	told map[fleet.ObjectKey]report.Trouble // of objects that are in trouble, what was told last
}

// eventsPerSecond and eventBurst bound the events of the whole fleet.
const eventsPerSecond, eventBurst = 5, 50

// driftsRemembered bounds the memory of drift; driftPause is how long drift of the same copy is not told again: whoever fights over
// a field does so many times a second.
const (
	driftsRemembered = 4096
	driftPause       = time.Minute
)

func newEvents(r record.EventRecorder, c clock.PassiveClock, tell HostListener) *events {
	return &events{recorder: r, limit: rate.NewLimiter(eventsPerSecond, eventBurst), clock: c, tell: tell, drifted: lru.New(driftsRemembered), told: map[fleet.ObjectKey]report.Trouble{}}
}

// transition returns the event that an object's status is worth beside what was told of it last. Of that, a daemon that was just
// started knows what the host stores.
func (s *events) transition(key fleet.ObjectKey, stored report.Published, summary report.Summary) (report.Event, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, known := s.told[key]
	if !known && stored.Trouble.Lasting {
		before = stored.Trouble
	}
	event, now, worth := report.EventOf(before, summary)
	if now == (report.Trouble{}) {
		delete(s.told, key)
	} else {
		s.told[key] = now
	}
	return event, worth
}

func (s *events) forget(key fleet.ObjectKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.told, key)
}

// driftWorth tells that drift of the copy was not told lately.
func (s *events) driftWorth(c fleet.CopyKey) bool {
	now := s.clock.Now()
	if last, ok := s.drifted.Get(c); ok {
		if at, ok := last.(time.Time); ok && now.Sub(at) < driftPause {
			return false
		}
	}
	s.drifted.Add(c, now)
	return true
}

// emit sends an event.
func (s *events) emit(o runtime.Object, eventType, reason, message string) {
	s.tell.Emitted(eventType, false)
	s.recorder.Event(o, eventType, reason, message)
}

// emitBounded sends one of the many events about federated objects, or drops it if there were too many.
func (s *events) emitBounded(o runtime.Object, eventType, reason, message string) {
	if !s.limit.AllowN(s.clock.Now(), 1) {
		s.tell.Emitted(eventType, true)
		return
	}
	s.emit(o, eventType, reason, message)
}
