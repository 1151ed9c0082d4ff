package tracing_test

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/tracing"
)

// What `printf '%s/%d' 5b3c1f6e-0d5c-4c0e-9a53-3f9d2c1b7a10 7 | sha256sum` prints: 32 digits for the trace, 16 for the root.
const (
	webTrace = "b54ae6f58ad2f11b09490bf7cb5f6497"
	webRoot  = "0b66e1732e6fff52"
)

func web() telemetry.Edit {
	return telemetry.Edit{
		Object: fleet.ObjectKey{Type: "deployments.apps", Namespace: "shop", Name: "web"},
		UID:    "5b3c1f6e-0d5c-4c0e-9a53-3f9d2c1b7a10", Generation: 7, Heard: ms(0),
	}
}

// ms returns the time so many milliseconds after the edit.
func ms(n int) time.Time {
	return time.Date(2026, 8, 1, 12, 0, 0, 123456789, time.UTC).Add(time.Duration(n) * time.Millisecond)
}

func applied() telemetry.Attempt {
	return telemetry.Attempt{
		Edit: web(), Member: "berlin", Verb: plan.Apply, Reason: plan.Edited, Number: 1, ByEdit: true,
		Queued: ms(1), Taken: ms(251), Sent: ms(253), Answered: ms(260),
	}
}

func settled() telemetry.Settlement {
	return telemetry.Settlement{Edit: web(), Members: 3, Applied: ms(260), Confirmed: ms(275)}
}

// with returns the value after a change.
func with[T any](value T, change func(*T)) T {
	change(&value)
	return value
}

func TestSpans(t *testing.T) {
	t.Parallel()

	edit := func(more map[string]any) map[string]any {
		all := map[string]any{
			"fedsync.type": "deployments.apps", "k8s.namespace.name": "shop", "fedsync.name": "web",
			"fedsync.uid": "5b3c1f6e-0d5c-4c0e-9a53-3f9d2c1b7a10", "fedsync.generation": int64(7),
		}
		maps.Copy(all, more)
		return all
	}
	attempt := func(more map[string]any) map[string]any {
		all := edit(map[string]any{
			"fedsync.member": "berlin", "fedsync.reason": "Edited", "fedsync.attempt": int64(1), "fedsync.by_edit": true,
			"fedsync.result": "ok", "fedsync.queue_seconds": 0.25,
		})
		maps.Copy(all, more)
		return all
	}
	apply := received{
		Trace: webTrace, ID: "some", Parent: webRoot, Name: "apply copy", Kind: tracev1.Span_SPAN_KIND_CLIENT,
		Start: ms(251), End: ms(260), Attributes: attempt(nil), Events: map[string]time.Time{"sent": ms(253)},
	}
	root := received{
		Trace: webTrace, ID: webRoot, Name: "edit", Kind: tracev1.Span_SPAN_KIND_INTERNAL, Start: ms(0), End: ms(275),
		Attributes: edit(map[string]any{"fedsync.members": int64(3), "fedsync.heard": true}),
	}
	confirm := received{
		Trace: webTrace, ID: "some", Parent: webRoot, Name: "confirm", Kind: tracev1.Span_SPAN_KIND_INTERNAL,
		Start: ms(260), End: ms(275), Attributes: edit(nil),
	}

	tests := map[string]struct {
		why         string
		attempts    []telemetry.Attempt
		settlements []telemetry.Settlement
		want        []received
	}{
		"an edit that one member needed": {
			why:      "the attempt is below the root, although the root is told of later",
			attempts: []telemetry.Attempt{applied()}, settlements: []telemetry.Settlement{settled()},
			want: []received{apply, confirm, root},
		},
		"an edit that nobody needed": {
			why:         "without an apply there is nothing to confirm",
			settlements: []telemetry.Settlement{with(settled(), func(s *telemetry.Settlement) { s.Applied = time.Time{} })},
			want:        []received{root},
		},
		"an edit that is older than the process": {
			why: "the last apply is the first that is known of it",
			settlements: []telemetry.Settlement{
				with(settled(), func(s *telemetry.Settlement) { s.Heard = time.Time{} }),
			},
			want: []received{confirm, with(root, func(r *received) {
				r.Start = ms(260)
				r.Attributes = edit(map[string]any{"fedsync.members": int64(3), "fedsync.heard": false})
			})},
		},
		"an old edit that nobody needed": {
			why: "it was found done: a point in time",
			settlements: []telemetry.Settlement{
				with(settled(), func(s *telemetry.Settlement) { s.Heard, s.Applied = time.Time{}, time.Time{} }),
			},
			want: []received{with(root, func(r *received) {
				r.Start = ms(275)
				r.Attributes = edit(map[string]any{"fedsync.members": int64(3), "fedsync.heard": false})
			})},
		},
		"an attempt that failed": {
			why: "the class of the error is told, and no text of a server",
			attempts: []telemetry.Attempt{with(applied(), func(a *telemetry.Attempt) {
				a.Verb, a.Reason, a.Number, a.Result = plan.Create, plan.Missing, 4, fault.TimedOut
			})},
			want: []received{with(apply, func(r *received) {
				r.Name, r.Failed, r.Status = "create copy", true, "timed_out"
				r.Attributes = attempt(map[string]any{
					"fedsync.reason": "Missing", "fedsync.attempt": int64(4), "fedsync.result": "timed_out",
				})
			})},
		},
		"drift": {
			why: "it belongs to the version that it is put back to, and who did it is told",
			attempts: []telemetry.Attempt{with(applied(), func(a *telemetry.Attempt) {
				a.Reason, a.ByEdit, a.Culprit = plan.Drifted, false, "kubectl-edit"
			})},
			want: []received{with(apply, func(r *received) {
				r.Attributes = attempt(map[string]any{
					"fedsync.reason": "Drifted", "fedsync.by_edit": false, "fedsync.culprit": "kubectl-edit",
				})
			})},
		},
		"an attempt whose beginnings are unknown": {
			why: "it begins with its request, and nothing is said of a queue",
			attempts: []telemetry.Attempt{with(applied(), func(a *telemetry.Attempt) {
				a.Queued, a.Taken = time.Time{}, time.Time{}
			})},
			want: []received{with(apply, func(r *received) {
				r.Start, r.Events = ms(253), nil
				r.Attributes = attempt(nil)
				delete(r.Attributes, "fedsync.queue_seconds")
			})},
		},
		"an object without a namespace": {
			why: "an empty word says nothing",
			attempts: []telemetry.Attempt{with(applied(), func(a *telemetry.Attempt) {
				a.Object.Namespace = ""
			})},
			want: []received{with(apply, func(r *received) {
				r.Attributes = attempt(nil)
				delete(r.Attributes, "k8s.namespace.name")
			})},
		},
		"a clock that was set back": {
			why: "no span ends before it begins",
			attempts: []telemetry.Attempt{with(applied(), func(a *telemetry.Attempt) {
				a.Queued, a.Answered = ms(300), ms(240)
			})},
			want: []received{with(apply, func(r *received) {
				r.End = r.Start
				r.Attributes = attempt(map[string]any{"fedsync.queue_seconds": 0.})
			})},
		},
		"facts without times": {
			why:         "they are no facts, and now is not when it was",
			attempts:    []telemetry.Attempt{{Edit: web()}, {Edit: web(), Sent: ms(1)}, {Edit: web(), Answered: ms(1)}},
			settlements: []telemetry.Settlement{{Edit: web()}},
		},
	}

	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c := collect(t, nil)
			tracer := started(t, tracing.Options{Endpoint: c.URL, SampleRatio: 1})
			for _, a := range tc.attempts {
				tracer.Attempted(a)
			}
			for _, s := range tc.settlements {
				tracer.Settled(s)
			}
			if err := tracer.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}

			got, _ := c.all()
			for i := range got {
				if got[i].Parent != "" && got[i].ID != webRoot {
					got[i].ID = "some" // TestAnotherProcess looks at those
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.why, diff)
			}
		})
	}
}

