package engine

import (
	"github.com/fedsync/fedsync/federation/member"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/federation/watch"
	"github.com/fedsync/fedsync/fleet"
)

// Names of queues in metrics.
const (
	queueOfHost    = "host"
	queueOfMembers = "members"
)

// Members tells how every registered member stands, sorted by name.
func (e *Engine) Members() []telemetry.Member {
	registered := e.Snapshot().Members()
	samples := make([]telemetry.Member, 0, len(registered))
	for _, m := range registered {
		samples = append(samples, e.sampleOf(m.Name))
	}
	return samples
}

func (e *Engine) sampleOf(name fleet.Name) telemetry.Member {
	ms := e.memberState(name)
	if ms == nil {
		connection := telemetry.ConnectionMalformed
		if !e.attempted(name) {
			connection = telemetry.ConnectionUnknown
		}
		return telemetry.Member{Name: name, Connection: connection}
	}
	h, load := ms.member.Health(), ms.member.Load()
	return telemetry.Member{
		Name: name, Connection: connectionOf(h.Finding), Parked: !ms.member.Open(), Version: h.Version, Probe: h.Took,
		Watches: watchesOf(ms.member), InFlight: load.InFlight, Throttled: load.Throttled,
		CredentialSince: ms.credentials.Since, CredentialExpiry: ms.credentials.Expiry,
	}
}

func connectionOf(f member.Finding) telemetry.Connection {
	switch f {
	case member.Healthy:
		return telemetry.ConnectionReady
	case member.Unhealthy:
		return telemetry.ConnectionNotReady
	case member.Offline:
		return telemetry.ConnectionOffline
	case member.Stranger:
		return telemetry.ConnectionRefused
	default:
		return telemetry.ConnectionUnknown
	}
}

func watchesOf(m *member.Member) map[string]int {
	states := map[string]int{}
	for _, s := range m.WatchStates() {
		states[s.String()]++
	}
	return states
}

// Types tells which types run, sorted by name.
func (e *Engine) Types() []telemetry.Type {
	states := e.typeStates()
	samples := make([]telemetry.Type, 0, len(states))
	for _, ts := range states {
		samples = append(samples, telemetry.Type{Name: ts.kind.Name, Synced: ts.cell.Status().State == watch.Synced})
	}
	return samples
}

// Queues tells what is due in each lane of the host's queue and of all members' queues together.
func (e *Engine) Queues() []telemetry.Queue {
	var ofHost, ofMembers [lanes]telemetry.Queue
	e.publishing.due.tally(&ofHost)
	e.publishing.line.due.tally(&ofHost)
	for _, ms := range e.memberStates() {
		ms.queue.due.tally(&ofMembers)
	}
	samples := make([]telemetry.Queue, 0, 2*lanes)
	for l := range lanes {
		ofHost[l].Name, ofHost[l].Lane = queueOfHost, l.String()
		ofMembers[l].Name, ofMembers[l].Lane = queueOfMembers, l.String()
		samples = append(samples, ofHost[l], ofMembers[l])
	}
	return samples
}
