package engine

import (
	"sync"
	"time"

	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// pace spreads the status writes of objects that are not settled: none at first, because most edits settle before that and
// need only one write, then one per growing interval. Bad news travels sooner.
type pace struct {
	mu     sync.Mutex
	steps  map[fleet.ObjectKey]step
	moving int // steps with an interval: of objects that are not settled
}

type step struct {
	next     time.Time
	interval time.Duration
	began    time.Time // when the first interval did
	failures int
	written  fleet.Hash // what was last written, as long as the host may not store it as it is
	at       time.Time  // when that was
}

const (
	pendingInterval = 2 * time.Second
	troubleInterval = 100 * time.Millisecond
	lastInterval    = 5 * time.Second
	// detailInterval is for what changes often and urges nobody: messages, and the status of copies.
	detailInterval = time.Second
)

// wait returns how long the status must not be written yet. detailOnly tells that it differs in messages or remote status
// alone.
func (p *pace) wait(key fleet.ObjectKey, s report.Summary, detailOnly bool, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := p.steps[key]
	switch {
	case s.Settled && detailOnly && !st.at.IsZero():
		return st.at.Add(detailInterval).Sub(now)
	case s.Settled:
		return 0
	}
	if st.interval == 0 {
		st.interval, st.began = pendingInterval, now
		st.next = now.Add(pendingInterval + p.crowd())
		p.set(key, st)
	}
	if s.Troubled && st.interval == pendingInterval {
		return st.began.Add(troubleInterval).Sub(now)
	}
	return st.next.Sub(now)
}

// crowd is how much longer an interim status waits because of others that are not settled either: a thousand edits at once are
// soonest over without a thousand writes that say they are not over yet. The lock is held.
func (p *pace) crowd() time.Duration {
	const few, each, longest = 10, 10 * time.Millisecond, 30 * time.Second
	return min(time.Duration(max(0, p.moving-few))*each, longest)
}

// set keeps a step, or nothing if it says nothing. The lock is held.
func (p *pace) set(key fleet.ObjectKey, st step) {
	if p.steps[key].interval != 0 {
		p.moving--
	}
	if st.interval != 0 {
		p.moving++
	}
	if st == (step{}) {
		delete(p.steps, key)
	} else {
		p.steps[key] = st
	}
}

// wrote notes a status write and returns when to look again.
func (p *pace) wrote(key fleet.ObjectKey, d report.Published, s report.Summary, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := step{written: d.Content, at: now}
	if !s.Settled {
		st.interval = min(max(2*p.steps[key].interval, pendingInterval), lastInterval)
		st.next = now.Add(st.interval)
		if !s.Troubled {
			st.next = st.next.Add(p.crowd())
		}
	} else if d.Content == d.Bare {
		p.set(key, step{})
		return 0
	}
	p.set(key, st)
	return st.interval
}

// unchanged notes that there was nothing to write and returns when to look again.
func (p *pace) unchanged(key fleet.ObjectKey, settled bool) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := p.steps[key]
	st.failures = 0
	if settled {
		st.interval, st.next, st.began = 0, time.Time{}, time.Time{}
	}
	p.set(key, st)
	if settled {
		return 0
	}
	return lastInterval
}

// failed notes a failed host write and returns when to try again.
func (p *pace) failed(key fleet.ObjectKey) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := p.steps[key]
	st.failures++
	p.set(key, st)
	return backoff(st.failures, 20*time.Millisecond, lastRetryPause)
}

func (p *pace) lastWritten(key fleet.ObjectKey) fleet.Hash {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.steps[key].written
}

func (p *pace) forget(key fleet.ObjectKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set(key, step{})
}
