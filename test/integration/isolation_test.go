package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab"
)

const edits = 50

// TestAStoppedMemberDelaysOnlyItself stops a member; then KubeFed needs 31 s for the others, Karmada 44 s.
func TestAStoppedMemberDelaysOnlyItself(t *testing.T) {
	fleet.withDaemon(t, fleet.binary)
	for name, c := range map[string]struct {
		stop func(*lab.Cluster) error
		back func(*lab.Cluster) error
	}{
		"stopped": {(*lab.Cluster).Pause, (*lab.Cluster).Resume},
		"killed":  {(*lab.Cluster).Kill, func(c *lab.Cluster) error { return c.Start(t.Context()) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, "member-"+name)
			s.configMaps(t, edits, "0")
			s.allHave(t, 60*time.Second, "0", "member1", "member2", "member3")
			down, err := fleet.lab.Cluster("member3")
			if err != nil {
				t.Fatal(err)
			}
			if err := c.stop(down); err != nil {
				t.Fatal(err)
			}
			back := false
			defer func() {
				if !back {
					_ = c.back(down)
				}
			}()
			for _, value := range []string{"1", "2"} {
				start := time.Now()
				s.editAll(t, edits, value)
				s.allHave(t, 20*time.Second, value, "member1", "member2")
				took := time.Since(start)
				t.Logf("measured: member %s: %d edits in the others after %s", name, edits, took.Round(time.Millisecond))
				if limit := 2 * time.Second; took > limit {
					t.Errorf("the others needed %s for %d edits, want at most %s", took, edits, limit)
				}
			}
			eventually(t, 60*time.Second, "the member that is down is reported", func() string {
				return is(statusOf(s.host.get(t, "federatedconfigmap", "c0")).entry("member3"), "ClusterNotReady")
			})
			if err := c.back(down); err != nil {
				t.Fatal(err)
			}
			back = true
			took := s.allHave(t, 30*time.Second, "2", "member3")
			t.Logf("measured: member %s: latest state of %d objects %s after it came back", name, edits, took.Round(time.Millisecond))
			if limit := 10 * time.Second; took > limit {
				t.Errorf("it caught up in %s, want at most %s", took, limit)
			}
			for i := range edits {
				s.settled(t, "federatedconfigmap", fmt.Sprintf("c%d", i))
			}
			eventually(t, 60*time.Second, "the member is ready", func() string { return is(clusterCondition(t, "member3", "Ready")[:4], "True") })
		})
	}
}

// configMaps creates so many federated ConfigMaps that go everywhere.
func (s scene) configMaps(t *testing.T, count int, value string) {
	t.Helper()
	concurrently(t, count, func(i int) error {
		return createConfigMap(t, s.name, fmt.Sprintf("c%d", i), value)
	})
}

func (s scene) editAll(t *testing.T, count int, value string) {
	t.Helper()
	concurrently(t, count, func(i int) error { return editConfigMap(t, s.name, fmt.Sprintf("c%d", i), value) })
}

// allHave waits until every copy in the members has the value, and returns how long that took.
func (s scene) allHave(t *testing.T, timeout time.Duration, value string, members ...string) time.Duration {
	t.Helper()
	return eventually(t, timeout, "all copies have value "+value, func() string {
		for _, member := range members {
			list, err := s.m[member].of("configmap").List(t.Context(), managed)
			if err != nil {
				return err.Error()
			}
			have := 0
			for _, o := range list.Items {
				if data, _ := o.Object["data"].(map[string]any); data["v"] == value {
					have++
				}
			}
			if have != len(list.Items) || have == 0 {
				return fmt.Sprintf("%d of %d in %s", have, len(list.Items), member)
			}
		}
		return ""
	})
}
