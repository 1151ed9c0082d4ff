package plan_test

import (
	"encoding/json"
	"testing"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/internal/sample"
)

// manifestOf makes a sample a whole object, as the renderer does.
func manifestOf(b *testing.B, apiVersion, kind, template string) string {
	b.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(template), &o); err != nil {
		b.Fatal(err)
	}
	o["apiVersion"], o["kind"] = apiVersion, kind
	metadata := field(o, "metadata")
	metadata["name"], metadata["namespace"] = "shop", "store"
	field(o, "metadata", "labels")[fleet.ManagedLabel] = fleet.LabelTrue
	annotations, _ := metadata["annotations"].(map[string]any)
	if annotations == nil {
		annotations = map[string]any{}
	}
	annotations[fleet.AppliedAnnotation] = fleet.HashOf([]byte(template)).String()
	metadata["annotations"] = annotations
	raw, err := json.Marshal(o)
	if err != nil {
		b.Fatal(err)
	}
	return string(raw)
}

// situations are decisions about a copy which the API server keeps the fields of.
func situations(b *testing.B) map[string]plan.Input {
	b.Helper()
	made := map[string]plan.Input{}
	for kind, manifest := range map[string]string{
		"ConfigMap": manifestOf(b, "v1", "ConfigMap", sample.ConfigMap), "Deployment": manifestOf(b, "apps/v1", "Deployment", sample.Deployment),
	} {
		s := applied(b, manifest)
		in := inSync()
		in.Desired = desiredOf(b, manifest)
		in.Observed = s.observed()
		in.Observed.Applied = in.Desired.Hash
		made[kind+"/in sync"] = in

		proven := in
		proven.Observed.Covered = in.Desired.Hash
		made[kind+"/proven in sync"] = proven

		live := s.live(b)
		field(live.Object, "metadata", "labels")["app"] = "other" // the last that a walk comes to, as far as there is no spec
		if kind == "Deployment" {
			container(live.Object, 1)["image"] = "other"
		}
		if err := s.Update(live, "somebody"); err != nil {
			b.Fatal(err)
		}
		in.Observed.Owned = s.observed().Owned
		made[kind+"/drifted"] = in
	}
	return made
}

func BenchmarkDecide(b *testing.B) {
	for name, in := range situations(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				plan.Decide(in)
			}
		})
	}
}

// Covered is what Decide spends its time on.
func BenchmarkCovered(b *testing.B) {
	for name, in := range situations(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				plan.Covered(in.Desired, in.Observed)
			}
		})
	}
}
