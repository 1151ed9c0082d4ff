package tracing_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/tracing"
)

func TestOptions(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		why      string
		endpoint string
		ratio    float64
		want     string // the error, nothing if it is fine
	}{
		"plain":               {why: "http means no TLS", endpoint: "http://127.0.0.1:4318", ratio: 1},
		"TLS and a path":      {why: "some vendors have one", endpoint: "https://otel.example.com/v1/otlp", ratio: 0.5},
		"IPv6":                {why: "its colons are no port", endpoint: "http://[::1]:4318/"},
		"nothing":             {why: "whoever wants no traces makes no tracer", want: `endpoint "" is no URL such as http://127.0.0.1:4318 or https://otel.example.com`},
		"host and port":       {why: "that is what gRPC wants", endpoint: "collector:4317", want: `endpoint "collector:4317" is no URL such as http://127.0.0.1:4318 or https://otel.example.com`},
		"address and port":    {why: "as above", endpoint: "127.0.0.1:4318", want: "endpoint is no URL such as http://127.0.0.1:4318: first path segment in URL cannot contain colon"},
		"another scheme":      {why: "we speak HTTP only", endpoint: "grpc://collector:4317", want: `endpoint "grpc://collector:4317" is no URL such as http://127.0.0.1:4318 or https://otel.example.com`},
		"no host":             {why: "it would be this machine", endpoint: "http://:4318", want: `endpoint "http://:4318" is no URL such as http://127.0.0.1:4318 or https://otel.example.com`},
		"a port that is none": {why: "a connection could never be made", endpoint: "http://collector:70000", want: `endpoint "http://collector:70000" has no port that exists`},
		"a query":             {why: "it would not be sent", endpoint: "http://collector:4318/?tenant=1", want: `endpoint "http://collector:4318/?tenant=1" must end with its path`},
		"credentials":         {why: "they would not be sent, and must not be logged", endpoint: "https://u:hidden@collector", want: "endpoint must not hold credentials: they belong in a header"},
		"credentials, and broken": {
			why: "as above", endpoint: "https://u:hidden@collector:port",
			want: `endpoint is no URL such as http://127.0.0.1:4318: invalid port ":port" after host`,
		},
		"more than all":  {why: "somebody took it for per cent", endpoint: "http://c", ratio: 5, want: "sample ratio 5 is not between 0 and 1"},
		"less than none": {why: "it means nothing", endpoint: "http://c", ratio: -0.5, want: "sample ratio -0.5 is not between 0 and 1"},
		"both":           {why: "all is told at once", endpoint: "c", ratio: math.NaN(), want: "endpoint \"c\" is no URL such as http://127.0.0.1:4318 or https://otel.example.com\nsample ratio NaN is not between 0 and 1"},
	}

	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			o := tracing.Options{Endpoint: tc.endpoint, SampleRatio: tc.ratio}
			var said string
			if err := o.Validate(); err != nil {
				said = err.Error()
			}
			if diff := cmp.Diff(tc.want, said); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.why, diff)
			}

			tracer, err := tracing.New(t.Context(), o)
			if (err != nil) != (tc.want != "") || err != nil && err.Error() != "set up tracing: "+tc.want {
				t.Errorf("New must say the same: got %v", err)
			}
			if err := tracer.Shutdown(t.Context()); err != nil {
				t.Errorf("nothing is to be flushed: %v", err)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()

	tests := map[string]struct{ why, path, want string }{
		"without a path": {why: "it is OTLP's", want: "/v1/traces"},
		"a slash":        {why: "a person means the same by it", path: "/", want: "/v1/traces"},
		"with a path":    {why: "it is taken as it is", path: "/otlp/spans", want: "/otlp/spans"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c := collect(t, nil)
			tracer := started(t, tracing.Options{
				Endpoint: c.URL + tc.path, Headers: map[string]string{"X-Tenant": "ops"}, SampleRatio: 1, Version: "v9",
			})
			tracer.Attempted(applied())
			if err := tracer.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, requests := c.all(); requests != 1 {
				t.Fatalf("want 1 request, got %d", requests)
			}
			request := c.requests[0]
			if request.URL.Path != tc.want {
				t.Errorf("%s: want %s, got %s", tc.why, tc.want, request.URL.Path)
			}
			if tenant, encoding := request.Header.Get("X-Tenant"), request.Header.Get("Content-Encoding"); tenant != "ops" || encoding != "gzip" {
				t.Errorf("want the header and gzip, got %q and %q", tenant, encoding)
			}
			if c.process["service.name"] != "fedsyncd" || c.process["service.version"] != "v9" || c.process["telemetry.sdk.name"] != "opentelemetry" {
				t.Errorf("the process is not described: %v", c.process)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	c := &collector{}
	c.Server = httptest.NewTLSServer(c)
	defer c.Close()
	authority := filepath.Join(t.TempDir(), "ca.crt")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate().Raw})
	if err := os.WriteFile(authority, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", authority)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20hidden")
	t.Setenv("OTEL_SERVICE_NAME", "another")

	tracer := started(t, tracing.Options{Endpoint: c.URL, SampleRatio: 1})
	tracer.Attempted(applied())
	if err := tracer.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans, requests := c.all()
	if len(spans) != 1 || requests != 1 || c.requests[0].Header.Get("Authorization") != "Bearer hidden" || c.process["service.name"] != "another" {
		t.Errorf("want a span by TLS, and what the environment says: %d requests, %v, %v", requests, spans, c.process)
	}
}

func TestSampling(t *testing.T) {
	t.Parallel()

	const edits = 300

	tests := map[string]struct {
		why         string
		ratio       float64
		least, most int
	}{
		"nothing": {why: "it is switched off", ratio: 0},
		"a part":  {why: "about that share of the edits", ratio: 0.25, least: edits / 8, most: edits / 2},
		"all":     {why: "none is left out", ratio: 1, least: edits, most: edits},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c := collect(t, nil)
			tracer := started(t, tracing.Options{Endpoint: c.URL, SampleRatio: tc.ratio})
			another := started(t, tracing.Options{Endpoint: c.URL, SampleRatio: tc.ratio})
			want := map[string]int{}
			for n := range edits {
				uid := types.UID(fmt.Sprint("uid", n))
				tracer.Attempted(with(applied(), func(a *telemetry.Attempt) { a.UID = uid }))
				tracer.Settled(with(settled(), func(s *telemetry.Settlement) { s.UID = uid }))
				if another.Sampled(uid, 7) {
					want[another.TraceID(uid, 7)] = 3
				}
			}
			if err := tracer.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}

			got := map[string]int{}
			spans, requests := c.all()
			for _, s := range spans {
				got[s.Trace]++
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: another process would choose others (-its +ours):\n%s", tc.why, diff)
			}
			if len(got) < tc.least || len(got) > tc.most || requests > 0 != (tc.most > 0) {
				t.Errorf("%s: want %d to %d traces, got %d, in %d requests", tc.why, tc.least, tc.most, len(got), requests)
			}
		})
	}
}

