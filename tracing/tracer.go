package tracing

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
)

const (
	// maxWaiting bounds the spans that are kept for the collector: less than 9 MB.
	maxWaiting = 2048
	// batchDelay is how long a span waits for others. Who has just made an edit wants to look at it.
	batchDelay = 2 * time.Second
	// requestTimeout bounds one request, exportTimeout one batch with all its repetitions.
	requestTimeout = 10 * time.Second
	exportTimeout  = 30 * time.Second
)

// Tracer makes spans of what the engine tells. It is safe for concurrent use, and none of its methods but Shutdown waits for
// anything. A nil Tracer traces nothing.
type Tracer struct {
	// base is the parent of the contexts in which spans are started. It has no part in their life.
	base    context.Context //nolint:containedctx // spans are made after the fact, when the contexts of the work are gone
	tracer  trace.Tracer
	sampler sdktrace.Sampler
	batches sdktrace.SpanProcessor
	sender  *sender
	// abort ends the requests under way.
	abort   context.CancelFunc
	stopped atomic.Bool
}

// New starts a tracer. It does not connect: a collector that is away now may come later. The context's values are used, not
// its end, so that spans can be flushed after it: see Shutdown.
func New(ctx context.Context, o Options) (*Tracer, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("set up tracing: %w", err)
	}
	described, err := describe(ctx, o.Version)
	if err != nil {
		return nil, fmt.Errorf("set up tracing: %w", err)
	}
	client, err := connect(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("set up tracing: %w", err)
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Log.GetSink() == nil {
		o.Log = logr.Discard()
	}

	base := context.WithoutCancel(ctx)
	life, abort := context.WithCancel(base)
	t := &Tracer{
		base:    base,
		sampler: sdktrace.TraceIDRatioBased(o.SampleRatio),
		sender:  &sender{next: client, life: life, log: o.Log, clock: o.Clock},
		abort:   abort,
	}
	t.batches = sdktrace.NewBatchSpanProcessor(t.sender,
		// All of these are set, or else the environment may say something else.
		sdktrace.WithMaxQueueSize(maxWaiting), // sender.admit sees to it that it is never full
		sdktrace.WithMaxExportBatchSize(sdktrace.DefaultMaxExportBatchSize),
		sdktrace.WithBatchTimeout(batchDelay),
		sdktrace.WithExportTimeout(exportTimeout),
	)
	t.tracer = sdktrace.NewTracerProvider(
		sdktrace.WithResource(described),
		sdktrace.WithIDGenerator(identities{}),
		sdktrace.WithSampler(t.sampler), // not ParentBased: the parent of a span may never have been made here
		sdktrace.WithSpanProcessor(t.batches),
	).Tracer("github.com/fedsync/fedsync/tracing", trace.WithInstrumentationVersion(o.Version))
	return t, nil
}

// describe says what process the spans come from. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say more or better.
func describe(ctx context.Context, version string) (*resource.Resource, error) {
	process := []attribute.KeyValue{attribute.String("service.name", "fedsyncd")}
	if version != "" {
		process = append(process, attribute.String("service.version", version))
	}
	described, err := resource.New(ctx,
		resource.WithTelemetrySDK(), resource.WithHost(), resource.WithAttributes(process...), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("describe this process: %w", err)
	}
	return described, nil
}

func connect(ctx context.Context, o Options) (*otlptrace.Exporter, error) {
	u, err := endpointOf(o.Endpoint)
	if err != nil {
		return nil, err
	}
	options := []otlptracehttp.Option{
		otlptracehttp.WithEndpointURL(u.String()), // which tells TLS by the scheme
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
		otlptracehttp.WithTimeout(requestTimeout),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{
			Enabled: true, InitialInterval: time.Second, MaxInterval: 5 * time.Second, MaxElapsedTime: exportTimeout,
		}),
	}
	if len(o.Headers) > 0 {
		options = append(options, otlptracehttp.WithHeaders(o.Headers))
	}
	client, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("make an exporter: %w", err)
	}
	return client, nil
}

// Shutdown sends what waits and ends everything. It returns when that is done or its context is: what is not sent by then is
// lost, which is an error. Facts that are told afterwards go nowhere.
func (t *Tracer) Shutdown(ctx context.Context) error {
	if t == nil {
		return nil
	}
	t.stopped.Store(true)
	t.sender.keepSilent()
	// Requests under way do not outlive the context. Those that ended are not hurt.
	defer t.abort()
	defer context.AfterFunc(ctx, t.abort)()
	// Not the provider's Shutdown, which leaves the processor running if the context is over already.
	if err := errors.Join(t.batches.Shutdown(ctx), t.sender.untold()); err != nil {
		return fmt.Errorf("flush spans: %w", err)
	}
	return nil
}

// TraceID returns the ID of the edit's trace, sampled or not, as TraceIDOf does.
func (*Tracer) TraceID(uid types.UID, generation int64) string { return TraceIDOf(uid, generation) }

// Sampled tells whether the edit is traced, so that its trace ID leads somewhere.
func (t *Tracer) Sampled(uid types.UID, generation int64) bool {
	return t != nil && t.samples(identify(uid, generation))
}

// samples asks the sampler that the provider asks.
func (t *Tracer) samples(id identity) bool {
	result := t.sampler.ShouldSample(sdktrace.SamplingParameters{TraceID: id.trace}) // it looks at nothing else
	return result.Decision == sdktrace.RecordAndSample
}

// Lost returns how many spans were made or due, and did not reach the collector. A batch that it took only in part counts
// whole.
func (t *Tracer) Lost() int64 {
	if t == nil {
		return 0
	}
	return t.sender.lost.Load()
}
