// Package metrics holds the metrics of fedsyncd.
//
// Does: counts what the engine tells it, under names and labels that are bounded by the numbers of members and types.
//
// Given: the registry to register with, and the events.
//
// Promises: no global registry, no names of objects and no free text as labels; the series of a member or type that is gone
// are gone too.
package metrics
