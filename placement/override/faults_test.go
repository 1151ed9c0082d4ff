package override_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement/override"
)

func TestFaults(t *testing.T) {
	const fine = `{"data": {"a": "1"}}`
	cases := map[string]struct {
		why       string
		template  string
		overrides string
		want      []string
	}{
		"nothing is wrong": {
			why: "an object without faults must pass where faults are refused", template: fine,
			overrides: `[{"clusterName": "a", "clusterOverrides": [{"path": "/data/a", "value": "2"}]}]`,
		},
		"each entry has its own": {
			why: "an author corrects all of them at once", template: fine,
			overrides: `[
				{"clusterName": "b", "clusterOverrides": [{"op": "move", "path": "/data/a"}]},
				{"clusterName": "a", "clusterOverrides": [{"path": "/metadata/name", "value": "x"}]},
				{"clusterName": "c", "clusterOverrides": [{"path": "/data/a", "value": "2"}]}]`,
			want: []string{
				`spec.overrides[0].clusterOverrides[0].op: op "move" must be add, remove or replace`,
				`spec.overrides[1].clusterOverrides[0].path: path "/metadata/name" may not be overridden`,
			},
		},
		"a cluster that has two": {
			why: "kubefed#588: which of them counts is anybody's guess", template: fine,
			overrides: `[{"clusterName": "a"}, {"clusterName": "a"}]`,
			want:      []string{`spec.overrides[1].clusterName: cluster "a" already has overrides in spec.overrides[0]: merge the two`},
		},
		"an entry without a name hides the rest": {
			why: "nobody knows whom it is for", template: fine, overrides: `[{"clusterOverrides": []}, {"clusterName": "a", "clusterOverrides": 1}]`,
			want: []string{"spec.overrides[0].clusterName: must name a cluster"},
		},
		"the template's fault is told once": {
			why: "every member has it", template: `{"metadata": {"labels": 7}}`,
			overrides: `[{"clusterName": "a", "clusterOverrides": [{"op": "add", "path": "/data", "value": {}}]}]`,
			want:      []string{"spec.template.metadata.labels: must be an object of strings"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o := &fleet.FederatedObject{
				Key: fleet.ObjectKey{Type: "configmaps", Namespace: "n", Name: "o"}, Template: []byte(c.template), Overrides: []byte(c.overrides),
			}
			kind := fleet.Type{Name: "configmaps", Target: fleet.Resource{Version: "v1", Kind: "ConfigMap", Plural: "configmaps", Namespaced: true}}
			var got []string
			for _, p := range override.NewRenderer(o, kind).Faults() {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: %s", c.why, diff)
			}
		})
	}
}

// TestFaultsOfALargeObject is about whoever declares a thousand overrides of a large template: what it takes to judge them is bounded.
func TestFaultsOfALargeObject(t *testing.T) {
	var overrides []string
	for i := range 1000 {
		overrides = append(overrides, fmt.Sprintf(`{"clusterName": "m%d", "clusterOverrides": [{"op": "add", "path": "/nowhere/%[1]d", "value": 1}]}`, i))
	}
	o := &fleet.FederatedObject{
		Key:       fleet.ObjectKey{Type: "configmaps", Namespace: "n", Name: "o"},
		Template:  fmt.Appendf(nil, `{"data": {"large": %q}}`, strings.Repeat("x", 1<<20)),
		Overrides: []byte("[" + strings.Join(overrides, ",") + "]"),
	}
	kind := fleet.Type{Name: "configmaps", Target: fleet.Resource{Version: "v1", Kind: "ConfigMap", Plural: "configmaps", Namespaced: true}}
	if found := len(override.NewRenderer(o, kind).Faults()); found == 0 || found > 16 {
		t.Errorf("%d faults are found: 16 MB hold no more than 15 templates of 1 MB", found)
	}
}
