package member

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// found is what probes find, and how many seconds after the one before.
type found struct {
	after   int
	finding Finding
}

// every returns as many findings, one per period of ten seconds.
func every(findings ...Finding) []found {
	list := make([]found, 0, len(findings))
	for _, f := range findings {
		list = append(list, found{10, f})
	}
	return list
}

func TestHealthAfter(t *testing.T) {
	const healthy, unhealthy, offline, stranger = Healthy, Unhealthy, Offline, Stranger
	usual := Thresholds{Period: 10 * time.Second, Failure: 3, Success: 1}
	cautious := Thresholds{Period: 10 * time.Second, Failure: 1, Success: 3}
	tests := map[string]struct {
		why        string
		thresholds Thresholds
		probes     []found
		want       []Finding // after each probe
	}{
		"the first probe is good":          {why: "nobody should wait for thresholds at the start", thresholds: cautious, probes: every(healthy), want: []Finding{healthy}},
		"the first probe is bad":           {why: "as above", thresholds: usual, probes: every(offline), want: []Finding{offline}},
		"the first probe meets a stranger": {why: "as above", thresholds: usual, probes: every(stranger), want: []Finding{stranger}},
		"a flap": {
			why: "KubeFed took a single failure after a quiet time for the end (kubefed#1496)", thresholds: usual,
			probes: every(healthy, healthy, healthy, healthy, offline, healthy), want: []Finding{healthy, healthy, healthy, healthy, healthy, healthy},
		},
		"flaps with good probes between": {
			why: "only failures in a row count", thresholds: usual,
			probes: every(healthy, offline, offline, healthy, offline, offline, healthy), want: []Finding{healthy, healthy, healthy, healthy, healthy, healthy, healthy},
		},
		"failures in a row": {
			why: "the third one decides", thresholds: usual, probes: every(healthy, offline, offline, offline, offline), want: []Finding{healthy, healthy, healthy, offline, offline},
		},
		"failures of different kinds in a row": {
			why: "all of them mean that the member is not healthy; the last is told", thresholds: usual,
			probes: every(healthy, offline, unhealthy, offline), want: []Finding{healthy, healthy, healthy, offline},
		},
		"an offline member becomes unhealthy": {
			why: "it is not ready either way, so the new detail is told at once", thresholds: usual, probes: every(offline, unhealthy), want: []Finding{offline, unhealthy},
		},
		"a member that comes back": {
			why: "KubeFed's default asks for one good probe", thresholds: usual, probes: every(offline, healthy), want: []Finding{offline, healthy},
		},
		"a member that comes back under cautious thresholds": {
			why: "the third good one in a row decides", thresholds: cautious,
			probes: every(offline, healthy, healthy, offline, healthy, healthy, healthy), want: []Finding{offline, offline, offline, offline, offline, offline, healthy},
		},
		"a failure after a quick recovery": {
			why: "KubeFed needed up to the threshold then; here the count begins anew", thresholds: usual,
			probes: every(offline, healthy, offline, offline, offline), want: []Finding{offline, healthy, healthy, healthy, offline},
		},
		"failures that follow each other fast": {
			why:        "a member that is down is probed each second: that must not use up the thresholds",
			thresholds: usual, probes: []found{{0, healthy}, {10, offline}, {1, offline}, {1, offline}, {1, offline}, {7, offline}, {9, offline}},
			want: []Finding{healthy, healthy, healthy, healthy, healthy, healthy, offline},
		},
		"a stranger": {
			why: "nothing may be written to another cluster, not even once", thresholds: usual, probes: every(healthy, stranger), want: []Finding{healthy, stranger},
		},
		"a stranger that becomes the member again": {
			why: "the good probes count as usual", thresholds: cautious, probes: every(stranger, healthy, healthy, healthy), want: []Finding{stranger, stranger, stranger, healthy},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var h Health
			var got []Finding
			at := noon
			for _, f := range tc.probes {
				at = at.Add(time.Duration(f.after) * time.Second)
				h = h.after(probe{finding: f.finding, at: at}, tc.thresholds)
				got = append(got, h.Finding)
				if h.Reachable != (f.finding == Healthy) || !h.Probed.Equal(at) {
					t.Errorf("the last probe is not told: %+v", h)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestHealthKeepsWhatItLearned(t *testing.T) {
	thresholds := Thresholds{Period: 10 * time.Second, Failure: 2, Success: 1}
	var h Health
	h = h.after(probe{finding: Healthy, detail: "fine", version: "v1", uid: "uid", at: noon}, thresholds)
	h = h.after(probe{finding: Offline, detail: "refused", at: noon.Add(10 * time.Second)}, thresholds)
	type facts struct{ Detail, Version, UID string }
	if diff := cmp.Diff(facts{"fine", "v1", "uid"}, facts{h.Detail, h.Version, string(h.UID)}); diff != "" {
		t.Errorf("one failure (-want +got):\n%s", diff)
	}
	h = h.after(probe{finding: Offline, detail: "refused", at: noon.Add(20 * time.Second)}, thresholds)
	if diff := cmp.Diff(facts{"refused", "v1", "uid"}, facts{h.Detail, h.Version, string(h.UID)}); diff != "" {
		t.Errorf("who it is and was does not change because it is away (-want +got):\n%s", diff)
	}
}

// What is smoothed may lag behind the probes, and never invents anything.
func TestHealthFollowsTheProbes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		thresholds := Thresholds{Period: 10 * time.Second, Failure: rapid.IntRange(1, 4).Draw(t, "failure"), Success: rapid.IntRange(1, 4).Draw(t, "success")}
		var h Health
		at, same := noon, 0
		var last Finding
		for _, f := range rapid.SliceOfN(rapid.SampledFrom([]Finding{Healthy, Unhealthy, Offline, Stranger}), 1, 20).Draw(t, "findings") {
			at = at.Add(thresholds.Period)
			before := h
			h = h.after(probe{finding: f, at: at}, thresholds)
			if same++; (f == Healthy) != (last == Healthy) || last == Unprobed {
				same = 1
			}
			last = f
			needed := thresholds.Failure
			if f == Healthy {
				needed = thresholds.Success
			}
			switch {
			case h.Finding != before.Finding && h.Finding != f:
				t.Fatalf("%d after a probe that found %d", h.Finding, f)
			case same >= needed && h.Finding != f:
				t.Fatalf("%d after %d probes that found otherwise", h.Finding, same)
			case f == Stranger && h.Finding != Stranger:
				t.Fatal("a stranger was met and is not refused")
			case before.Finding == Healthy && h.Finding != Healthy && same < needed && f != Stranger:
				t.Fatalf("not ready after %d failures of %d", same, needed)
			}
		}
	})
}
