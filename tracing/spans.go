package tracing

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/telemetry"
)

// The attributes of spans. docs/tracing.md explains them.
const (
	keyType       = attribute.Key("fedsync.type")
	keyNamespace  = attribute.Key("k8s.namespace.name")
	keyName       = attribute.Key("fedsync.name")
	keyUID        = attribute.Key("fedsync.uid")
	keyGeneration = attribute.Key("fedsync.generation")

	keyMember  = attribute.Key("fedsync.member")
	keyReason  = attribute.Key("fedsync.reason")
	keyNumber  = attribute.Key("fedsync.attempt")
	keyByEdit  = attribute.Key("fedsync.by_edit")
	keyResult  = attribute.Key("fedsync.result")
	keyQueued  = attribute.Key("fedsync.queue_seconds")
	keyCulprit = attribute.Key("fedsync.culprit")

	keyMembers = attribute.Key("fedsync.members")
	keyHeard   = attribute.Key("fedsync.heard")
)

// Heard does nothing: an edit is told when it is over, and its copies when they were asked for.
func (*Tracer) Heard(telemetry.Edit) {}

// Attempted makes a span of an attempt, below the root of its edit, be it the cause or not. The root may come later or never.
// Without the times of its start and end there is no span.
func (t *Tracer) Attempted(a telemetry.Attempt) {
	start := first(a.Taken, a.Sent)
	root, ok := t.admit(a.Edit, start, a.Answered)
	if !ok {
		return
	}
	name := nameOf(a.Verb)
	s := span{
		name: name, identity: root.child(name, a.Member, start), kind: trace.SpanKindClient,
		start: start, end: a.Answered, result: a.Result,
		attributes: append(describeEdit(a.Edit),
			keyMember.String(string(a.Member)),
			keyReason.String(string(a.Reason)),
			keyNumber.Int(a.Number),
			keyByEdit.Bool(a.ByEdit),
			keyResult.String(a.Result.String()),
		),
	}
	if !a.Queued.IsZero() && !a.Taken.IsZero() {
		s.attributes = append(s.attributes, keyQueued.Float64(max(0, a.Taken.Sub(a.Queued)).Seconds()))
	}
	if a.Culprit != "" {
		s.attributes = append(s.attributes, keyCulprit.String(a.Culprit))
	}
	if !a.Taken.IsZero() {
		s.sent = a.Sent
	}
	t.emit(root, s)
}

// Settled makes the root span of the edit, and one below it of the time until the host's status said that all is done. Without
// the time of that there is none.
func (t *Tracer) Settled(s telemetry.Settlement) {
	start := first(s.Heard, s.Applied, s.Confirmed)
	root, ok := t.admit(s.Edit, start, s.Confirmed)
	if !ok {
		return
	}
	t.emit(root, span{
		name: "edit", identity: root, kind: trace.SpanKindInternal, start: start, end: s.Confirmed,
		attributes: append(describeEdit(s.Edit), keyMembers.Int(s.Members), keyHeard.Bool(!s.Heard.IsZero())),
	})
	if s.Applied.IsZero() || !t.sender.admit() {
		return
	}
	t.emit(root, span{
		name: "confirm", identity: root.child("confirm", "", s.Applied), kind: trace.SpanKindInternal,
		start: s.Applied, end: s.Confirmed, attributes: describeEdit(s.Edit),
	})
}

// admit tells whether a span of the edit is to be made, and the identity of its root if so. It costs nothing but a hash if
// not, and less if nothing is sampled at all.
func (t *Tracer) admit(e telemetry.Edit, start, end time.Time) (identity, bool) {
	if t == nil || t.stopped.Load() || start.IsZero() || end.IsZero() {
		return identity{}, false
	}
	root := identify(e.UID, e.Generation)
	return root, t.samples(root) && t.sender.admit()
}

// span is all about a span that is over. It is the root's if its identity is.
type span struct {
	identity

	name       string
	kind       trace.SpanKind
	start, end time.Time
	// sent is when the request went out, zero for nothing to tell.
	sent       time.Time
	result     fault.Class
	attributes []attribute.KeyValue
}

// emit hands the span to the batch processor. It must have been admitted.
func (t *Tracer) emit(root identity, s span) {
	ctx := s.with(t.base)
	if s.identity != root {
		ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: root.trace, SpanID: root.span, TraceFlags: trace.FlagsSampled,
		}))
	}
	_, made := t.tracer.Start(ctx, s.name,
		trace.WithSpanKind(s.kind), trace.WithTimestamp(s.start), trace.WithAttributes(s.attributes...))
	if !s.sent.IsZero() {
		made.AddEvent("sent", trace.WithTimestamp(s.sent))
	}
	if s.result != fault.None {
		made.SetStatus(codes.Error, s.result.String())
	}
	if s.end.Before(s.start) { // a clock was set back; a span of negative length is dropped by some collectors
		s.end = s.start
	}
	made.End(trace.WithTimestamp(s.end))
}

func describeEdit(e telemetry.Edit) []attribute.KeyValue {
	const most = 12 // with what is appended

	described := append(make([]attribute.KeyValue, 0, most),
		keyType.String(string(e.Object.Type)),
		keyName.String(e.Object.Name),
		keyUID.String(string(e.UID)),
		keyGeneration.Int64(e.Generation),
	)
	if e.Object.Namespace != "" {
		described = append(described, keyNamespace.String(e.Object.Namespace))
	}
	return described
}

// first returns the first time that is known.
func first(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// nameOf returns the name of an attempt's span.
func nameOf(v plan.Verb) string {
	switch v {
	case plan.Create:
		return "create copy"
	case plan.Apply:
		return "apply copy"
	case plan.Delete:
		return "delete copy"
	case plan.Release:
		return "release copy"
	case plan.None, plan.Wait: // no requests; an engine that tells of one is heard all the same
	}
	return "look at copy"
}
