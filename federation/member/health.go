package member

import (
	"cmp"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Thresholds smooth the health checks. They count consecutive probes of the other kind (kubefed#1496: KubeFed counted the
// age of the state, so that after a quiet time one failure was enough).
type Thresholds struct {
	// Period is the time between two probes of a member that answers; less than a second counts as a second.
	Period time.Duration
	// Timeout is how long each request of a probe may take.
	Timeout time.Duration
	// Failure and Success are how many consecutive probes turn a ready member not ready, and back.
	Failure, Success int
}

// complete fills in KubeFed's defaults, and bounds how often a member is asked.
func (t Thresholds) complete() Thresholds {
	return Thresholds{
		Period:  max(cmp.Or(t.Period, 10*time.Second), time.Second),
		Timeout: cmp.Or(t.Timeout, 3*time.Second),
		Failure: cmp.Or(t.Failure, 3),
		Success: cmp.Or(t.Success, 1),
	}
}

// Finding is what one probe found.
type Finding int

// The findings.
const (
	// Unprobed: there was no probe yet.
	Unprobed Finding = iota
	// Healthy: /healthz said ok, and the cluster is the one that it was.
	Healthy
	// Unhealthy: the server answered, but not ok.
	Unhealthy
	// Offline: no usable answer came.
	Offline
	// Stranger: another cluster answered, or one that does not know our credentials.
	Stranger
)

// Health is what the probes say about a member.
type Health struct {
	// Finding is the smoothed result; Detail says more to a person.
	Finding Finding
	Detail  string
	// Reachable tells that the last probe found the member healthy: it may be ahead of Finding.
	Reachable bool
	// Version is the server's git version, empty until it was asked.
	Version string
	// UID is the member's identity, empty until it is known.
	UID types.UID
	// Probed is when the last probe ended, Took how long it took.
	Probed time.Time
	Took   time.Duration

	streak  int
	counted time.Time
}

// probe is the raw result of one probe.
type probe struct {
	finding Finding
	detail  string
	version string
	uid     types.UID
	at      time.Time
	took    time.Duration
}

// after returns the health after one more probe. Probes that follow each other faster than the period, as they do while
// a member is down, count once per period.
func (h Health) after(p probe, t Thresholds) Health {
	h.Reachable, h.Probed, h.Took = p.finding == Healthy, p.at, p.took
	if p.version != "" {
		h.Version = p.version
	}
	if p.uid != "" {
		h.UID = p.uid
	}
	if (h.Finding == Healthy) == h.Reachable {
		h.streak = 0
		h.Finding, h.Detail = p.finding, p.detail
		return h
	}
	if h.streak == 0 || p.at.Sub(h.counted) >= t.Period*9/10 {
		h.streak++
		h.counted = p.at
	}
	needed := t.Failure
	if h.Reachable {
		needed = t.Success
	}
	if h.Finding == Unprobed || p.finding == Stranger || h.streak >= needed {
		h.streak = 0
		h.Finding, h.Detail = p.finding, p.detail
	}
	return h
}
