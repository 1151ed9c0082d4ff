package engine

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/federation/member"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

func TestMembersAreTold(t *testing.T) {
	e, _ := newEngine(t)
	e.snapshot = fleet.NewSnapshot(fleet.Member{Name: "member"}, fleet.Member{Name: "no-secret"}, fleet.Member{Name: "starting"})
	e.tried["no-secret"] = true
	ms := newMemberState(t)
	ms.credentials = member.Validity{Since: noon, Expiry: noon.Add(time.Hour)}
	ms.member.Watch(t.Context(), fleet.Type{Name: "configmaps"})
	e.members[ms.name] = ms
	want := []telemetry.Member{
		{
			Name: "member", Connection: telemetry.ConnectionUnknown, Parked: true, Watches: map[string]int{"syncing": 1},
			CredentialSince: noon, CredentialExpiry: noon.Add(time.Hour),
		},
		{Name: "no-secret", Connection: telemetry.ConnectionMalformed},
		{Name: "starting", Connection: telemetry.ConnectionUnknown},
	}
	if diff := cmp.Diff(want, e.Members()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConnectionOf(t *testing.T) {
	for finding, want := range map[member.Finding]telemetry.Connection{
		member.Unprobed: telemetry.ConnectionUnknown, member.Healthy: telemetry.ConnectionReady, member.Unhealthy: telemetry.ConnectionNotReady,
		member.Offline: telemetry.ConnectionOffline, member.Stranger: telemetry.ConnectionRefused,
	} {
		if got := connectionOf(finding); got != want {
			t.Errorf("finding %d: %s, want %s", finding, got, want)
		}
	}
}

func TestQueuesAreTold(t *testing.T) {
	e, clock := newEngine(t)
	ms := newMemberState(t)
	ms.queue = newQueue(clock, func(lane, time.Duration) {})
	t.Cleanup(ms.queue.ShutDown)
	e.members[ms.name] = ms
	ms.queue.put(driftLane, keyOf(1))
	e.publishing.put(resyncLane, keyOf(1)) // stands in line
	clock.Step(time.Second)
	want := []telemetry.Queue{
		{Name: "host", Lane: "resync", Depth: 1, Oldest: time.Second},
		{Name: "members", Lane: "resync"},
		{Name: "host", Lane: "drift"},
		{Name: "members", Lane: "drift", Depth: 1, Oldest: time.Second},
		{Name: "host", Lane: "edit"},
		{Name: "members", Lane: "edit"},
	}
	if diff := cmp.Diff(want, e.Queues()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
