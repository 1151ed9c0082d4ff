// Package telemetry holds the facts that the engine tells of its work, for metrics and traces.
//
// Does: nothing; its types are values.
//
// Given: they are filled in by the engine when something is over, so that whoever listens needs no state of its own to know
// when it began.
//
// Promises: no fact holds content of objects, an address or a credential. Names of objects are there for traces; they are no
// labels of metrics.
package telemetry
