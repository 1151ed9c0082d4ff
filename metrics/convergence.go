package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/telemetry"
)

// convergence are the metrics of how long an edit takes.
type convergence struct {
	edits                             *prometheus.CounterVec
	ofCopy, ofObject, ofMember, stage *prometheus.HistogramVec

	traceID func(types.UID, int64) string
}

// buckets reach from one request to a member that was away for half an hour.
func buckets() []float64 {
	return []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800}
}

func newConvergence(c *catalogue, traceID func(types.UID, int64) string) convergence {
	c.section = "Convergence"
	v := convergence{traceID: traceID}
	v.edits = c.counter("fedsync_edits_total", "New versions of federated objects that the host's watch told of.", "type")
	v.ofCopy = c.histogram("fedsync_copy_convergence_seconds", "From when an edit was heard of until a member has it: one for each copy.", buckets())
	v.ofObject = c.histogram("fedsync_object_convergence_seconds", "From when an edit was heard of until every member has it and the status on the host says so.", buckets(), "type")
	v.stage = c.histogram("fedsync_convergence_stage_seconds", "Where the time of an edit goes: one for each copy and stage, one for each object for confirm.", buckets(), "stage")
	v.ofMember = c.histogramOf(nativeBucketsOfMember, "fedsync_member_convergence_seconds", "The same as fedsync_copy_convergence_seconds, for each member.", []float64{1, 5, 30}, "member")
	return v
}

// Stages of an edit.
const (
	stageWatch   = "watch"   // from the watch's word until the copies are in their members' queues; for a new object that includes the finalizer
	stageQueue   = "queue"   // until a worker of the member took it first; that includes the absence of the member, and of the copy's namespace
	stageRetry   = "retry"   // until it was taken for the attempt that succeeded, if others failed before
	stageRender  = "render"  // until the request was made
	stageRequest = "request" // until the member answered
	stageConfirm = "confirm" // from the last member's answer until the status was written
)

// begin makes the series that start from zero when the work does.
func (v *convergence) begin() {
	v.ofCopy.WithLabelValues()
	for _, stage := range []string{stageWatch, stageQueue, stageRetry, stageRender, stageRequest, stageConfirm} {
		v.stage.WithLabelValues(stage)
	}
}

func (v *convergence) attempted(a telemetry.Attempt) {
	if !a.ByEdit || a.Heard.IsZero() || a.Result != fault.None || a.Verb != plan.Apply && a.Verb != plan.Create {
		return
	}
	example := v.exampleOf(&a.Edit)
	observe(v.ofCopy.WithLabelValues(), a.Heard, a.Answered, example)
	observe(v.ofMember.WithLabelValues(string(a.Member)), a.Heard, a.Answered, example)
	observe(v.stage.WithLabelValues(stageWatch), a.Heard, a.Queued, example)
	observe(v.stage.WithLabelValues(stageQueue), a.Queued, a.First, example)
	if a.Number > 1 {
		observe(v.stage.WithLabelValues(stageRetry), a.First, a.Taken, example)
	}
	observe(v.stage.WithLabelValues(stageRender), a.Taken, a.Sent, example)
	observe(v.stage.WithLabelValues(stageRequest), a.Sent, a.Answered, example)
}

func (v *convergence) settled(s telemetry.Settlement) {
	if s.Heard.IsZero() {
		return
	}
	example := v.exampleOf(&s.Edit)
	observe(v.ofObject.WithLabelValues(string(s.Object.Type)), s.Heard, s.Confirmed, example)
	if !s.Applied.IsZero() {
		observe(v.stage.WithLabelValues(stageConfirm), s.Applied, s.Confirmed, example)
	}
}

// exampleOf names the edit's trace, nil if it has none.
func (v *convergence) exampleOf(e *telemetry.Edit) prometheus.Labels {
	if v.traceID == nil {
		return nil
	}
	if id := v.traceID(e.UID, e.Generation); id != "" {
		return prometheus.Labels{"trace_id": id}
	}
	return nil
}

// observe counts a duration in seconds, with an example if there is one.
func observe(o prometheus.Observer, from, to time.Time, example prometheus.Labels) {
	seconds := max(to.Sub(from), 0).Seconds()
	if with, ok := o.(prometheus.ExemplarObserver); ok && example != nil {
		with.ObserveWithExemplar(seconds, example)
		return
	}
	o.Observe(seconds)
}
