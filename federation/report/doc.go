// Package report says in KubeFed's words how a federated object stands.
//
// Decides: the status of a federated object: an entry per member, the Propagation condition, and whether the picture is
// settled or still moving.
//
// Given: for each member the action that package plan would take now, and what stands in its way.
//
// Promises: the status is derived from the present, never accumulated. Equal inputs give equal status, entries are sorted
// by name, messages hold no times, and a status that says the same as the one before keeps its times.
package report
