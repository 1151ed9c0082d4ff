// Package metrics holds every metric of fedsyncd.
//
// Does: counts what the engine tells it, keeps a census of all copies by state, and asks the engine at each scrape how its
// members, types and queues stand. [Handler] serves it all.
//
// Given: the registry to register with, the facts of package telemetry, the summaries of package report.
//
// Promises: no global registry; labels come from bounded sets and hold no names of objects, addresses or free text; some 25
// series for each member, and none for each member and type unless [Options.FullDetail] asks for them; the series of a member or type
// that is gone are gone too. [Metrics.Definitions] lists every metric: docs/reference/metrics.md is made from it.
//
//go:generate go run ./generate -out ../docs/reference/metrics.md
package metrics
