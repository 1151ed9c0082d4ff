package member

import (
	"context"
	"fmt"
	"time"

	"github.com/fedsync/fedsync/federation/fault"
)

// retryProbe is the pause between two probes of a member that does not answer.
const retryProbe = time.Second

// probeForever probes until the context ends: once per period while the member answers, every second while it does not,
// and at once when somebody suspects it.
func (m *Member) probeForever(ctx context.Context) {
	for ctx.Err() == nil {
		p := m.probe(ctx)
		if ctx.Err() != nil {
			return
		}
		m.learn(p)
		pause := m.currentThresholds().Period
		if p.finding != Healthy {
			pause = min(pause, retryProbe)
		}
		select {
		case <-ctx.Done():
		case <-m.suspected:
		case <-m.clock.After(pause):
		}
	}
}

// learn updates the health and the gate, and tells the owner what changed.
func (m *Member) learn(p probe) {
	m.mu.Lock()
	before := m.health
	m.health = before.after(p, m.thresholds)
	after := m.health
	m.mu.Unlock()
	if p.finding != Healthy {
		m.gate.set(false)
	}
	m.told(before, after) // before the gate opens: who the member is decides what may be done to it
	if p.finding == Healthy && m.gate.set(true) {
		m.wakeCells()
	}
}

func (m *Member) probe(ctx context.Context) probe {
	began := m.clock.Now()
	p := m.ask(ctx, m.currentThresholds().Timeout)
	p.at, p.took = m.clock.Now(), m.clock.Since(began)
	return p
}

// ask asks for health first and identity second, so that no request but /healthz reaches a cluster that is not ours.
func (m *Member) ask(ctx context.Context, timeout time.Duration) probe {
	body, err := m.client.healthz(ctx, timeout)
	if f := fault.Of(err); err != nil {
		return probeOf(f)
	}
	if body != "ok" {
		return probe{finding: Unhealthy, detail: "/healthz responded without ok"}
	}
	p := probe{finding: Healthy, detail: "/healthz responded with ok"}
	uid, err := m.client.identity(ctx, timeout)
	switch f := fault.Of(err); f.Class {
	case fault.None:
		p.uid = uid
	case fault.Forbidden, fault.Absent:
		// Not allowed to know: the pin cannot be checked, which is the choice of who gave us these credentials.
	default:
		return probeOf(f)
	}
	if pin := m.pin(); pin != "" && p.uid != "" && pin != p.uid {
		return probe{finding: Stranger, detail: fmt.Sprintf("another cluster answers: its kube-system namespace has UID %s, and %s was recorded", p.uid, pin)}
	}
	if p.version, err = m.client.gitVersion(ctx, timeout); err != nil {
		p.version = "" // nice to know; the next probe asks again
	}
	return p
}

func probeOf(f fault.Fault) probe {
	switch f.Class {
	case fault.Unauthorized:
		return probe{finding: Stranger, detail: "the credentials are not accepted: " + f.Message()}
	case fault.Unreachable, fault.TimedOut:
		return probe{finding: Offline, detail: f.Message()}
	default:
		return probe{finding: Unhealthy, detail: f.Message()}
	}
}
