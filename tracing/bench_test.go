package tracing_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/tracing"
)

// BenchmarkAttempted is what an attempt costs the worker that tells of it. Sending is BenchmarkTraced's.
func BenchmarkAttempted(b *testing.B) {
	const flushed = 500 // before the batch is full, and sent of itself

	tests := map[string]struct {
		ratio float64
		full  bool
	}{
		"unsampled":        {ratio: 1e-9},
		"sampled":          {ratio: 1},
		"sampled, no room": {ratio: 1, full: true},
	}
	for name, tc := range tests {
		b.Run(name, func(b *testing.B) {
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if tc.full {
					<-r.Context().Done()
				}
			}))
			defer server.Close()
			tracer, err := tracing.New(b.Context(), tracing.Options{Endpoint: server.URL, SampleRatio: tc.ratio})
			if err != nil {
				b.Fatal(err)
			}
			a := applied()
			for range tracing.MaxWaiting {
				if tc.full {
					tracer.Attempted(a)
				}
			}
			b.ReportAllocs()
			for n := 1; b.Loop(); n++ {
				tracer.Attempted(a)
				if n%flushed == 0 && !tc.full {
					b.StopTimer()
					if err := tracer.Flush(b.Context()); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
			}
			stop(b, tracer)
		})
	}
}

// BenchmarkTraced is an edit of a hundred members with all its spans, made and sent, from the first to the end of the flush.
func BenchmarkTraced(b *testing.B) {
	const members = 100

	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer server.Close()
	tracer, err := tracing.New(b.Context(), tracing.Options{Endpoint: server.URL, SampleRatio: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		for n := range members {
			tracer.Attempted(with(applied(), func(a *telemetry.Attempt) { a.Taken = ms(n) }))
		}
		tracer.Settled(settled())
		if err := tracer.Flush(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(members+2), "ns/span")
	stop(b, tracer)
}

func stop(b *testing.B, tracer *tracing.Tracer) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	cancel() // what is still to be sent is nobody's business
	_ = tracer.Shutdown(ctx)
}
