package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// replicaSets returns how many ReplicaSets the member's controllers have made for the Deployment, and of how many of them
// it is the owner.
func (c cluster) replicaSets(t *testing.T, app string) (all, owned int) {
	t.Helper()
	list, err := c.of("replicaset").List(t.Context(), metav1.ListOptions{LabelSelector: "app=" + app})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Items {
		if len(o.GetOwnerReferences()) > 0 {
			owned++
		}
	}
	return len(list.Items), owned
}

// deployment creates a FederatedDeployment that goes everywhere, and waits until every member has made its ReplicaSet.
func (s scene) deployment(t *testing.T, name, annotations string) {
	t.Helper()
	s.host.create(t, "federateddeployment", fmt.Sprintf(`{apiVersion: types.kubefed.io/v1beta1, kind: FederatedDeployment, metadata: {name: %[1]s, annotations: {%[2]s}}, spec: {placement: {clusterSelector: {}},
		template: {spec: {replicas: 0, selector: {matchLabels: {app: %[1]s}}, template: {metadata: {labels: {app: %[1]s}}, spec: {containers: [{name: web, image: a}]}}}}}}`, name, annotations))
	for member, m := range s.m {
		eventually(t, 30*time.Second, member+" has made a ReplicaSet", func() string {
			if all, owned := m.replicaSets(t, name); all != 1 || owned != 1 {
				return fmt.Sprintf("%d, %d owned", all, owned)
			}
			return ""
		})
	}
}

func (s scene) deploymentGone(t *testing.T, member, name string) {
	t.Helper()
	eventually(t, 20*time.Second, fmt.Sprintf("%s is gone from %s", name, member), func() string {
		if s.m[member].get(t, "deployment", name) != nil {
			return "it is still there"
		}
		return ""
	})
}

func (s scene) objectGone(t *testing.T, kind, name string) {
	t.Helper()
	eventually(t, 30*time.Second, name+" is gone from the host", func() string {
		if s.host.get(t, kind, name) != nil {
			return "it is still there"
		}
		return ""
	})
}

func TestDeleteOptionsLeaveWhatTheCopyOwns(t *testing.T) {
	s := newScene(t, "deleteoption")
	s.deployment(t, "orphaning", `kubefed.io/deleteoption: '{"propagationPolicy":"Orphan"}'`)
	s.deployment(t, "plain", ``)
	s.deployment(t, "moving", `kubefed.io/deleteoption: '{"propagationPolicy":"Orphan"}'`)
	s.settled(t, "federateddeployment", "moving")

	// As in KubeFed the options count for deletions, not for placements.
	s.host.patch(t, "federateddeployment", "moving", `{spec: {placement: {clusterSelector: null, clusters: [{name: member1}, {name: member2}]}}}`)
	s.deploymentGone(t, "member3", "moving")
	s.host.remove(t, "federateddeployment", "orphaning")
	s.host.remove(t, "federateddeployment", "plain")
	s.objectGone(t, "federateddeployment", "orphaning")
	s.objectGone(t, "federateddeployment", "plain")
	for member, m := range s.m {
		if m.get(t, "deployment", "orphaning") != nil {
			t.Errorf("%s: the Deployment is still there", member)
		}
		eventually(t, 20*time.Second, member+" has collected the ReplicaSets that nobody wanted to keep", func() string {
			all, _ := m.replicaSets(t, "plain")
			return is(fmt.Sprint(all), "0")
		})
		eventually(t, 20*time.Second, member+" has kept the ReplicaSet, without an owner", func() string {
			all, owned := m.replicaSets(t, "orphaning")
			return is(fmt.Sprint(all, owned), "1 0")
		})
	}
	eventually(t, 20*time.Second, "the member that was left has collected its ReplicaSet", func() string {
		all, _ := s.m["member3"].replicaSets(t, "moving")
		return is(fmt.Sprint(all), "0")
	})
}

func TestFaultyDeleteOptionsKeepTheCopies(t *testing.T) {
	s := newScene(t, "faultyoption")
	cases := map[string]string{
		"json":   `{"propagationPolicy":`,
		"kind":   `[1]`,
		"policy": `{"propagationPolicy":"Sideways"}`,
		"uid":    `{"preconditions":{"uid":"somebody-else"}}`,
	}
	for name, options := range cases {
		s.host.create(t, "federatedconfigmap", fmt.Sprintf(`{apiVersion: types.kubefed.io/v1beta1, kind: FederatedConfigMap, metadata: {name: %s, annotations: {kubefed.io/deleteoption: '%s'}},
			spec: {template: {data: {a: "1"}}, placement: {clusterSelector: {}}}}`, name, options))
	}
	for name := range cases {
		s.settled(t, "federatedconfigmap", name) // it is no fault as long as nothing is deleted
	}
	for name := range cases {
		s.host.remove(t, "federatedconfigmap", name)
	}
	for name := range cases {
		eventually(t, 20*time.Second, name+" is not deleted, and says why", func() string {
			o := s.host.get(t, "federatedconfigmap", name)
			if o == nil {
				t.Fatalf("%s was deleted", name)
			}
			st := statusOf(o)
			for member := range s.m {
				if st.entry(member) != "DeletionFailed" || st.message(member) == "" {
					return fmt.Sprintf("status %+v", st)
				}
			}
			if malformed := name == "json" || name == "kind"; malformed != strings.Contains(st.message("member1"), "kubefed.io/deleteoption") {
				return fmt.Sprintf("status %+v", st)
			}
			return ""
		})
		for member, m := range s.m {
			if got := m.data(t, name, "a"); got != "1" {
				t.Errorf("%s: the copy of %s is %q, want it kept", member, name, got)
			}
		}
	}
	for name := range cases {
		s.host.patch(t, "federatedconfigmap", name, `{metadata: {annotations: {kubefed.io/deleteoption: '{"gracePeriodSeconds":0}'}}}`)
	}
	for name := range cases {
		s.goneFromHost(t, name)
		for member, m := range s.m {
			if got := m.data(t, name, "a"); got != "absent" {
				t.Errorf("%s: the copy of %s is %q after the correction", member, name, got)
			}
		}
	}
}
