package override_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/internal/sample"
	"github.com/fedsync/fedsync/placement/override"
)

// sampled is an object to render, and overrides that suit it.
type sampled struct {
	kind                fleet.Type
	template, overrides string
}

func samples() map[string]sampled {
	return map[string]sampled{
		"ConfigMap":  {kind: configMaps, template: sample.ConfigMap, overrides: `[{"path":"/data/REGION","value":"eu-central-1"}]`},
		"Deployment": {kind: deployments, template: sample.Deployment, overrides: `[{"path":"/spec/replicas","value":5},{"path":"/spec/template/spec/containers/0/image","value":"registry.example.com/shop/server:2.4.2"}]`},
	}
}

// overriddenIn gives the same items to each of n members, so that one rendering serves all of them.
func overriddenIn(n int, items string) string {
	entries := make([]string, 0, n)
	for i := range n {
		entries = append(entries, fmt.Sprintf(`{"clusterName":"member-%d","clusterOverrides":%s}`, i, items))
	}
	return "[" + strings.Join(entries, ",") + "]"
}

// A first rendering parses the overrides, decodes the template, patches it, and writes and hashes the result.
func BenchmarkRenderFirst(b *testing.B) {
	for name, s := range samples() {
		for overrides, o := range map[string]*fleet.FederatedObject{
			"without": object(s.template, ""), "with": object(s.template, overriddenIn(3, s.overrides)),
		} {
			b.Run(fmt.Sprintf("%s/%s overrides", name, overrides), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, problem := override.NewRenderer(o, s.kind).Render("member-1"); problem != nil {
						b.Fatal(problem)
					}
				}
			})
		}
	}
}

// All further members of equal overrides share a rendering, and so does each later look at the object.
func BenchmarkRenderShared(b *testing.B) {
	for name, s := range samples() {
		for overrides, o := range map[string]*fleet.FederatedObject{
			"without": object(s.template, ""), "with": object(s.template, overriddenIn(3, s.overrides)),
		} {
			b.Run(fmt.Sprintf("%s/%s overrides", name, overrides), func(b *testing.B) {
				r := override.NewRenderer(o, s.kind)
				b.ReportAllocs()
				for b.Loop() {
					if _, problem := r.Render("member-1"); problem != nil {
						b.Fatal(problem)
					}
				}
			})
		}
	}
}

// Whoever summarizes an object asks for its warnings each time. Without overrides that costs nothing.
func BenchmarkWarnings(b *testing.B) {
	s := samples()["Deployment"]
	everybody := func(fleet.Name) bool { return true }
	for name, overrides := range map[string]string{"none": "", "3 members": overriddenIn(3, s.overrides), "1000 members": overriddenIn(1000, s.overrides)} {
		b.Run(name, func(b *testing.B) {
			r := override.NewRenderer(object(s.template, overrides), s.kind)
			b.ReportAllocs()
			for b.Loop() {
				if len(r.Warnings(everybody)) > 0 {
					b.Fatal("there is nothing to warn of")
				}
			}
		})
	}
}
