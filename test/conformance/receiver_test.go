package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// outcome is what became of a spec.
type outcome string

const (
	passed  outcome = "passed"
	failed  outcome = "failed"
	skipped outcome = "skipped"
)

// result is what one run of one spec came to.
type result struct {
	spec    string
	outcome outcome
	took    time.Duration
	// why is the failure, or the spec's reason to skip itself.
	why string
	// output is what the spec has said.
	output string
}

// receiver listens to one run of a suite, which reports over HTTP as Ginkgo does when its runs are spread over several
// processes: unlike a file, such reports also tell about a suite that crashes.
type receiver struct {
	log io.Writer

	mu      sync.Mutex
	results []result
	expects int // specs that are to run
	ran     int
	running string // spec
	ended   bool
}

// summary is what Ginkgo v1 says of a spec, or of what runs before and after all specs.
type summary struct {
	ComponentTexts []string // the first one is "[Top Level]"
	State          int
	RunTime        time.Duration
	Failure        struct {
		Message        string
		ForwardedPanic string
		Location       struct {
			FileName   string
			LineNumber int
		}
	}
	CapturedOutput string
}

// Ginkgo's numbers of the states.
const (
	statePending = 1 // a spec that its suite has switched off
	stateSkipped = 2
	statePassed  = 3
)

func (r *receiver) ServeHTTP(_ http.ResponseWriter, request *http.Request) {
	defer func() { _, _ = io.Copy(io.Discard, request.Body) }()
	r.mu.Lock()
	defer r.mu.Unlock()
	var said struct {
		summary

		Suite struct{ NumberOfSpecsThatWillBeRun int } `json:"suite-summary"` //nolint:tagliatelle // Ginkgo's word
	}
	if err := json.NewDecoder(request.Body).Decode(&said); err != nil {
		r.results = append(r.results, result{spec: "report " + request.URL.Path, outcome: failed, why: err.Error()})
		return
	}
	switch strings.Trim(request.URL.Path, "/") {
	case "SpecSuiteWillBegin":
		r.expects = said.Suite.NumberOfSpecsThatWillBeRun
	case "SpecWillRun":
		r.running = said.name()
	case "SpecDidComplete":
		r.running = ""
		r.completed(said.summary)
	case "BeforeSuiteDidRun":
		r.setUp("BeforeSuite", said.summary)
	case "AfterSuiteDidRun":
		r.setUp("AfterSuite", said.summary)
	case "SpecSuiteDidEnd":
		r.ended = true
	}
}

func (r *receiver) completed(s summary) {
	if s.leftOut() {
		return
	}
	if s.State != statePending {
		r.ran++
	}
	r.add(result{spec: s.name(), outcome: s.outcome(), took: s.RunTime, why: s.why(), output: s.CapturedOutput})
}

// setUp takes note of what runs around the specs only if it fails: it is no spec.
func (r *receiver) setUp(name string, s summary) {
	if s.State != statePassed {
		r.add(result{spec: name, outcome: failed, took: s.RunTime, why: s.why(), output: s.CapturedOutput})
	}
}

func (r *receiver) add(one result) {
	r.results = append(r.results, one)
	fmt.Fprintf(r.log, "=== %s\n%s\n--- %s after %.1f s: %s\n%s\n", one.spec, one.output, one.outcome, one.took.Seconds(), one.spec, one.why)
}

// finish returns all results, and a failure for each spec that is missing because the suite ended early.
func (r *receiver) finish(cause error) []result {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended && r.ran >= r.expects {
		return r.results
	}
	why := fmt.Sprintf("the suite ended after %d of %d specs: %v", r.ran, r.expects, cause)
	if r.running != "" {
		r.results = append(r.results, result{spec: r.running, outcome: failed, why: why})
		r.running = ""
	}
	return append(r.results, result{spec: "the suite runs to its end", outcome: failed, why: why})
}

func (s summary) name() string {
	if len(s.ComponentTexts) == 0 {
		return ""
	}
	return strings.Join(strings.Fields(strings.Join(s.ComponentTexts[1:], " ")), " ")
}

// leftOut tells a spec that we left out from one that skips itself, which gives a reason.
func (s summary) leftOut() bool { return s.State == stateSkipped && s.Failure.Message == "" }

func (s summary) outcome() outcome {
	switch s.State {
	case statePassed:
		return passed
	case stateSkipped, statePending:
		return skipped
	default:
		return failed
	}
}

func (s summary) why() string {
	if s.Failure.Message == "" {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%s:%d: %s %s", s.Failure.Location.FileName, s.Failure.Location.LineNumber, s.Failure.Message, s.Failure.ForwardedPanic))
}
