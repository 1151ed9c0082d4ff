package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/fleet"
)

// Budget bounds how many copies may be removed within a window because their members are excluded. More than Count and more
// than Percent of all copies together freeze every such removal, until the placement is corrected or the set is approved.
// The deletion of a federated object is an order of its own and is not counted.
type Budget struct {
	// Count and Percent must both be exceeded. A negative Count switches the budget off.
	Count, Percent int
	// Window is how long a removal counts.
	Window time.Duration
}

// settleTime is how long a removal waits for others of the same cause, so that they are counted before the first is done.
const settleTime = time.Second

// removal is one very copy, and the version of its federated object that excludes it: what is approved is exactly this. A
// copy that was made anew is another one.
type removal struct {
	copy       fleet.CopyKey
	seen       types.UID
	object     types.UID
	generation int64
}

func (r removal) String() string {
	return fmt.Sprintf("%s@%s %s %s/%d", r.copy.Object, r.copy.Member, r.seen, r.object, r.generation)
}

// removals holds what is to be removed and what was. It is safe for concurrent use.
type removals struct {
	budget Budget

	held atomic.Int64 // how many asked and approved have together

	mu       sync.Mutex
	asked    map[fleet.CopyKey]asked
	approved map[fleet.CopyKey]removal
	done     []time.Time // ascending, inside the window
}

type asked struct {
	removal removal
	// since and last are when it was asked for first and last. Who still wants it asks again and again.
	since, last time.Time
}

// frozenSet is what is held back now.
type frozenSet struct {
	// Size is how many copies it has, zero if nothing is frozen.
	Size int
	// ID names exactly this set.
	ID string
}

func newRemovals(b Budget) *removals {
	return &removals{budget: b, asked: map[fleet.CopyKey]asked{}, approved: map[fleet.CopyKey]removal{}}
}

// permit tells whether the copy may be removed now. If not, it returns after what time to ask again, and whether that is
// because all removals are frozen. copies is how many there are of all objects in all members.
func (s *removals) permit(r removal, copies int, now time.Time) (again time.Duration, frozen bool) {
	s.mu.Lock()
	defer s.unlock()
	limit := s.limit(copies)
	if s.budget.Count < 0 || s.approved[r.copy] == r || copies <= limit { // so few copies cannot exceed it
		return 0, false
	}
	a, known := s.asked[r.copy]
	if !known || a.removal != r {
		a = asked{removal: r, since: now}
	}
	a.last = now
	s.asked[r.copy] = a
	s.expire(now)
	if len(s.asked)+len(s.done) > limit {
		return frozenPause, true
	}
	return a.since.Add(settleTime).Sub(now), false
}

// lapseTime is how long a removal counts that nobody asks for any more.
const lapseTime = time.Minute

func (s *removals) unlock() {
	s.held.Store(int64(len(s.asked) + len(s.approved)))
	s.mu.Unlock()
}

// frozenPause is how often a frozen removal asks again.
const frozenPause = 5 * time.Second

func (s *removals) limit(copies int) int { return max(s.budget.Count, copies*s.budget.Percent/100) }

// expire drops what counts no more: old removals, and those that nobody asks for any more, because their type or the
// connection to their member is gone.
func (s *removals) expire(now time.Time) {
	maps.DeleteFunc(s.asked, func(_ fleet.CopyKey, a asked) bool { return now.Sub(a.last) > lapseTime })
	first := slices.IndexFunc(s.done, func(at time.Time) bool { return now.Sub(at) < s.budget.Window })
	if first < 0 {
		first = len(s.done)
	}
	s.done = s.done[first:]
}

// removed notes that a removal was carried out.
func (s *removals) removed(r removal, now time.Time) {
	s.mu.Lock()
	defer s.unlock()
	delete(s.asked, r.copy)
	if s.approved[r.copy] == r { // somebody looked at it: it does not speak against others
		delete(s.approved, r.copy)
		return
	}
	s.done = append(s.done, now)
}

// withdraw notes that the copy need not be removed any more. It costs nothing while nothing is to be removed: every action
// on every copy comes by here.
func (s *removals) withdraw(c fleet.CopyKey) {
	if s.held.Load() == 0 {
		return
	}
	s.mu.Lock()
	defer s.unlock()
	delete(s.asked, c)
	delete(s.approved, c)
}

// withdrawMember forgets the removals in a member that is gone.
func (s *removals) withdrawMember(name fleet.Name) {
	s.mu.Lock()
	defer s.unlock()
	maps.DeleteFunc(s.asked, func(c fleet.CopyKey, _ asked) bool { return c.Member == name })
	maps.DeleteFunc(s.approved, func(c fleet.CopyKey, _ removal) bool { return c.Member == name })
}

// frozen returns what is held back.
func (s *removals) frozen(copies int, now time.Time) frozenSet {
	s.mu.Lock()
	defer s.unlock()
	s.expire(now)
	if s.budget.Count < 0 || len(s.asked)+len(s.done) <= s.limit(copies) {
		return frozenSet{}
	}
	return frozenSet{Size: len(s.asked), ID: s.id()}
}

func (s *removals) id() string {
	names := make([]string, 0, len(s.asked))
	for _, a := range s.asked {
		names = append(names, a.removal.String())
	}
	slices.Sort(names)
	return fleet.HashOf([]byte(strings.Join(names, "\n"))).String()
}

// approve lets exactly the set with that ID go, and tells whether there is such a set now.
func (s *removals) approve(id string) bool {
	s.mu.Lock()
	defer s.unlock()
	if len(s.asked) == 0 || id != s.id() {
		return false
	}
	for _, a := range s.asked {
		s.approved[a.removal.copy] = a.removal
	}
	clear(s.asked)
	return true
}
