package measure

import (
	"os"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	var took []time.Duration
	for i := range 50 {
		took = append(took, time.Duration(i+1))
	}
	tests := map[string]struct {
		sorted []time.Duration
		q      float64
		want   time.Duration
	}{
		"the median of 50 is the 26th":   {took, 0.5, 26},
		"the p99 of 50 is the greatest":  {took, 0.99, 50},
		"the greatest of all":            {took, 1, 50},
		"nothing was measured":           {nil, 0.5, 0},
		"one value is every quantile":    {took[:1], 0.99, 1},
		"the p90 of 50 leaves 5 of them": {took, 0.9, 46},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Quantile(tc.sorted, tc.q); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

func TestReplaceMarked(t *testing.T) {
	page := "# Page\n<!-- a: begin -->\nold\n<!-- a: end -->\nrest\n"
	if got, err := replaceMarked(page, "a", "new\n"); err != nil || got != "# Page\n<!-- a: begin -->\nnew\n<!-- a: end -->\nrest\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := replaceMarked(page, "b", "new"); err == nil {
		t.Error("a page without the marks was written")
	}
}

func TestThisProcessUsesSomething(t *testing.T) {
	if PeakMemory(os.Getpid()) == 0 {
		t.Error("it has no memory")
	}
	if ProcessorTime(0) != 0 || PeakMemory(0) != 0 {
		t.Error("a process that does not exist uses something")
	}
	for start := ProcessorTime(os.Getpid()); ProcessorTime(os.Getpid()) == start; { // a tick of 10 ms
	}
}
