package archtest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/internal/archtest"
)

// importing returns a package that takes with it exactly what it imports.
func importing(importPath string, imports ...string) archtest.Package {
	return archtest.Package{ImportPath: importPath, Imports: imports, Deps: imports}
}

func TestRulesOverImports(t *testing.T) {
	t.Parallel()

	type found struct{ Package, What string }

	tests := map[string]struct {
		why  string
		rule func([]archtest.Package) []archtest.Breach
		tree []archtest.Package
		want []found
	}{
		"pure packages that are pure": {
			why:  "time is a type there, and a name that only begins alike is another package",
			rule: archtest.PureImports,
			tree: []archtest.Package{
				importing("fleet", "time", "fmt", "k8s.io/apimachinery/pkg/labels", "oslo", "k8s.io/client-gopher"),
				importing("placement/replicas", "fleet", "hash/fnv"),
			},
		},
		"packages at the edge": {
			why:  "they are there to touch the world",
			rule: archtest.PureImports,
			tree: []archtest.Package{
				importing("federation/host", "context", "k8s.io/client-go/rest"),
				importing("crd/generate", "os", "context"),
				importing("fleetwide", "os"),
			},
		},
		"pure packages that touch the world": {
			why:  "each of them hides an input",
			rule: archtest.PureImports,
			tree: []archtest.Package{
				importing("fleet", "context", "os"),
				importing("placement", "net/http", "math/rand/v2"),
				importing("placement/filter/deep", "github.com/go-logr/logr"),
				importing("federation/plan", "k8s.io/klog/v2", "k8s.io/client-go/tools/cache"),
				importing("federation/report", "github.com/prometheus/client_golang/prometheus", "net"),
				importing("crd", "sigs.k8s.io/controller-runtime/pkg/client", "os/exec"),
			},
			want: []found{
				{"crd", "imports os/exec"},
				{"crd", "imports sigs.k8s.io/controller-runtime/pkg/client"},
				{"federation/plan", "imports k8s.io/client-go/tools/cache"},
				{"federation/plan", "imports k8s.io/klog/v2"},
				{"federation/report", "imports github.com/prometheus/client_golang/prometheus"},
				{"federation/report", "imports net"},
				{"fleet", "imports context"},
				{"fleet", "imports os"},
				{"placement", "imports math/rand/v2"},
				{"placement", "imports net/http"},
				{"placement/filter/deep", "imports github.com/go-logr/logr"},
			},
		},
		"pure packages that take a client with them": {
			why:  "what comes through others is looked at for clients and metrics, but not for os, which fmt takes",
			rule: archtest.PureImports,
			tree: []archtest.Package{{
				ImportPath: "fleet",
				Imports:    []string{"fmt", "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"},
				Deps: []string{
					"fmt", "os", "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1", "sigs.k8s.io/controller-runtime/pkg/scheme",
					"k8s.io/client-go/rest", "github.com/prometheus/common/model",
				},
			}},
			want: []found{
				{"fleet", "takes with it github.com/prometheus/common/model"},
				{"fleet", "takes with it k8s.io/client-go/rest"},
				{"fleet", "takes with it sigs.k8s.io/controller-runtime/pkg/scheme"},
			},
		},
		"stages that meet in the engine": {
			why:  "only there",
			rule: archtest.Strangers,
			tree: []archtest.Package{
				importing("federation/engine", "placement", "placement/override", "placement/replicas", "federation/plan"),
				importing("placement", "fleet"),
			},
		},
		"stages that know each other": {
			why:  "one of them through a third",
			rule: archtest.Strangers,
			tree: []archtest.Package{
				importing("placement", "placement/override"),
				importing("placement/replicas", "placement"),
				{ImportPath: "federation/plan", Imports: []string{"fleet"}, Deps: []string{"fleet", "placement/replicas"}},
			},
			want: []found{
				{"federation/plan", "knows placement/replicas"},
				{"placement", "knows placement/override"},
				{"placement/replicas", "knows placement"},
			},
		},
		"clients where they belong": {
			why:  "the edge, the programs and the tests",
			rule: archtest.Clients,
			tree: []archtest.Package{
				importing("federation/host", "sigs.k8s.io/controller-runtime/pkg/client"),
				importing("federation/member", "k8s.io/client-go/metadata"),
				importing("federation/engine", "k8s.io/client-go/util/workqueue"),
				importing("federation/watch", "k8s.io/client-go/tools/cache"),
				importing("cmd/fedsyncd", "sigs.k8s.io/controller-runtime"),
				importing("test/bench", "k8s.io/client-go/rest"),
			},
		},
		"clients where they do not": {
			why:  "a package that is not named as one of the edge is not of it",
			rule: archtest.Clients,
			tree: []archtest.Package{
				importing("metrics", "k8s.io/client-go/rest"),
				importing("federation", "sigs.k8s.io/controller-runtime"),
				importing("federation/watch", "k8s.io/client-go/dynamic"),
				importing("internal/cmd", "k8s.io/client-go/kubernetes"),
			},
			want: []found{
				{"federation", "imports sigs.k8s.io/controller-runtime"},
				{"federation/watch", "imports k8s.io/client-go/dynamic"},
				{"internal/cmd", "imports k8s.io/client-go/kubernetes"},
				{"metrics", "imports k8s.io/client-go/rest"},
			},
		},
		"names that say something": {
			why:  "forbidden names are whole names",
			rule: archtest.Names,
			tree: []archtest.Package{{ImportPath: "federation/utility", Name: "utility"}, {ImportPath: "typesetter", Name: "typesetter"}},
		},
		"names that say nothing": {
			why:  "in the path, in the clause, or in both, which is one breach",
			rule: archtest.Names,
			tree: []archtest.Package{
				{ImportPath: "federation/util", Name: "util"},
				{ImportPath: "internal/helpers", Name: "main"},
				{ImportPath: "internal/other", Name: "common"},
				{ImportPath: "types", Name: "types"},
			},
			want: []found{
				{"federation/util", "is called util"},
				{"internal/helpers", "is called helpers"},
				{"internal/other", "is called common"},
				{"types", "is called types"},
			},
		},
	}

	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var got []found
			for _, breach := range tc.rule(tc.tree) {
				got = append(got, found{breach.Package, breach.What})
			}

			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.why, diff)
			}

			if breaches := tc.rule(nil); len(breaches) > 0 {
				t.Errorf("packages that do not exist break a rule: %v", breaches)
			}
		})
	}
}
