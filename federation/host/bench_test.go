package host

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/internal/sample"
)

const (
	listedPlacement   = `{"clusters":[{"name":"member-0001"},{"name":"member-0002"},{"name":"member-0003"}]}`
	selectedPlacement = `{"clusterSelector":{"matchLabels":{"tier":"production"}}}`
	someOverrides     = `[{"clusterName":"member-0002","clusterOverrides":[{"path":"/spec/replicas","value":5}]}]`
)

// sentBy returns federated object i as the host sends it.
func sentBy(t testing.TB, i int, template, placement, overrides string) []byte {
	t.Helper()
	var sent bytes.Buffer
	if err := json.Compact(&sent, fmt.Appendf(nil, `{
		"apiVersion":"types.kubefed.io/v1beta1","kind":"FederatedDeployment",
		"metadata":{
			"name":"shop-frontend-%06d","namespace":"store-%02d","uid":"6f1c2f3e-8b1d-4c55-9a6e-%012d","resourceVersion":"%d","generation":3,
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
	}`, i, i%10, i, 1_000_000+i, template, sample.DeploymentFields, template, placement, overrides)); err != nil {
		t.Fatal(err)
	}
	return sent.Bytes()
}

// received decodes what was sent, as the source does.
func received(t testing.TB, sent []byte) *raw.Object {
	t.Helper()
	o := &raw.Object{}
	if _, _, err := raw.NewSerializer().Decode(sent, nil, o); err != nil {
		t.Fatal(err)
	}
	return o
}

// templates are contents of federated objects.
var templates = map[string]struct{ template, placement, overrides string }{
	"ConfigMap":  {template: sample.ConfigMap, placement: listedPlacement, overrides: "[]"},
	"Deployment": {template: sample.Deployment, placement: selectedPlacement, overrides: someOverrides},
}

// What a watch sends is decoded twice: its metadata with the content left as it is, and then the content.
func BenchmarkReceive(b *testing.B) {
	for name, c := range templates {
		sent := sentBy(b, 1, c.template, c.placement, c.overrides)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(sent)))
			b.ReportAllocs()
			for b.Loop() {
				received(b, sent)
			}
		})
	}
}

func BenchmarkDecodeObject(b *testing.B) {
	for name, c := range templates {
		o := received(b, sentBy(b, 1, c.template, c.placement, c.overrides))
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
			o := received(b, sentBy(b, 1, sample.Deployment, selectedPlacement, someOverrides))
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
	list := make([]any, all)
	for i := range list {
		list[i] = received(b, sentBy(b, i, sample.Deployment, selectedPlacement, someOverrides))
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
	for i := range all {
		if err := s.Add(received(b, sentBy(b, i, sample.ConfigMap, listedPlacement, "[]"))); err != nil {
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
