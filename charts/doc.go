// Package charts carries what of the chart the programs need.
//
// Does: embeds the CRDs, so that a fedsyncd brings those that it was built with.
//
// Given: the files beside it, which crd/generate writes.
//
// Promises: what it returns is what the chart of the same build has.
package charts
