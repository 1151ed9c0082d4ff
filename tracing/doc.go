// Package tracing tells an OpenTelemetry collector how each edit travelled: one trace per version of a federated object.
//
// Does: makes spans of the facts of package telemetry, after the fact, and sends them in batches by OTLP over HTTP.
//
// Given: the collector's URL, the share of edits to trace, and the facts.
//
// Promises: the IDs of a trace follow from the object's UID and generation alone, and so does whether it is sent: a restarted
// daemon, another replica and a person with a shell find the same ones. No caller ever waits for the collector: while it is
// slow or away, spans are lost, counted, and told of once a minute at most. No span holds content of objects, an address or a
// credential. Nothing global is set.
package tracing
