package host

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/internal/sample"
)

const (
	listedPlacement   = `{"clusters":[{"name":"member-0001"},{"name":"member-0002"},{"name":"member-0003"}]}`
	selectedPlacement = `{"clusterSelector":{"matchLabels":{"tier":"production"}}}`
	someOverrides     = `[{"clusterName":"member-0002","clusterOverrides":[{"path":"/spec/replicas","value":5}]}]`
)

// content is what a federated object declares, as JSON.
type content struct{ template, placement, overrides string }

// contents are what federated objects declare.
var contents = map[string]content{
	"ConfigMap":  {template: sample.ConfigMap, placement: listedPlacement, overrides: "[]"},
	"Deployment": {template: sample.Deployment, placement: selectedPlacement, overrides: someOverrides},
}

// sentBy returns a federated object as the host sends it.
func sentBy(t testing.TB, c content) []byte {
	t.Helper()
	var sent bytes.Buffer
	if err := json.Compact(&sent, fmt.Appendf(nil, `{
		"apiVersion":"types.kubefed.io/v1beta1","kind":"FederatedDeployment",
		"metadata":{
			"name":"shop","namespace":"store","uid":"6f1c2f3e-8b1d-4c55-9a6e-000000000000","resourceVersion":"1000000","generation":3,
			"creationTimestamp":"2026-01-02T03:04:05Z","finalizers":["kubefed.io/sync-controller"],"labels":{"app":"shop","team":"payments"},
			"annotations":{"kubectl.kubernetes.io/last-applied-configuration":%q},
			"managedFields":[
				{"manager":"kubectl-client-side-apply","operation":"Update","apiVersion":"types.kubefed.io/v1beta1","time":"2026-01-02T03:04:05Z","fieldsType":"FieldsV1","fieldsV1":%s},
				{"manager":"fedsyncd","operation":"Update","apiVersion":"types.kubefed.io/v1beta1","time":"2026-01-02T03:04:06Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:finalizers":{".":{},"v:\"kubefed.io/sync-controller\"":{}}}}}
			]},
		"spec":{"template":%s,"placement":%s,"overrides":%s},
		"status":{
			"observedGeneration":3,"clusters":[{"name":"member-0001"},{"name":"member-0002"},{"name":"member-0003"}],
			"conditions":[{"type":"Propagation","status":"True","lastUpdateTime":"2026-01-02T03:04:07Z","lastTransitionTime":"2026-01-02T03:04:07Z"}]}
	}`, c.template, sample.DeploymentFields, c.template, c.placement, c.overrides)); err != nil {
		t.Fatal(err)
	}
	return sent.Bytes()
}

// received decodes what was sent, as the source does, as that of object i, in one of ten namespaces. No text is shared with
// another object.
func received(t testing.TB, serializer runtime.Serializer, sent []byte, i int) *raw.Object {
	t.Helper()
	o := &raw.Object{}
	if _, _, err := serializer.Decode(sent, nil, o); err != nil {
		t.Fatal(err)
	}
	o.Namespace, o.Name = fmt.Sprintf("store-%02d", i%10), fmt.Sprintf("shop-frontend-%06d", i)
	o.UID, o.ResourceVersion = types.UID(fmt.Sprintf("6f1c2f3e-8b1d-4c55-9a6e-%012d", i)), fmt.Sprint(1_000_000+i)
	return o
}

// What a watch sends is decoded twice: its metadata with the content left as it is, and then the content.
func BenchmarkReceive(b *testing.B) {
	serializer := raw.NewSerializer()
	for name, c := range contents {
		sent := sentBy(b, c)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(sent)))
			b.ReportAllocs()
			for b.Loop() {
				received(b, serializer, sent, 1)
			}
		})
	}
}

func BenchmarkDecodeObject(b *testing.B) {
	for name, c := range contents {
		o := received(b, raw.NewSerializer(), sentBy(b, c), 1)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				decodeObject("deployments.apps", o)
			}
		})
	}
}

// BenchmarkObjectsUpdate takes one object again and again: one that was edited, and one as it was.
func BenchmarkObjectsUpdate(b *testing.B) {
	for edit, step := range map[string]int64{"edited": 1, "unchanged": 0} {
		b.Run(edit, func(b *testing.B) {
			s := NewObjects("deployments.apps", func(Change) {})
			o := received(b, raw.NewSerializer(), sentBy(b, contents["Deployment"]), 1)
			b.ReportAllocs()
			for b.Loop() {
				o.Generation += step
				if err := s.Update(o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkObjectsReplace is a list of all that is known already, as after a watch was cut.
func BenchmarkObjectsReplace(b *testing.B) {
	const all = 1000
	s := NewObjects("deployments.apps", func(Change) {})
	serializer, sent := raw.NewSerializer(), sentBy(b, contents["Deployment"])
	list := make([]any, all)
	for i := range list {
		list[i] = received(b, serializer, sent, i)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Replace(list, "2000000"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkObjectsKeys(b *testing.B) {
	const all = 1000
	s := NewObjects("deployments.apps", func(Change) {})
	serializer, sent := raw.NewSerializer(), sentBy(b, contents["ConfigMap"])
	for i := range all {
		if err := s.Add(received(b, serializer, sent, i)); err != nil {
			b.Fatal(err)
		}
	}
	for name, namespace := range map[string]string{"all": "", "of one namespace in ten": "store-01"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Keys(namespace)
			}
		})
	}
}
