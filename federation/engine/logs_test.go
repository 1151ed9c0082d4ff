package engine

import (
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

// logged has the engine's log at a verbosity written to the lines that are returned.
func logged(e *Engine, verbosity int) *[]string {
	lines := &[]string{}
	e.log = funcr.New(func(_, args string) { *lines = append(*lines, args) }, funcr.Options{Verbosity: verbosity})
	return lines
}

func TestWhatIsLoggedOfAnAttempt(t *testing.T) {
	tests := map[string]struct {
		why     string
		attempt telemetry.Attempt
		quiet   string // at verbosity 0
		loud    string // at verbosity 1
	}{
		"a removal":       {why: "somebody will ask", attempt: telemetry.Attempt{Verb: plan.Delete, Reason: plan.Unplaced}, quiet: "copy deleted", loud: "copy deleted"},
		"a release":       {why: "the same", attempt: telemetry.Attempt{Verb: plan.Release, Reason: plan.ObjectDeleting}, quiet: "copy released", loud: "copy released"},
		"drift":           {why: "somebody's change was undone", attempt: telemetry.Attempt{Verb: plan.Apply, Reason: plan.Drifted, Drift: true, Culprit: "kubectl-edit"}, quiet: `"by"="kubectl-edit"`, loud: "drift corrected"},
		"an edit":         {why: "thousands of them are no news", attempt: telemetry.Attempt{Verb: plan.Apply, Reason: plan.Edited}, loud: "copy applied"},
		"one that failed": {why: "how to go on is said with it", attempt: telemetry.Attempt{Verb: plan.Delete, Result: fault.Rejected}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			e, _ := newEngine(t)
			for verbosity, want := range []string{tc.quiet, tc.loud} {
				lines := logged(e, verbosity)
				e.logAttempt(&tc.attempt, "spec.replicas")
				got := strings.Join(*lines, "\n")
				if (want == "") != (got == "") || !strings.Contains(got, want) {
					t.Errorf("at %d: %q, want %q: %s", verbosity, got, want, tc.why)
				}
			}
		})
	}
}

func TestARefusalIsLoggedOnce(t *testing.T) {
	e, _ := newEngine(t)
	lines := logged(e, 0)
	ms := newMemberState(t)
	for attempt := 1; attempt <= 3; attempt++ {
		e.logRefusal(ms, web, trouble{attempts: attempt}, fault.Fault{Class: fault.Rejected})
		e.logRefusal(ms, web, trouble{attempts: attempt}, fault.Fault{Class: fault.Conflict})
	}
	if len(*lines) != 1 {
		t.Errorf("%d lines: %v", len(*lines), *lines)
	}
}

func TestWhatAMemberSaysOfASecretIsWithheld(t *testing.T) {
	e, _ := newEngine(t)
	e.types["secrets"] = &typeState{kind: fleet.Type{Name: "secrets", Target: fleet.Resource{Kind: "Secret"}}}
	e.types["configmaps"] = &typeState{kind: fleet.Type{Name: "configmaps", Target: fleet.Resource{Kind: "ConfigMap"}}}
	const said = `.data.password: expected string, got 12345`
	status := report.Status{Clusters: []report.Cluster{{Name: "a", Message: said}, {Name: "b"}}}
	if got := withoutMessages(status).Clusters; got[0].Message != withheld || got[1].Message != "" {
		t.Errorf("in an event: %+v", got)
	}
	for _, tc := range []struct {
		of   fleet.TypeName
		want string
	}{{"secrets", withheld}, {"configmaps", said}, {"stopped", withheld}} {
		if got := e.sayable(tc.of, said); got != tc.want {
			t.Errorf("of %s: %q, want %q", tc.of, got, tc.want)
		}
	}
	if status.Clusters[0].Message != said {
		t.Error("the status itself was changed: it is to say what the member said")
	}
}
