package conformance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// table names every spec and what became of it.
type table struct {
	rows []row
}

// row is one spec in one scope, in all its runs.
type row struct {
	scope, spec             string
	passed, failed, skipped int
	longest                 time.Duration
}

func (t *table) add(scope string, results []result) {
	for _, r := range results {
		row := t.row(scope, r.spec)
		row.longest = max(row.longest, r.took)
		switch r.outcome {
		case passed:
			row.passed++
		case skipped:
			row.skipped++
		case failed:
			row.failed++
		}
	}
}

func (t *table) row(scope, spec string) *row {
	for i := range t.rows {
		if t.rows[i].scope == scope && t.rows[i].spec == spec {
			return &t.rows[i]
		}
	}
	t.rows = append(t.rows, row{scope: scope, spec: spec})
	return &t.rows[len(t.rows)-1]
}

// String is the table and, below it, the line that sums up.
func (t *table) String() string {
	rows := slices.SortedFunc(slices.Values(t.rows), func(a, b row) int {
		return cmp.Or(cmp.Compare(a.scope, b.scope), cmp.Compare(a.spec, b.spec))
	})
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SCOPE\tRESULT\tSECONDS\tSPEC")
	var sum row
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%.1f\t%s\n", r.scope, r.verdict(), r.longest.Seconds(), r.spec)
		sum.passed, sum.failed, sum.skipped = sum.passed+r.passed, sum.failed+r.failed, sum.skipped+r.skipped
	}
	_ = w.Flush() // it goes to memory
	fmt.Fprintf(&out, "conformance: %d passed, %d failed, %d skipped\n", sum.passed, sum.failed, sum.skipped)
	return out.String()
}

// verdict is one word, or, where runs differ, a count.
func (r row) verdict() string {
	switch runs := r.passed + r.failed + r.skipped; {
	case r.passed == runs:
		return string(passed)
	case r.failed == runs:
		return string(failed)
	case r.skipped == runs:
		return string(skipped)
	default:
		return fmt.Sprintf("failed %d of %d", r.failed, runs)
	}
}
