// Package dashboards holds the Grafana dashboards of fedsync: fleet, member, types and internals.
//
// Decides: which panels there are, what each one asks Prometheus, in which unit and colours it answers, and what its
// description advises. How the dashboards and their rows lead to each other.
//
// Given: nothing. The metrics are those of docs/reference/metrics.md; recording rules are not needed.
//
// Promises: every panel has a title that is unique in its dashboard, a description, a unit, and a legend for each query.
// Series without the label cluster are shown too. A panel that waits for trouble shows zero, not nothing, as long as
// there is a leader. Run twice, the bytes are the same.
package dashboards

//go:generate go run ../generate -out ../../charts/fedsync/dashboards
