package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/simfleet"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestBadFlagsStartNothing(t *testing.T) {
	for _, args := range []string{"-scenario=party", "-members=0", "-objects=0"} {
		if err := run(t.Context(), strings.Fields(args)); err == nil || !strings.Contains(err.Error(), "read flags") {
			t.Errorf("%s: error %v", args, err)
		}
	}
}

func TestSettled(t *testing.T) {
	object := func(observed int64, entries ...any) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"generation": int64(2)}, "status": map[string]any{"observedGeneration": observed, "clusters": entries},
		}}
	}
	fine, waiting := map[string]any{"name": "m1"}, map[string]any{"name": "m2", "status": "WaitingForSync"}
	tests := map[string]struct {
		object *unstructured.Unstructured
		want   bool
	}{
		"all members are in step":   {object(2, fine, fine), true},
		"of an earlier generation":  {object(1, fine, fine), false},
		"one member is not":         {object(2, fine, waiting), false},
		"one member is not there":   {object(2, fine), false},
		"there is no status at all": {&unstructured.Unstructured{Object: map[string]any{}}, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := settled(tc.object, 2); got != tc.want {
				t.Errorf("settled: %v, want %v", got, tc.want)
			}
		})
	}
}

func TestPage(t *testing.T) {
	p := page{text: `# HELP fedsync_copies Copies.
fedsync_copies{state="in_step",type="configmaps"} 7
fedsync_member_copies{member="m1",state="in_step"} 3
fedsync_member_copies{member="m2",state="in_step"} 4
fedsync_member_copies{member="m2",state="failed"} 1
fedsync_leader 1
go_goroutines 12
`}
	if got := len(p.series()); got != 6 {
		t.Errorf("%d series, want 6", got)
	}
	if got := len(p.fleet()); got != 4 {
		t.Errorf("%d series of members and types, want 4", got)
	}
	for what, want := range map[string]float64{`fedsync_member_copies{`: 8, `fedsync_member_copies{…,state="in_step"}`: 7, `fedsync_copies{state="in_step"`: 7, `none{`: 0} {
		if got := p.sum(what); got != want {
			t.Errorf("sum of %s is %v, want %v", what, got, want)
		}
	}
	if err := p.namesNone([]string{"m3", "m"}, "secrets"); err != nil {
		t.Errorf("nobody who is gone has a series: %v", err)
	}
	for _, gone := range []struct{ member, kind string }{{"m2", "secrets"}, {"m3", "configmaps"}} {
		if err := p.namesNone([]string{gone.member}, gone.kind); err == nil {
			t.Errorf("%s and %s: no error", gone.member, gone.kind)
		}
	}
}

// A fleet as small as a test can wait for; `make bench-scale SCALES=metrics:1000:50` runs the one that the bounds are made for.
func TestMetricsOfAFleet(t *testing.T) {
	fedsyncd, fleet := os.Getenv("FEDSYNCD"), os.Getenv("SIMFLEET")
	if fedsyncd == "" || fleet == "" {
		t.Skip("FEDSYNCD and SIMFLEET must name the binaries: make integration")
	}
	err := run(t.Context(), []string{
		"-fedsyncd", fedsyncd, "-simfleet", fleet, "-repository", "../..", "-scenario", scenarioMetrics, "-members", "50", "-objects", "20", "-patience", "3m",
	})
	if err != nil {
		t.Error(err)
	}
}

func TestWritesAndShares(t *testing.T) {
	c := simfleet.Counts{Requests: map[string]int{"APPLY configmaps": 3, "DELETE configmaps": 2, "GET healthz": 9, "LIST configmaps": 9, "WATCH configmaps": 9}}
	if got := writes(c); got != 5 {
		t.Errorf("%d writes, want 5", got)
	}
	if got := perCopy(time.Second, 4000); got != 0.25 {
		t.Errorf("%v ms per copy, want 0.25", got)
	}
}