func TestUnsampledAllocatesNothing(t *testing.T) {
	tracer := started(t, tracing.Options{Endpoint: "http://127.0.0.1:1", SampleRatio: 1e-9})
	attempt, settlement := applied(), settled()
	if tracer.Sampled(attempt.UID, attempt.Generation) {
		t.Fatal("the edit of this test is one in a milliard")
	}
	if n := testing.AllocsPerRun(100, func() {
		tracer.Attempted(attempt)
		tracer.Settled(settlement)
	}); n != 0 {
		t.Errorf("want no allocation, got %v", n)
	}
}

func TestNoTracer(t *testing.T) {
	t.Parallel()

	var none *tracing.Tracer
	none.Attempted(applied())
	none.Settled(settled())
	if none.Sampled(web().UID, 7) || none.Lost() != 0 || none.Shutdown(t.Context()) != nil {
		t.Error("a nil tracer traces nothing and has nothing to end")
	}
}

func TestAfterTheEnd(t *testing.T) {
	t.Parallel()

	c := collect(t, nil)
	tracer := started(t, tracing.Options{Endpoint: c.URL, SampleRatio: 1})
	for range 2 {
		if err := tracer.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	tracer.Attempted(applied())
	if _, requests := c.all(); requests != 0 || tracer.Lost() != 0 {
		t.Errorf("want nothing sent and nothing lost, got %d requests and %d spans", requests, tracer.Lost())
	}
}

// TestCollectorHangs also proves, by TestMain, that no request outlives Shutdown.
func TestCollectorHangs(t *testing.T) {
	t.Parallel()

	const told = 3 * tracing.MaxWaiting

	c := collect(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	tracer := started(t, tracing.Options{Endpoint: c.URL, SampleRatio: 1})

	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range told {
			tracer.Attempted(with(applied(), func(a *telemetry.Attempt) { a.Number = n }))
		}
	}()
	select {
	case <-done:
	case <-t.Context().Done():
	}
	if lost := tracer.Lost(); lost != told-tracing.MaxWaiting {
		t.Errorf("want all but %d lost, which is what is kept: %d of %d were", tracing.MaxWaiting, lost, told)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	deadline, _ := ctx.Deadline()
	if err := tracer.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("what was not flushed is an error, got %v", err)
	}
	if late := now().Sub(deadline); late > 2*time.Second {
		t.Errorf("Shutdown came back %s after its deadline", late)
	}
}

func TestShutdownTooLate(t *testing.T) {
	t.Parallel()

	c := collect(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	tracer := started(t, tracing.Options{Endpoint: c.URL, SampleRatio: 1})
	tracer.Attempted(applied())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tracer.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("want the context's error, got %v", err)
	}
}

func TestCollectorRefuses(t *testing.T) {
	t.Parallel()

	var log lines
	page := strings.Repeat("no\n", 1000)
	c := collect(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, page, http.StatusForbidden) })
	clock := testingclock.NewFakePassiveClock(ms(0))
	tracer := started(t, tracing.Options{Endpoint: c.URL, SampleRatio: 1, Log: log.logger(), Clock: clock})
	flush := func() {
		tracer.Attempted(applied())
		if err := tracer.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	flush()
	first := log.all()
	if len(first) != 1 || !strings.Contains(first[0], `"spansLost"=1`) || !strings.Contains(first[0], "403 Forbidden") || len(first[0]) > 500 {
		t.Fatalf("want one line of moderate length that says what and why, got %q", first)
	}
	for range 3 {
		flush()
	}
	clock.SetTime(ms(59_999))
	flush()
	if got := log.all(); len(got) != 1 {
		t.Errorf("within a minute nothing more is said, got %q", got[1:])
	}
	clock.SetTime(ms(60_000))
	flush()
	if got := log.all(); len(got) != 2 || !strings.Contains(got[1], `"spansLost"=5`) {
		t.Errorf("after a minute all that was lost since is told, got %q", got[1:])
	}

	tracer.Attempted(applied())
	err := tracer.Shutdown(t.Context())
	if got := log.all(); err == nil || !strings.HasPrefix(err.Error(), "flush spans: 1 lost: ") || len(got) != 2 {
		t.Errorf("what is lost at the end is an error, and not told twice: %v, %q", err, got[2:])
	}
	if tracer.Lost() != 7 {
		t.Errorf("want 7 lost in all, got %d", tracer.Lost())
	}
}

