package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// The condition about overrides comes and goes with what there is to say, and changes nothing else.
func TestOverridesCondition(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	summarize := func(before report.Published, now time.Time, remarks ...string) report.Status {
		return report.Summarize(report.Input{Object: &fleet.FederatedObject{Generation: 1}, Overrides: remarks, Before: before, Now: now}).Status
	}
	plain := summarize(report.Published{}, at)
	warned := summarize(report.Digest(plain), at.Add(time.Hour), "one", "two", "three", "four")
	if len(plain.Conditions) != 1 || len(warned.Conditions) != 2 {
		t.Fatalf("%d and %d conditions", len(plain.Conditions), len(warned.Conditions))
	}
	want := report.Condition{
		Type: report.ConditionOverrides, Status: "False", Reason: report.ReasonIneffectiveOverrides, Message: "one; two; three; and 1 more",
		LastUpdateTime: "2026-01-02T04:04:05Z", LastTransitionTime: "2026-01-02T04:04:05Z",
	}
	if diff := cmp.Diff(want, warned.Conditions[1]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(plain.Conditions[0].LastTransitionTime, warned.Conditions[0].LastTransitionTime); diff != "" || warned.Conditions[0].Status != "True" {
		t.Errorf("the condition Propagation moved:\n%s", diff)
	}
	// The same again is the same, times included: nothing would be written.
	again := summarize(report.Digest(warned), at.Add(2*time.Hour), "one", "two", "three", "four")
	if diff := cmp.Diff(warned, again); diff != "" {
		t.Errorf("at rest (-before +after):\n%s", diff)
	}
	if report.Digest(warned).Content == report.Digest(plain).Content {
		t.Error("the warning would never be written")
	}
	if gone := summarize(report.Digest(warned), at.Add(2*time.Hour)); len(gone.Conditions) != 1 {
		t.Errorf("the condition stays: %+v", gone.Conditions)
	}
	if long := summarize(report.Published{}, at, strings.Repeat("x", 2000)); len(long.Conditions[1].Message) > 512 {
		t.Errorf("the message has %d bytes", len(long.Conditions[1].Message))
	}
}
