package report_test

import (
	"strings"
	"testing"

	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// What is written about drift is read again, by whoever shows it.
func TestDriftIsReadAsItWasWritten(t *testing.T) {
	tests := map[string]struct {
		why, member, field, culprit, want string
	}{
		"by somebody": {why: "managers have names", member: "a", field: "spec.replicas", culprit: "kubectl: edit", want: `spec.replicas was changed by "kubectl: edit", and is put back`},
		"by nobody":   {why: "who removed a field is not always known", member: "a.b", field: "data", want: "data was changed, and is put back"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			e := report.DriftOf(fleet.Name(tc.member), tc.field, tc.culprit)
			member, what, ok := report.DriftIn(e.Message)
			if !ok || string(member) != tc.member || what != tc.want || e.Reason != report.EventDriftCorrected || e.Warning {
				t.Errorf("%+v reads as %q, %q, %v, because %s", e, member, what, ok, tc.why)
			}
		})
	}
	if e := report.DriftOf("a", strings.Repeat("x", 5000), ""); len(e.Message) > 512 {
		t.Errorf("the message has %d bytes", len(e.Message))
	}
}