func TestVerbs(t *testing.T) {
	t.Parallel()

	c := collect(t, nil)
	tracer := started(t, tracing.Options{Endpoint: c.URL, SampleRatio: 1})
	for _, verb := range []plan.Verb{plan.Create, plan.Apply, plan.Delete, plan.Release, plan.Wait} {
		tracer.Attempted(with(applied(), func(a *telemetry.Attempt) { a.Verb = verb }))
	}
	if err := tracer.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	var names []string
	spans, _ := c.all()
	for _, s := range spans {
		names = append(names, s.Name)
	}
	if diff := cmp.Diff([]string{"apply copy", "create copy", "delete copy", "look at copy", "release copy"}, names); diff != "" {
		t.Errorf("a span is named by its verb alone, so that a backend can group them (-want +got):\n%s", diff)
	}
}

func TestResults(t *testing.T) {
	t.Parallel()

	c := collect(t, nil)
	tracer := started(t, tracing.Options{Endpoint: c.URL, SampleRatio: 1})
	for class := fault.None; class <= fault.NamespaceTerminating; class++ {
		tracer.Attempted(with(applied(), func(a *telemetry.Attempt) { a.Result, a.Taken = class, ms(int(class)) }))
	}
	if err := tracer.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	var results []any
	spans, _ := c.all()
	for _, s := range spans {
		results = append(results, s.Attributes["fedsync.result"])
	}
	want := []any{
		"ok", "retry", "conflict", "overloaded", "unreachable", "timed_out", "unauthorized", "forbidden", "rejected", "exists", "absent",
		"type_missing", "namespace_missing", "namespace_terminating",
	}
	if diff := cmp.Diff(want, results); diff != "" {
		t.Errorf("each class has a word of its own (-want +got):\n%s", diff)
	}
}

func TestAnotherProcess(t *testing.T) {
	t.Parallel()

	c := collect(t, nil)
	for range 2 {
		tracer := started(t, tracing.Options{Endpoint: c.URL, SampleRatio: 1})
		tracer.Attempted(applied())
		tracer.Attempted(with(applied(), func(a *telemetry.Attempt) { a.Member = "tokyo" }))
		tracer.Settled(settled())
		if err := tracer.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	told := map[string]int{}
	spans, requests := c.all()
	for _, s := range spans {
		if s.Trace != webTrace {
			t.Errorf("%s is in trace %s, not %s", s.Name, s.Trace, webTrace)
		}
		told[s.ID]++
	}
	if requests != 2 || len(spans) != 8 || len(told) != 4 {
		t.Errorf("want 4 spans, each of two processes: got %d requests, %d spans, %v", requests, len(spans), told)
	}
}
