package plan_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/fleet"
)

// A walk happens at each event of a copy. Comparing each item of a list with each key of the entry, or reading what lies
// below a level once more at each level, would stop a worker for minutes on objects that an API server takes.
func TestCoveredOfLargeObjects(t *testing.T) {
	const length, depth = 1500, 1500
	// In allocated bytes per byte of input: a clock would also measure what else runs on the machine.
	const maxCost = 700
	each := func(format string) string {
		var all strings.Builder
		for i := range length {
			if i > 0 {
				all.WriteByte(',')
			}
			all.WriteString(strings.ReplaceAll(format, "#", fmt.Sprint(i)))
		}
		return all.String()
	}
	nested := func(open, inside, end string) string {
		return strings.Repeat(open, depth) + inside + strings.Repeat(end, depth)
	}
	tests := map[string]struct{ why, content, owned, lost string }{
		"a list of keyed items": {
			why: "a custom resource may have as many", content: `{"spec":[` + each(`{"name":"n#","value":#}`) + `]}`,
			owned: `{"f:spec":{` + each(`"k:{\"name\":\"n#\"}":{".":{},"f:name":{},"f:value":{}}`) + `}}`, lost: "spec[1499]",
		},
		"a list of keyed items that leave a key to its default": {
			why: "none of them is found by all its key values", content: `{"spec":[` + each(`{"port":#}`) + `]}`,
			owned: `{"f:spec":{` + each(`"k:{\"port\":#,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}`) + `}}`, lost: "spec[1499]",
		},
		"one item that could be any of many": {
			why: "each of the others names its key in full", content: `{"spec":[{"port":1},` + each(`{"port":1,"protocol":"#"}`) + `]}`,
			owned: `{"f:spec":{"k:{\"port\":1,\"protocol\":\"TCP\"}":{".":{},"f:port":{}},` + each(`"k:{\"port\":1,\"protocol\":\"#\"}":{".":{},"f:port":{},"f:protocol":{}}`) + `}}`,
			lost:  "spec[1500]",
		},
		"a set": {
			why: "as above", content: `{"spec":[` + each(`"n#"`) + `]}`, owned: `{"f:spec":{` + each(`"v:\"n#\"":{}`) + `}}`, lost: "spec[1499]",
		},
		"a list by position": {
			why: "as above", content: `{"spec":[` + each(`#`) + `]}`, owned: `{"f:spec":{` + each(`"i:#":{}`) + `}}`, lost: "spec[1499]",
		},
		"maps in maps": {
			why:     "what lies at the bottom must not be read once per level",
			content: `{"spec":` + nested(`{"a":`, `{`+each(`"n#":1`)+`}`, `}`) + `}`,
			owned:   `{"f:spec":` + nested(`{"f:a":`, `{`+each(`"f:n#":{}`)+`}`, `}`) + `}`, lost: "spec" + strings.Repeat(".a", depth) + ".n1499",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			d := desiredOf(t, tc.content)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if field, covered := plan.Covered(d, fleet.Observed{Owned: fleet.NewOwnership(tc.owned)}); !covered {
				t.Errorf("%.80s is not covered, although %s", field, tc.why)
			}
			runtime.ReadMemStats(&after)
			if cost := (after.TotalAlloc - before.TotalAlloc) / uint64(len(tc.content)+len(tc.owned)); cost > maxCost {
				t.Errorf("%d bytes were allocated for each byte of input, although %s", cost, tc.why)
			}
			// The last of the children is nobody's.
			owned := strings.Replace(tc.owned, "1499", "lost", 1)
			field, covered := plan.Covered(d, fleet.Observed{Owned: fleet.NewOwnership(owned)})
			if diff := cmp.Diff(tc.lost, field); diff != "" || covered {
				t.Errorf("the lost field: covered %v (-want +got):\n%.300s", covered, diff)
			}
		})
	}
}

func TestCoveredTellsLargeNumbersApart(t *testing.T) {
	tests := map[string]struct{ why, owned, content, want string }{
		"in a set": {
			why: "a float64 holds both as one", owned: `{"f:spec":{"v:9007199254740992":{}}}`, content: `{"spec":[9007199254740993]}`, want: "spec[0]",
		},
		"in a key": {
			why: "as above", owned: `{"f:spec":{"k:{\"id\":9007199254740992}":{".":{},"f:id":{}}}}`, content: `{"spec":[{"id":9007199254740993}]}`, want: "spec[0]",
		},
		"of one value": {
			why:   "beyond an int64 the server keeps a float64",
			owned: `{"f:spec":{"v:1e+30":{},"v:1000":{},"v:-0.5":{},"v:9223372036854775808":{}}}`, content: `{"spec":[1000000000000000000000000000000,1e3,-5e-1,9223372036854775808]}`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, covered := plan.Covered(desiredOf(t, tc.content), fleet.Observed{Owned: fleet.NewOwnership(tc.owned)})
			if diff := cmp.Diff(tc.want, got); diff != "" || covered != (tc.want == "") {
				t.Errorf("covered %v (-want +got), because %s:\n%s", covered, tc.why, diff)
			}
		})
	}
}
