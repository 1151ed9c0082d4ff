package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFlags(t *testing.T) {
	tests := map[string]struct {
		args string
		want string // part of the error, or nothing
	}{
		"the defaults":           {args: ""},
		"one size and kind":      {args: "-objects=60 -kinds=configmaps -rounds=1 -peer=kubefed"},
		"an unknown kind":        {args: "-kinds=pods", want: `"pods" is unknown`},
		"an unknown peer":        {args: "-peer=karmada", want: `"karmada" is unknown`},
		"too few objects":        {args: "-objects=300,10", want: `"10" is no number of at least 50`},
		"a word for a number":    {args: "-objects=many", want: `"many" is no number`},
		"one member":             {args: "-members=1", want: "-members at least 2"},
		"no rounds":              {args: "-rounds=0", want: "-rounds must be at least 1"},
		"more edits than needed": {args: "-latencies=51", want: "-latencies 1 to 50"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parse(strings.Fields(tc.args))
			if got := err != nil; got != (tc.want != "") || got && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestTheTableHasMediansAndRatios(t *testing.T) {
	r := results{Machine: "a machine", Rounds: 3, Concurrency: map[string]int{"configmaps": 16}}
	add := func(contestant, phase string, seconds float64, failure string) {
		r.Measurements = append(r.Measurements, measurement{
			Contestant: contestant, Kind: "configmaps", Objects: 300, Members: 3, Phase: phase, Seconds: seconds, Failure: failure,
			usage: usage{Host: requests{"POST federatedconfigmaps": 300, "PATCH federatedconfigmaps/status": 300, "PUT leases": 7, "GET events": 9}},
		})
	}
	for _, seconds := range []float64{4, 9, 5} {
		add("limit", phaseCreate, seconds, "")
		add("fedsync", phaseCreate, seconds+1, "")
	}
	add("kubefed", phaseCreate, 12, "")
	add("kubefed", phaseEdit, 0, "not within 10m")
	var lines []string
	for line := range strings.Lines(r.markdown()) {
		if strings.HasPrefix(line, "| create all") || strings.HasPrefix(line, "| edit all") || strings.Contains(line, "host writes per object") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	want := []string{
		"| create all, s | 5.00 | 6.00 | 12.00 | 1.20 | 2.00 |",
		"| … host writes per object | 2.00 | 2.00 | 2.00 | 1.00 | 1.00 |",
		"| edit all, s |  |  | not in time |  |  |",
		"| … host writes per object |  |  | not in time |  |  |",
		"| … host writes per object |  |  |  |  |  |",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAView(t *testing.T) {
	v := newView(configMaps.value)
	told := v.follow("a")
	for _, value := range []string{"0", "drifted", "0"} {
		if err := v.Update(configMap("a", value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := awaitRepair(t.Context(), told, longPatience, "0"); err != nil {
		t.Error(err)
	}
	if err := v.Update(configMap("b", "1")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"0": 1, "drifted": 0, "1": 1}, v.counts); diff != "" {
		t.Errorf("counts by value (-want +got):\n%s", diff)
	}
	if _, err := v.allHave(t.Context(), longPatience, "1", 1); err != nil {
		t.Error(err)
	}
	if _, err := v.allHave(t.Context(), 1, "2", 1); err == nil {
		t.Error("a value that nobody has was seen")
	}
	if err := v.Replace(nil, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := v.empty(t.Context(), longPatience); err != nil {
		t.Error(err)
	}
}
