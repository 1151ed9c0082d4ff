package integration

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestMassRemovalsFreeze makes the mistake that budgets exist for: the label that a selector asks for is lost.
func TestMassRemovalsFreeze(t *testing.T) {
	quiet(t)
	s := newScene(t, "budget")
	fleet.withDaemon(t, fleet.raceBinary, "--removal-budget-count=10", "--removal-budget-percent=20")
	const objects = 15
	selector := `template: {data: {a: "1"}}, placement: {clusterSelector: {matchLabels: {budget: "yes"}}}`
	label := func(value string) {
		system := cluster{fleet.host, federation.Namespace}
		system.patch(t, "kubefedcluster", "member1", fmt.Sprintf(`{metadata: {labels: {budget: %s}}}`, value))
	}
	label(`"yes"`)
	t.Cleanup(func() { label("null") })
	for i := range objects {
		s.configMap(t, fmt.Sprintf("c%d", i), selector)
	}
	for i := range objects {
		s.settled(t, "federatedconfigmap", fmt.Sprintf("c%d", i))
	}
	left := func() int {
		list, err := s.m["member1"].of("configmap").List(t.Context(), metav1.ListOptions{LabelSelector: "kubefed.io/managed=true"})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.Items)
	}

	label("null")
	for i := range objects {
		name := fmt.Sprintf("c%d", i)
		eventually(t, 20*time.Second, name+" says that its removal is held back", func() string {
			st := statusOf(s.host.get(t, "federatedconfigmap", name))
			for _, c := range st.Clusters {
				if c.Name == "member1" && c.Status == "WaitingForRemoval" && c.Message != "" {
					return ""
				}
			}
			return fmt.Sprintf("%+v", st)
		})
	}
	if n := left(); n != objects {
		t.Errorf("%d copies are left of %d, want all", n, objects)
	}
	s.configMap(t, "new", `template: {data: {a: "1"}}, placement: {clusters: [{name: member1}]}`)
	s.settled(t, "federatedconfigmap", "new") // only removals are frozen

	label(`"yes"`)
	s.settled(t, "federatedconfigmap", "c0") // the mistake is corrected: nothing was lost
	if n := left(); n != objects+1 {
		t.Errorf("%d copies are left, want %d", n, objects+1)
	}

	label("null") // now it is meant
	approve(t)
	eventually(t, 30*time.Second, "what was approved is carried out", func() string { return is(fmt.Sprint(left()), "1") })
}

// approve lets go what the event on the KubeFedConfig speaks of.
func approve(t *testing.T) {
	t.Helper()
	system := cluster{fleet.host, federation.Namespace}
	command := regexp.MustCompile(`fedsync\.io/approve-removals=([0-9a-f]+)`)
	since := time.Now().Add(-time.Second)
	id := ""
	eventually(t, 30*time.Second, "an event tells how to approve", func() string {
		list, err := system.of("event").List(t.Context(), metav1.ListOptions{FieldSelector: "reason=RemovalsFrozen"})
		if err != nil {
			return err.Error()
		}
		for _, e := range list.Items {
			message, _ := e.Object["message"].(string)
			last, _ := e.Object["lastTimestamp"].(string)
			at, err := time.Parse(time.RFC3339, last)
			if match := command.FindStringSubmatch(message); match != nil && err == nil && !at.Before(since.Truncate(time.Second)) {
				id = match[1]
				return ""
			}
		}
		return fmt.Sprintf("none of %d events", len(list.Items))
	})
	system.patch(t, "kubefedconfig", "kubefed", fmt.Sprintf(`{metadata: {annotations: {fedsync.io/approve-removals: %q}}}`, id))
}