func TestCollectorAway(t *testing.T) {
	t.Parallel()

	var log lines
	c := collect(t, nil)
	c.Close()
	tracer := started(t, tracing.Options{Endpoint: c.URL, SampleRatio: 1, Log: log.logger()})
	tracer.Attempted(applied())
	if err := tracer.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := log.all(); len(got) != 1 || !strings.Contains(got[0], "connection refused") {
		t.Errorf("want the reason, got %q", got)
	}
}

func TestCollectorSlow(t *testing.T) {
	t.Parallel()

	var log lines
	release := make(chan struct{})
	c := collect(t, func(http.ResponseWriter, *http.Request) { <-release })
	tracer := started(t, tracing.Options{Endpoint: c.URL, SampleRatio: 1, Log: log.logger()})
	for range tracing.MaxWaiting + 10 {
		tracer.Attempted(applied())
	}
	close(release)
	if err := tracer.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := log.all(); len(got) != 1 || !strings.Contains(got[0], `"spansLost"=10 "reason"="the collector is slower than the edits"`) {
		t.Errorf("want it told that spans were dropped, got %q", got)
	}
	for range tracing.MaxWaiting {
		tracer.Attempted(applied())
	}
	if tracer.Lost() != 10 {
		t.Errorf("there is room again, but %d were lost", tracer.Lost()-10)
	}
}

func now() time.Time { return time.Now() } //nolint:forbidigo // a deadline is one of real time
