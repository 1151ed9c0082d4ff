package tracing

import "context"

// MaxWaiting is how many spans are kept for a collector.
const MaxWaiting = maxWaiting

// Flush sends what waits, without the end of everything that Shutdown brings.
func (t *Tracer) Flush(ctx context.Context) error { return t.batches.ForceFlush(ctx) }
