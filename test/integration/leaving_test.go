package integration

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// leave deletes the KubeFedCluster of member3, as `kubefedctl unjoin` does first, and lets it join again after the test.
func leave(t *testing.T) (rejoin func()) {
	t.Helper()
	m, err := fleet.lab.Cluster("member3")
	if err != nil {
		t.Fatal(err)
	}
	cluster{fleet.host, federation.Namespace}.remove(t, "kubefedcluster", m.Name)
	rejoin = func() {
		t.Helper()
		ctx := context.WithoutCancel(t.Context())
		err := federation.Join(ctx, federation.JoinOptions{
			Host: fleet.lab.Host().RESTConfig(), Member: m.RESTConfig(), Name: m.Name, Labels: map[string]string{"tier": "production", "index": "3"},
		})
		if err == nil {
			err = federation.WaitReady(ctx, fleet.lab.Host().RESTConfig(), m.Name)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(rejoin)
	return rejoin
}

// unchanged returns the versions of what a test's namespace holds in the member: every write makes another one.
func (c cluster) unchanged(t *testing.T, names ...string) string {
	t.Helper()
	all := []string{c.global().get(t, "namespace", c.namespace).GetResourceVersion()}
	for _, name := range names {
		o := c.get(t, "configmap", name)
		if o == nil {
			o = &unstructured.Unstructured{}
		}
		all = append(all, o.GetResourceVersion())
	}
	return fmt.Sprint(all)
}

func TestAMemberThatLeavesIsNotTouched(t *testing.T) {
	quiet(t) // what an earlier test leaves in the member when it goes stays there
	s := newScene(t, "leaving")
	for _, name := range []string{"edited", "deleted"} {
		s.configMap(t, name, `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	}
	for _, name := range []string{"edited", "deleted"} {
		s.settled(t, "federatedconfigmap", name)
	}
	before := s.m["member3"].unchanged(t, "edited", "deleted")
	rejoin := leave(t)
	eventually(t, 10*time.Second, "the status forgets the member", func() string {
		return is(statusOf(s.host.get(t, "federatedconfigmap", "edited")).entry("member3"), "absent")
	})
	s.host.patch(t, "federatedconfigmap", "edited", `{spec: {template: {data: {a: "2"}}}}`)
	s.settled(t, "federatedconfigmap", "edited")
	s.host.remove(t, "federatedconfigmap", "deleted")
	s.goneFromHost(t, "deleted")
	s.gone(t, "member1", "deleted")
	if after := s.m["member3"].unchanged(t, "edited", "deleted"); before != after {
		t.Errorf("the member that left was written to: versions %s, before %s", after, before)
	}

	rejoin()
	eventually(t, 20*time.Second, "who comes back follows again", func() string { return is(s.m["member3"].data(t, "edited", "a"), "2") })
	s.settled(t, "federatedconfigmap", "edited")
	if got := s.m["member3"].data(t, "deleted", "a"); got != "1" {
		t.Errorf("the copy of what was deleted meanwhile is %q, want it left: nobody knows why its object is missing", got)
	}
}

func TestADeletionDoesNotWaitForAMemberThatLeft(t *testing.T) {
	quiet(t) // what an earlier test leaves in the member when it goes stays there
	s := newScene(t, "leftdown")
	for _, name := range []string{"deleted", "moved"} {
		s.configMap(t, name, `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	}
	for _, name := range []string{"deleted", "moved"} {
		s.settled(t, "federatedconfigmap", name)
	}
	before := s.m["member3"].unchanged(t, "deleted", "moved")
	down, err := fleet.lab.Cluster("member3")
	if err != nil {
		t.Fatal(err)
	}
	if err := down.Kill(); err != nil {
		t.Fatal(err)
	}
	up := func() {
		if err := down.Start(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}
	started := false
	t.Cleanup(func() {
		if !started {
			up()
		}
	})
	s.host.remove(t, "federatedconfigmap", "deleted")
	s.host.patch(t, "federatedconfigmap", "moved", `{spec: {placement: {clusterSelector: null, clusters: [{name: member1}]}}}`)
	for _, name := range []string{"deleted", "moved"} {
		eventually(t, 20*time.Second, name+" waits for the member", func() string {
			return is(statusOf(s.host.get(t, "federatedconfigmap", name)).entry("member3"), "WaitingForRemoval")
		})
	}
	rejoin := leave(t)
	s.goneFromHost(t, "deleted")
	if st := s.settled(t, "federatedconfigmap", "moved"); st.entry("member3") != "absent" {
		t.Errorf("status %+v", st)
	}
	started = true
	up()
	if after := s.m["member3"].unchanged(t, "deleted", "moved"); before != after {
		t.Errorf("the member that left was written to: versions %s, before %s", after, before)
	}
	rejoin()
	eventually(t, 20*time.Second, "who comes back gives up what is not its any more", func() string { return is(s.m["member3"].data(t, "moved", "a"), "absent") })
}

func TestAShrunkPlacementIsNotForgottenByADeletion(t *testing.T) {
	s := newScene(t, "shrunk")
	s.configMap(t, "c", `template: {data: {a: "1"}}, placement: {clusterSelector: {}}`)
	s.settled(t, "federatedconfigmap", "c")
	down, err := fleet.lab.Cluster("member3")
	if err != nil {
		t.Fatal(err)
	}
	if err := down.Pause(); err != nil {
		t.Fatal(err)
	}
	paused := true
	t.Cleanup(func() {
		if paused {
			_ = down.Resume()
		}
	})
	s.host.patch(t, "federatedconfigmap", "c", `{spec: {placement: {clusterSelector: null, clusters: [{name: member1}]}}}`)
	s.gone(t, "member2", "c")
	s.host.remove(t, "federatedconfigmap", "c")
	s.gone(t, "member1", "c")
	fleet.restart(t, fleet.raceBinary) // which knows only what the status says
	<-time.After(5 * time.Second)      // what is tested is that nothing happens, and there is no event for that
	o := s.host.get(t, "federatedconfigmap", "c")
	if o == nil {
		t.Fatal("the object is gone although a member still has its copy")
	}
	if got := statusOf(o).entry("member3"); got != "WaitingForRemoval" {
		t.Errorf("the entry of the member is %q", got)
	}
	paused = false
	if err := down.Resume(); err != nil {
		t.Fatal(err)
	}
	s.goneFromHost(t, "c")
	s.gone(t, "member3", "c")
}
