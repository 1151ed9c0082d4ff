package tracing_test

import (
	"cmp"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/fedsync/fedsync/tracing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// received is a span as the collector got it.
type received struct {
	Trace, ID, Parent, Name string
	Kind                    tracev1.Span_SpanKind
	Start, End              time.Time
	Attributes              map[string]any
	Events                  map[string]time.Time
	Failed                  bool
	Status                  string
}

// collector takes spans by OTLP over HTTP, or does with a request what answer does.
type collector struct {
	*httptest.Server

	answer func(http.ResponseWriter, *http.Request)

	mu       sync.Mutex
	requests []*http.Request
	process  map[string]any
	spans    []received
}

func collect(t *testing.T, answer func(http.ResponseWriter, *http.Request)) *collector {
	t.Helper()
	c := &collector{answer: answer}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(r.Body) // what is none cannot be read
	}
	var asked collectorv1.ExportTraceServiceRequest
	content, err := io.ReadAll(body)
	if err == nil {
		err = proto.Unmarshal(content, &asked)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	c.requests = append(c.requests, r)
	c.mu.Unlock()
	if c.answer != nil {
		c.answer(w, r)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range asked.GetResourceSpans() {
		c.process = attributes(resource.GetResource().GetAttributes())
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans = append(c.spans, read(s))
			}
		}
	}
}

// all returns the spans in the order of their names, starts and IDs, and how many requests brought them.
func (c *collector) all() ([]received, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.SortFunc(c.spans, func(a, b received) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID))
	})
	return c.spans, len(c.requests)
}

func read(s *tracev1.Span) received {
	r := received{
		Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
		Name: s.GetName(), Kind: s.GetKind(), Start: at(s.GetStartTimeUnixNano()), End: at(s.GetEndTimeUnixNano()),
		Attributes: attributes(s.GetAttributes()),
		Failed:     s.GetStatus().GetCode() == tracev1.Status_STATUS_CODE_ERROR, Status: s.GetStatus().GetMessage(),
	}
	for _, e := range s.GetEvents() {
		if r.Events == nil {
			r.Events = map[string]time.Time{}
		}
		r.Events[e.GetName()] = at(e.GetTimeUnixNano())
	}
	return r
}

func at(nanoseconds uint64) time.Time { return time.Unix(0, int64(nanoseconds)).UTC() }

func attributes(of []*commonv1.KeyValue) map[string]any {
	read := map[string]any{}
	for _, a := range of {
		switch value := a.GetValue().GetValue().(type) {
		case *commonv1.AnyValue_StringValue:
			read[a.GetKey()] = value.StringValue
		case *commonv1.AnyValue_BoolValue:
			read[a.GetKey()] = value.BoolValue
		case *commonv1.AnyValue_IntValue:
			read[a.GetKey()] = value.IntValue
		case *commonv1.AnyValue_DoubleValue:
			read[a.GetKey()] = value.DoubleValue
		default:
			read[a.GetKey()] = fmt.Sprint(value)
		}
	}
	return read
}

// started returns a tracer that is stopped with the test, whatever it has still to send.
func started(t *testing.T, o tracing.Options) *tracing.Tracer {
	t.Helper()
	tracer, err := tracing.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tracer.Shutdown(t.Context()) }) // t's context is over by then
	return tracer
}

// lines is what was logged.
type lines struct {
	mu   sync.Mutex
	text []string
}

func (l *lines) logger() logr.Logger {
	return funcr.New(func(_, line string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.text = append(l.text, line)
	}, funcr.Options{})
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.text)
}
