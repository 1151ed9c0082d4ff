package engine

import (
	"fmt"
	"slices"
	"strings"
	"sync"
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

// removal is a copy of one version of its federated object: what is approved is exactly this.
type removal struct {
	copy       fleet.CopyKey
	uid        types.UID
	generation int64
}

func (r removal) String() string {
	return fmt.Sprintf("%s@%s %s/%d", r.copy.Object, r.copy.Member, r.uid, r.generation)
}

// removals holds what is to be removed and what was. It is safe for concurrent use.
type removals struct {
	budget Budget

	mu       sync.Mutex
	asked    map[fleet.CopyKey]asked
	approved map[removal]bool
	done     []time.Time // ascending, inside the window
}

type asked struct {
	removal removal
	since   time.Time
}

// frozenSet is what is held back now.
type frozenSet struct {
	// Size is how many copies it has, zero if nothing is frozen.
	Size int
	// ID names exactly this set.
	ID string
}

func newRemovals(b Budget) *removals {
	return &removals{budget: b, asked: map[fleet.CopyKey]asked{}, approved: map[removal]bool{}}
}

// permit tells whether the copy may be removed now. If not, it returns after what time to ask again, and whether that is
// because all removals are frozen. copies is how many there are of all objects in all members.
func (s *removals) permit(r removal, copies int, now time.Time) (again time.Duration, frozen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := s.limit(copies)
	if s.budget.Count < 0 || s.approved[r] || copies <= limit { // so few copies cannot exceed it
		return 0, false
	}
	a, known := s.asked[r.copy]
	if !known || a.removal != r {
		a = asked{removal: r, since: now}
		s.asked[r.copy] = a
	}
	s.expire(now)
	if len(s.asked)+len(s.done) > limit {
		return frozenPause, true
	}
	return a.since.Add(settleTime).Sub(now), false
}

// frozenPause is how often a frozen removal asks again.
const frozenPause = 5 * time.Second

func (s *removals) limit(copies int) int { return max(s.budget.Count, copies*s.budget.Percent/100) }

func (s *removals) expire(now time.Time) {
	first := slices.IndexFunc(s.done, func(at time.Time) bool { return now.Sub(at) < s.budget.Window })
	if first < 0 {
		first = len(s.done)
	}
	s.done = s.done[first:]
}

// removed notes that a removal was carried out.
func (s *removals) removed(r removal, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.asked, r.copy)
	if s.approved[r] { // somebody looked at it: it does not speak against others
		delete(s.approved, r)
		return
	}
	s.done = append(s.done, now)
}

// withdraw notes that the copy need not be removed any more.
func (s *removals) withdraw(c fleet.CopyKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.asked, c)
}

// withdrawMember forgets the removals in a member that is gone.
func (s *removals) withdrawMember(name fleet.Name) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.asked {
		if c.Member == name {
			delete(s.asked, c)
		}
	}
}

// frozen returns what is held back.
func (s *removals) frozen(copies int, now time.Time) frozenSet {
	s.mu.Lock()
	defer s.mu.Unlock()
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
	defer s.mu.Unlock()
	if len(s.asked) == 0 || id != s.id() {
		return false
	}
	for _, a := range s.asked {
		s.approved[a.removal] = true
	}
	clear(s.asked)
	return true
}
