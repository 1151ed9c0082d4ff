package override_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/placement/override"
)

// manyItems are overrides of the member that set n keys of data, and end as given.
func manyItems(n int, end string) string {
	var all strings.Builder
	all.WriteString(`[{"clusterName":"member","clusterOverrides":[`)
	for i := range n {
		fmt.Fprintf(&all, `{"path":"/data/k%d","value":%d},`, i, i)
	}
	all.WriteString(end)
	all.WriteString(`]}]`)
	return all.String()
}

// An object has one renderer for all members: what takes minutes stops it everywhere.
func TestRenderOfLargeObjects(t *testing.T) {
	const big = 50_000
	// In allocated bytes per byte of input: a clock would also measure what else runs on the machine.
	const maxCost = 1000
	deep := `{"data":` + strings.Repeat(`{"a":`, 9000) + `"` + strings.Repeat("x", big) + `"` + strings.Repeat(`}`, 9000) + `}`
	tests := map[string]struct{ why, template, overrides, problem string }{
		"many items": {
			why: "the object must not be read and written once per item", template: `{"data":{"big":"` + strings.Repeat("x", big) + `"}}`,
			overrides: manyItems(1000, `{"path":"/data/last","value":1}`),
		},
		"many items and a fault": {
			why: "nor to find the faulty one", template: `{"data":{"big":"` + strings.Repeat("x", big) + `"}}`,
			overrides: manyItems(1000, `{"op":"remove","path":"/data/none"}`), problem: "spec.overrides[0].clusterOverrides[1000]",
		},
		"a deep template": {
			why: "nothing but its size counts", template: deep,
			overrides: manyItems(1, `{"path":"/data/a/a/a/b","value":1}`),
		},
		"a path as long as one may be": {
			why: "nobody needs a longer one", template: deep, overrides: manyItems(1, `{"path":"/data`+strings.Repeat("/a", 127)+`"}`),
		},
		"a longer path": {
			why: "what it leads to is read and written once per segment", template: deep, overrides: manyItems(1, `{"path":"/data`+strings.Repeat("/a", 9000)+`"}`),
			problem: "spec.overrides[0].clusterOverrides[1].path",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := override.NewRenderer(object(tc.template, tc.overrides), configMaps)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, problem := r.Render("member")
			runtime.ReadMemStats(&after)
			if cost := (after.TotalAlloc - before.TotalAlloc) / uint64(len(tc.template)+len(tc.overrides)); cost > maxCost {
				t.Errorf("%d bytes were allocated for each byte of input, although %s", cost, tc.why)
			}
			got := ""
			if problem != nil {
				got = problem.Field
			}
			if diff := cmp.Diff(tc.problem, got); diff != "" {
				t.Errorf("problem (-want +got), although %s:\n%s", tc.why, diff)
			}
		})
	}
}

// All items are applied at once. The one that has the fault is named all the same, wherever it stands.
func TestTheFirstFaultIsNamed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		faulty := rapid.SliceOfN(rapid.Bool(), 1, 12).Draw(t, "faulty")
		first := slices.Index(faulty, true)
		var items []string
		for i, bad := range faulty {
			op := "add"
			if bad {
				op = "remove"
			}
			items = append(items, fmt.Sprintf(`{"op":%q,"path":"/data/%d","value":1}`, op, i))
		}
		o := object(`{"data":{}}`, `[{"clusterName":"member","clusterOverrides":[`+strings.Join(items, ",")+`]}]`)
		_, problem := override.NewRenderer(o, configMaps).Render("member")
		want, got := "", ""
		if first >= 0 {
			want = fmt.Sprintf(`spec.overrides[0].clusterOverrides[%d]: remove "/data/%d"`, first, first)
		}
		if problem != nil {
			got, _, _ = strings.Cut(problem.String(), ": error in ")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}
