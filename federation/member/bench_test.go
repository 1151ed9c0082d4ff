package member

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/internal/sample"
)

// sentBy returns what a watch sends of a copy, as protobuf: the metadata of a Deployment that we applied and whose status its
// controller writes.
func sentBy(t testing.TB, fields string) []byte {
	t.Helper()
	m := copyAt("1", ours(hashA, fields))
	m.Labels["app"], m.Labels["app.kubernetes.io/part-of"] = "shop", "store"
	m.Annotations["deployment.kubernetes.io/revision"] = "1"
	m.ManagedFields = append(m.ManagedFields, managed("kube-controller-manager", metav1.ManagedFieldsOperationUpdate, "status",
		`{"f:metadata":{"f:annotations":{".":{},"f:deployment.kubernetes.io/revision":{}}},"f:status":{"f:availableReplicas":{},"f:conditions":{".":{},"k:{\"type\":\"Available\"}":{".":{},"f:lastTransitionTime":{},"f:message":{},"f:status":{},"f:type":{}}},"f:observedGeneration":{},"f:readyReplicas":{},"f:replicas":{}}}`))
	sent, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

// received decodes what was sent, as client-go does, as that of copy i, with a hash of its own, in one of ten namespaces. No
// text is shared with another event.
func received(t testing.TB, sent []byte, i int) *metav1.PartialObjectMetadata {
	t.Helper()
	m := &metav1.PartialObjectMetadata{}
	if err := m.Unmarshal(sent); err != nil {
		t.Fatal(err)
	}
	m.Namespace, m.Name = fmt.Sprintf("store-%02d", i%10), fmt.Sprintf("shop-frontend-%06d", i)
	m.UID, m.ResourceVersion = types.UID(fmt.Sprintf("6f1c2f3e-8b1d-4c55-9a6e-%012d", i)), fmt.Sprint(1_000_000+i)
	m.Annotations[fleet.AppliedAnnotation] = fleet.HashOf([]byte(m.Name)).String()
	return m
}

// drifted is what we own of sample.Deployment after somebody else has scaled it.
const drifted = `{"f:metadata":{"f:labels":{"f:kubefed.io/managed":{}}}}`

func nobody(string, string) {}

func BenchmarkCopiesAdd(b *testing.B) {
	c := newCopies(nobody)
	sent := sentBy(b, sample.DeploymentFields)
	events := make([]*metav1.PartialObjectMetadata, 10_000)
	for i := range events {
		events[i] = received(b, sent, i)
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if i%len(events) == 0 {
			c = newCopies(nobody)
		}
		if err := c.Add(events[i%len(events)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkCopiesUpdate takes two versions of one copy, told in turns, so that each is the newer one. Most words of a watch are
// of a status: what we own is as it was.
func BenchmarkCopiesUpdate(b *testing.B) {
	for name, fields := range map[string]string{"unchanged ownership": sample.DeploymentFields, "drifted": drifted} {
		b.Run(name, func(b *testing.B) {
			c := newCopies(nobody)
			turns := [2]*metav1.PartialObjectMetadata{received(b, sentBy(b, sample.DeploymentFields), 1), received(b, sentBy(b, fields), 1)}
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				m := turns[i%2]
				m.ResourceVersion = versions[i%len(versions)]
				if i%len(versions) == 0 {
					c.told = ""
					c.drop(types.NamespacedName{Namespace: m.Namespace, Name: m.Name})
				}
				if err := c.Update(m); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// versions grow.
var versions = func() []string {
	all := make([]string, 1000)
	for i := range all {
		all[i] = fmt.Sprint(1_000_000 + i)
	}
	return all
}()

// BenchmarkCopiesReplace is a list of all that is known already, as after a watch was cut.
func BenchmarkCopiesReplace(b *testing.B) {
	const all = 10_000
	sent := sentBy(b, sample.DeploymentFields)
	list := make([]any, all)
	for i := range list {
		list[i] = received(b, sent, i)
	}
	c := newCopies(nobody)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Replace(list, "2000000"); err != nil {
			b.Fatal(err)
		}
	}
}
