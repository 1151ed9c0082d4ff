package integration

import (
	"fmt"
	"testing"
	"time"
)

// TestARestartWritesNothing counts what the API servers themselves were asked to write.
func TestARestartWritesNothing(t *testing.T) {
	quiet(t)
	s := newScene(t, "restart")
	const objects = 30
	s.configMaps(t, objects, "0")
	s.host.create(t, "federateddeployment", `{apiVersion: types.kubefed.io/v1beta1, kind: FederatedDeployment, metadata: {name: web}, spec: {placement: {clusterSelector: {}},
		overrides: [{clusterName: member2, clusterOverrides: [{path: /spec/template/spec/containers/0/image, value: other}]}],
		template: {metadata: {creationTimestamp: null, labels: {app: web}}, status: {}, spec: {replicas: 0, strategy: {}, selector: {matchLabels: {app: web}}, template: {metadata: {creationTimestamp: null, labels: {app: web}},
		spec: {volumes: [{name: tmp, emptyDir: {}}], containers: [{name: web, image: a, args: [], ports: [{containerPort: 80}], env: [{name: A, value: b}, {name: EMPTY}], resources: {}, volumeMounts: [{name: tmp, mountPath: /tmp}]}]}}}}}}`)
	s.host.create(t, "federatedservice", `{apiVersion: types.kubefed.io/v1beta1, kind: FederatedService, metadata: {name: web}, spec: {placement: {clusterSelector: {}},
		template: {spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}}}}`)
	for i := range objects {
		s.settled(t, "federatedconfigmap", fmt.Sprintf("c%d", i))
	}
	s.settled(t, "federateddeployment", "web")
	s.settled(t, "federatedservice", "web")

	if took, err := fleet.daemon.Stop(); err != nil || took > 5*time.Second {
		t.Errorf("stopping took %s, want at most 5s: %v", took, err)
	}
	before := ours(t)
	if err := fleet.startDaemon(t.Context(), fleet.raceBinary); err != nil {
		t.Fatal(err)
	}
	<-time.After(8 * time.Second) // what is measured is that nothing happens, and there is no event for that
	for what, count := range ours(t) {
		if wrote := count - before[what]; wrote != 0 {
			t.Errorf("the restart sent %v writes of %s, want none", wrote, what)
		}
	}
	s.host.patch(t, "federatedconfigmap", "c0", `{spec: {template: {data: {v: edited}}}}`)
	s.settled(t, "federatedconfigmap", "c0")
	if got := s.m["member1"].data(t, "c0", "v"); got != "edited" {
		t.Errorf("after the restart an edit gives %q", got)
	}
}

// ours counts, per cluster and resource, the writes to what fedsync writes: federated objects and its configuration on
// the host, copies in members. The Lease is left out, and so is what only controllers of Kubernetes write.
func ours(t *testing.T) map[string]float64 {
	t.Helper()
	counts := map[string]float64{}
	for i, c := range fleet.lab.Clusters() {
		resources := []string{"configmaps", "services", "deployments", "namespaces"}
		if i == 0 {
			resources = []string{"federatedconfigmaps", "federateddeployments", "federatedservices", "federatednamespaces", "kubefedclusters", "federatedtypeconfigs", "events"}
		}
		samples := metrics(t, c)
		for _, r := range resources {
			counts[r+" in "+c.Name] = writesIn(samples, r)
		}
	}
	return counts
}

func TestAKilledDaemonLosesNothing(t *testing.T) {
	s := newScene(t, "crash")
	const objects = 60
	s.configMaps(t, objects, "0")
	fleet.daemon.Kill() // somewhere in the middle of creating them; its Lease has to run out before the next one works
	if err := fleet.startDaemon(t.Context(), fleet.raceBinary); err != nil {
		t.Fatal(err)
	}
	for i := range objects {
		s.settled(t, "federatedconfigmap", fmt.Sprintf("c%d", i))
	}
	s.allHave(t, time.Second, "0", "member1", "member2", "member3")
	s.editAll(t, objects, "1")
	fleet.daemon.Kill()
	for i := range objects / 2 { // deleted while nobody looks
		s.host.remove(t, "federatedconfigmap", fmt.Sprintf("c%d", i))
	}
	if err := fleet.startDaemon(t.Context(), fleet.raceBinary); err != nil {
		t.Fatal(err)
	}
	for i := range objects / 2 {
		s.goneFromHost(t, fmt.Sprintf("c%d", i))
	}
	for i := objects / 2; i < objects; i++ {
		s.settled(t, "federatedconfigmap", fmt.Sprintf("c%d", i))
	}
	for member := range s.m {
		list, err := s.m[member].of("configmap").List(t.Context(), managed)
		if err != nil || len(list.Items) != objects/2 {
			t.Errorf("%s has %d copies, want %d: %v", member, len(list.Items), objects/2, err)
		}
	}
	s.allHave(t, time.Second, "1", "member1", "member2", "member3")
}
