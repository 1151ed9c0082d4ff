package conformance

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const (
	begin   = `SpecSuiteWillBegin {"config": {}, "suite-summary": {"NumberOfSpecsThatWillBeRun": 2}}`
	good    = `SpecDidComplete {"ComponentTexts": ["[Top Level]", "Federate ", "is good"], "State": 3, "RunTime": 1500000000}`
	bad     = `SpecDidComplete {"ComponentTexts": ["[Top Level]", "is bad"], "State": 4, "Failure": {"Message": "no", "Location": {"FileName": "a.go", "LineNumber": 7}}}`
	without = `SpecDidComplete {"ComponentTexts": ["[Top Level]", "is left out"], "State": 2}`
	skips   = `SpecDidComplete {"ComponentTexts": ["[Top Level]", "skips itself"], "State": 2, "Failure": {"Message": "not here", "Location": {"FileName": "b.go", "LineNumber": 1}}}`
	pending = `SpecDidComplete {"ComponentTexts": ["[Top Level]", "is switched off"], "State": 1}`
	end     = `SpecSuiteDidEnd {}`
)

func TestReceiver(t *testing.T) {
	crash := errors.New("exit status 2")
	cases := map[string]struct {
		reports []string
		cause   error
		want    string
	}{
		"every spec has its result": {
			reports: []string{begin, good, bad, end}, cause: errors.New("exit status 1"),
			want: "passed: Federate is good (1.5s)\nfailed: is bad (0s) a.go:7: no",
		},
		"what we leave out is no result, what skips itself or is switched off is": {
			reports: []string{begin, without, good, skips, pending, end},
			want:    "passed: Federate is good (1.5s)\nskipped: skips itself (0s) b.go:1: not here\nskipped: is switched off (0s)",
		},
		"a crash is the failure of the spec that ran": {
			reports: []string{begin, good, `SpecWillRun {"ComponentTexts": ["[Top Level]", "crashes"]}`}, cause: crash,
			want: "passed: Federate is good (1.5s)\n" +
				"failed: crashes (0s) the suite ended after 1 of 2 specs: exit status 2\n" +
				"failed: the suite runs to its end (0s) the suite ended after 1 of 2 specs: exit status 2",
		},
		"specs that are switched off do not hide a missing one": {
			reports: []string{begin, good, pending, end},
			want: "passed: Federate is good (1.5s)\nskipped: is switched off (0s)\n" +
				"failed: the suite runs to its end (0s) the suite ended after 1 of 2 specs: <nil>",
		},
		"a suite that never began": {
			cause: crash, want: "failed: the suite runs to its end (0s) the suite ended after 0 of 0 specs: exit status 2",
		},
		"what runs before the specs fails": {
			reports: []string{`BeforeSuiteDidRun {"State": 4, "Failure": {"Message": "no clusters", "Location": {"FileName": "c.go"}}}`, `AfterSuiteDidRun {"State": 3}`, end},
			want:    "failed: BeforeSuite (0s) c.go:0: no clusters",
		},
		"a report that cannot be read": {
			reports: []string{"SpecDidComplete {", end}, want: "failed: report /SpecDidComplete (0s) unexpected EOF",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := &receiver{log: io.Discard}
			for _, report := range c.reports {
				path, body, _ := strings.Cut(report, " ")
				r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/"+path, strings.NewReader(body)))
			}
			if got := describe(r.finish(c.cause)); got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

func describe(results []result) string {
	var lines []string
	for _, r := range results {
		lines = append(lines, strings.TrimSpace(string(r.outcome)+": "+r.spec+" ("+r.took.String()+") "+r.why))
	}
	return strings.Join(lines, "\n")
}

func TestTable(t *testing.T) {
	table := &table{}
	table.add("Namespaced", []result{{spec: "b", outcome: skipped}, {spec: "a", outcome: passed, took: time.Second}})
	table.add("Cluster", []result{{spec: "b", outcome: passed, took: 2 * time.Second}, {spec: "c", outcome: failed}})
	table.add("Cluster", []result{{spec: "b", outcome: failed, took: 12 * time.Second}, {spec: "c", outcome: failed}})
	want := `SCOPE       RESULT         SECONDS  SPEC
Cluster     failed 1 of 2  12.0     b
Cluster     failed         0.0      c
Namespaced  passed         1.0      a
Namespaced  skipped        0.0      b
conformance: 2 passed, 3 failed, 1 skipped
`
	if got := table.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestAPartKeepsItsOwnFilters(t *testing.T) {
	got := strings.Join(run{kubeconfig: "k"}.args(settings{focus: "Leader", manager: manager{answers: true}}.narrow(part{flags: []string{"-x"}, skip: []string{"Placement"}}), "http://here"), " ")
	want := "-kubeconfig=k -single-call-timeout=1m0s -ginkgo.v -ginkgo.noColor -ginkgo.parallel.streamhost=http://here -test.timeout=0" +
		" -x -ginkgo.focus=Leader -ginkgo.skip=Placement -ginkgo.skip=" + leftOut
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
