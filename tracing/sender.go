package tracing

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"k8s.io/utils/clock"
)

// sender is an exporter that knows how many spans wait for it and how many were lost, and says so now and then. The batch
// processor alone would drop spans unseen, and hand errors to a handler that is one for the whole process.
type sender struct {
	next  sdktrace.SpanExporter
	life  context.Context //nolint:containedctx // of the requests that begin on the processor's goroutine; Tracer.abort ends it
	log   logr.Logger
	clock clock.PassiveClock

	// waiting are the spans that were admitted and neither sent nor lost.
	waiting, lost atomic.Int64

	mu sync.Mutex
	// told is how many of the lost ones were told of, and toldAt when the last were.
	told   int64
	toldAt time.Time
	// reason is why the last of those that were not told of were lost, or empty.
	reason string
	silent bool
}

// admit tells whether a span may be made, and counts it, as waiting or as lost.
func (s *sender) admit() bool {
	if s.waiting.Add(1) <= maxWaiting {
		return true
	}
	s.waiting.Add(-1)
	s.lost.Add(1)
	return false
}

// ExportSpans sends the spans or loses them. It always returns nil.
func (s *sender) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := s.send(ctx, spans)
	s.waiting.Add(-int64(len(spans)))
	if err != nil {
		s.lost.Add(int64(len(spans)))
	}
	s.tell(err)
	return nil
}

func (s *sender) send(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := s.life.Err(); err != nil {
		return err // without the work of encoding what cannot be sent
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)() //nolint:contextcheck // either of the two ends the request
	return s.next.ExportSpans(ctx, spans)
}

// Shutdown implements sdktrace.SpanExporter.
func (s *sender) Shutdown(ctx context.Context) error { return s.next.Shutdown(ctx) }

// tell logs what was lost, unless it has just done so. The error is that of the last batch, or nil.
func (s *sender) tell(err error) {
	const pause = time.Minute

	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.reason = brief(err)
	}
	lost, now := s.lost.Load(), s.clock.Now()
	if lost == s.told || s.silent || !s.toldAt.IsZero() && now.Sub(s.toldAt) < pause {
		return
	}
	s.log.Info("traces are incomplete", "spansLost", lost-s.told, "reason", s.why())
	s.told, s.toldAt, s.reason = lost, now, ""
}

func (s *sender) why() string {
	if s.reason == "" {
		return "the collector is slower than the edits"
	}
	return s.reason
}

// keepSilent leaves it to untold to say what is lost from now on.
func (s *sender) keepSilent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = true
}

// untold returns what was lost and not told of, as an error, or nil.
func (s *sender) untold() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	lost := s.lost.Load()
	if lost == s.told {
		return nil
	}
	err := fmt.Errorf("%d lost: %s", lost-s.told, s.why())
	s.told, s.reason = lost, ""
	return err
}

// brief returns the error's text in one short line: a collector may answer with a page.
func brief(err error) string {
	const most = 300

	text := []rune(strings.Join(strings.Fields(err.Error()), " "))
	if len(text) <= most {
		return string(text)
	}
	return string(text[:most]) + "..."
}
