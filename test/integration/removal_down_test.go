package integration

import (
	"fmt"
	"testing"
	"time"
)

// TestACopyInAMemberThatIsDownIsNotForgotten deletes objects, and shrinks a placement, while a member cannot answer.
func TestACopyInAMemberThatIsDownIsNotForgotten(t *testing.T) {
	s := newScene(t, "journal")
	const objects = 10
	s.configMaps(t, objects, "0")
	for i := range objects {
		s.settled(t, "federatedconfigmap", fmt.Sprintf("c%d", i))
	}
	down, err := fleet.lab.Cluster("member3")
	if err != nil {
		t.Fatal(err)
	}
	if err := down.Kill(); err != nil {
		t.Fatal(err)
	}
	up := false
	defer func() {
		if !up {
			_ = down.Start(t.Context())
		}
	}()
	s.host.patch(t, "federatedconfigmap", "c1", `{spec: {placement: {clusterSelector: null, clusters: [{name: member1}]}}}`)
	eventually(t, 20*time.Second, "the copy that cannot be removed stays in the status", func() string {
		o := s.host.get(t, "federatedconfigmap", "c1")
		st := statusOf(o)
		return is(fmt.Sprint(st.entry("member1"), st.entry("member2"), st.entry("member3"), st.ObservedGeneration == o.GetGeneration()), "okabsentWaitingForRemovaltrue")
	})
	s.host.remove(t, "federatedconfigmap", "c0")
	s.host.remove(t, "federatedconfigmap", "c1")
	s.gone(t, "member1", "c0")
	s.gone(t, "member2", "c0")
	eventually(t, 20*time.Second, "the deletion says whom it waits for", func() string {
		o := s.host.get(t, "federatedconfigmap", "c0")
		if o == nil {
			t.Fatal("the object is gone although a member still has its copy")
		}
		return is(statusOf(o).entry("member3"), "WaitingForRemoval")
	})
	s.configMap(t, "late", `template: {data: {a: "1"}}, placement: {clusters: [{name: member3}]}`)
	eventually(t, 20*time.Second, "an object that goes only where nobody answers says so", func() string {
		return is(statusOf(s.host.get(t, "federatedconfigmap", "late")).entry("member3"), "ClusterNotReady")
	})
	if err := down.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	up = true
	s.goneFromHost(t, "c0")
	s.goneFromHost(t, "c1")
	s.gone(t, "member3", "c0")
	s.gone(t, "member3", "c1")
	s.settled(t, "federatedconfigmap", "late")
}
