package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/fedsync/fedsync/internal/version"
	"github.com/fedsync/fedsync/metrics"
	"github.com/fedsync/fedsync/tracing"
)

// newTracer returns nil if edits are not traced. What it was told of is sent when end is called.
func newTracer(ctx context.Context, c *Config, log logr.Logger) (tracer *tracing.Tracer, end func(), err error) {
	if c.TracingEndpoint == "" {
		return nil, func() {}, nil
	}
	o := tracing.Options{Endpoint: c.TracingEndpoint, SampleRatio: c.TracingSampleRatio, Version: version.Version(), Log: log}
	if tracer, err = tracing.New(ctx, o); err != nil {
		return nil, nil, fmt.Errorf("set up traces: %w", err)
	}
	return tracer, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		if err := tracer.Shutdown(ctx); err != nil {
			log.Info("the last traces were not sent", "reason", err.Error())
		}
	}, nil
}

// flushTimeout is how long the end may wait for the last traces.
const flushTimeout = 2 * time.Second

// noAddress switches a server off.
const noAddress = "0"

// headerTimeout bounds how long a client may take to ask.
const headerTimeout = 10 * time.Second

// addMetrics makes the daemon's metrics and has the manager serve them, whether it leads or stands by.
func addMetrics(mgr ctrl.Manager, c *Config, tracer *tracing.Tracer) (*metrics.Metrics, error) {
	registry := prometheus.NewRegistry()
	o := metrics.Options{
		Version: version.Version(), FullDetail: c.MetricsDetail == detailFull, KubeFed: c.KubeFedMetrics, HostWorkers: c.HostWorkers, OverdueAfter: c.OverdueAfter,
	}
	if tracer != nil {
		o.TraceID = func(uid types.UID, generation int64) string {
			if !tracer.Sampled(uid, generation) {
				return ""
			}
			return tracer.TraceID(uid, generation)
		}
	}
	m, err := metrics.New(registry, o)
	if err != nil {
		return nil, err
	}
	if c.MetricsAddr == noAddress || c.MetricsAddr == "" {
		return m, nil
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", metrics.Handler(registry, ctrlmetrics.Registry))
	timeout := shutdownTimeout
	err = mgr.Add(&manager.Server{
		Name:            "metrics",
		Server:          &http.Server{Addr: c.MetricsAddr, Handler: mux, ReadHeaderTimeout: headerTimeout},
		ShutdownTimeout: &timeout,
	})
	if err != nil {
		return nil, fmt.Errorf("serve metrics: %w", err)
	}
	return m, nil
}
