package tracing

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/trace"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/fleet"
)

// TraceIDOf returns the ID of an edit's trace, as 32 hexadecimal digits: the beginning of the SHA-256 of UID/GENERATION.
func TraceIDOf(uid types.UID, generation int64) string {
	return identify(uid, generation).trace.String()
}

// identity is what a span is called in its trace. Chance has no part in it: who tells the same fact twice, in whatever
// process, tells of one span.
type identity struct {
	trace trace.TraceID
	span  trace.SpanID
}

// identify returns the identity of an edit's root span.
func identify(uid types.UID, generation int64) identity {
	const room = 64 // for a UID of 36 characters, a slash and a number, so that nothing is allocated

	text := append(make([]byte, 0, room), uid...)
	text = append(text, '/')
	text = strconv.AppendInt(text, generation, 10)
	sum := sha256.Sum256(text)

	return identity{trace: trace.TraceID(sum[:16]), span: trace.SpanID(sum[16:24])}.valid()
}

// child returns the identity of a span below the root. A member has one request for a copy at a time, so its name and the
// time are enough.
func (id identity) child(name string, member fleet.Name, start time.Time) identity {
	const room = 128

	text := append(make([]byte, 0, room), id.trace[:]...)
	text = append(text, name...)
	text = append(text, '/')
	text = append(text, member...)
	text = append(text, '/')
	text = binary.BigEndian.AppendUint64(text, uint64(start.UnixNano()))
	sum := sha256.Sum256(text)

	return identity{trace: id.trace, span: trace.SpanID(sum[:8])}.valid()
}

// valid replaces IDs of zeros only, which mean that there is none.
func (id identity) valid() identity {
	if !id.trace.IsValid() {
		id.trace[len(id.trace)-1] = 1
	}
	if !id.span.IsValid() {
		id.span[len(id.span)-1] = 1
	}
	return id
}

type identityKey struct{}

// with returns a context in which the next span gets this identity.
func (id identity) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}

// identities is the IDGenerator of spans that were started in a context of identity.with.
type identities struct{}

func (identities) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	id, _ := ctx.Value(identityKey{}).(identity)
	return id.trace, id.span
}

func (identities) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	id, _ := ctx.Value(identityKey{}).(identity)
	return id.span
}
