package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// types tells of the flow of objects: from an edit to the copies, and what stands in the way.
func types() *dashboard.DashboardBuilder {
	d := begin(frame{
		uid: uidTypes, title: "fedsync / types", variables: []variable{clusterVariable(), typeVariable()},
		description: "Types and their objects: what is out of step and why, how fast edits arrive, what is written, and who causes drift.",
	}).
		WithPanel(rows(typesTable())).
		WithPanel(stack(panel{
			title: "Objects by condition", unit: units.Short, width: 12, absent: "no leader",
			colours: []colour{
				{legend: "Propagated", colour: green},
				{legend: "CheckClusters", colour: orange},
				{legend: "ComputePlacementFailed", colour: red},
				{legend: "NamespaceNotFederated", colour: purple},
				{legend: "Unknown", colour: gray},
			},
			description: "What the condition Propagation of the federated objects says. CheckClusters: read status.clusters. ComputePlacementFailed: correct spec.placement. " +
				"NamespaceNotFederated: create the FederatedNamespace. Unknown: no status yet.",
			queries: []query{{expr: `sum by (condition) (fedsync_federated_objects{cluster=~"$cluster", type=~"$type"})`, legend: "{{condition}}"}},
		})).
		WithPanel(stack(panel{
			title: "Objects with a refused copy, by reason", unit: units.Short, width: 12, absent: "no leader",
			description: "Federated objects with a copy that cannot be written, by the word in status.clusters. What each word means and what to do stands in docs/reference/status.md.",
			queries: []query{{
				expr:   orNone("reason", `sum by (reason) (fedsync_rejected_objects{cluster=~"$cluster", type=~"$type"})`),
				legend: "{{reason}}",
			}},
		})).
		WithPanel(graph(panel{
			title: "Longest out of step", unit: units.Seconds, width: 12, absent: "no leader", steps: []step{{from: 60, colour: red}},
			description: "For how long the copy that is worst off has been out of step. If it rises for one type only: its CRD, rights or webhooks in a member. For all: a member, see fedsync / fleet.",
			queries:     []query{{expr: `max by (type) (fedsync_oldest_unsettled_seconds{cluster=~"$cluster", type=~"$type"})`, legend: "{{type}}"}},
		}))

	for _, p := range append(typesConvergence(), typesWork()...) {
		d = d.WithPanel(graph(p))
	}

	return d
}

func typesConvergence() []panel {
	return []panel{
		{
			title: "Edits", unit: units.OpsPerSecond, width: 12, absent: "none yet",
			description: "Edits of federated objects that were heard on the host. A flood of them from one author makes everyone wait.",
			queries:     []query{{expr: `sum by (type) (rate(fedsync_edits_total{cluster=~"$cluster", type=~"$type"}[$__rate_interval]))`, legend: "{{type}}"}},
		},
		{
			title: "Edit until every member has it", unit: units.Seconds, width: 12, absent: "no edits", steps: []step{{from: 30, colour: red}},
			description: "From hearing an edit until every member has it and the status says so, for 99 of 100 edits that got there. If it is slow, the stages beside show where.",
			queries: []query{{
				expr:   `histogram_quantile(0.99, sum by (type, le) (rate(fedsync_object_convergence_seconds_bucket{cluster=~"$cluster", type=~"$type"}[$__rate_interval])))`,
				legend: "{{type}}",
			}},
		},
		{
			title: "Where the time goes", unit: units.Seconds, width: 12, absent: "no edits",
			description: "Mean time of each stage, over all types. watch and queue: fedsyncd has more to do than it can, see fedsync / internals. request: the members are slow. " +
				"confirm: the host is slow, or a copy waits for others.",
			queries: []query{{
				expr: `sum by (stage) (rate(fedsync_convergence_stage_seconds_sum{cluster=~"$cluster"}[$__rate_interval]))` +
					` / (sum by (stage) (rate(fedsync_convergence_stage_seconds_count{cluster=~"$cluster"}[$__rate_interval])) > 0)`,
				legend: "{{stage}}",
			}},
		},
		{
			title: "Edit until a member has it", unit: units.Seconds, width: 12, absent: "no edits",
			description: "From hearing an edit until its copy is applied in a member, over all types. If only the slowest are slow, one member is: see fedsync / member.",
			queries: []query{
				{expr: `histogram_quantile(0.5, sum by (le) (rate(fedsync_copy_convergence_seconds_bucket{cluster=~"$cluster"}[$__rate_interval])))`, legend: "half of them"},
				{expr: `histogram_quantile(0.99, sum by (le) (rate(fedsync_copy_convergence_seconds_bucket{cluster=~"$cluster"}[$__rate_interval])))`, legend: "99 of 100"},
			},
		},
	}
}

func typesWork() []panel {
	return []panel{
		{
			title: "Writes by reason", unit: units.WritesPerSecond, width: 12, absent: "none yet",
			description: "Requests that change copies, over all types. Drifted all the time: two want the same field, see below. Unplaced: placements exclude members.",
			queries:     []query{{expr: `sum by (verb, reason) (rate(fedsync_writes_total{cluster=~"$cluster"}[$__rate_interval]))`, legend: "{{verb}} {{reason}}"}},
		},
		{
			title: "Writes that failed, by result", unit: units.WritesPerSecond, width: 12, absent: "no leader",
			description: "Requests that change copies and did not, over all types. conflict, absent and retry go by themselves. rejected and forbidden need a person: the statuses name the object.",
			queries: []query{{
				expr:   orNone("result", `sum by (result) (rate(fedsync_writes_total{cluster=~"$cluster", result!="ok"}[$__rate_interval]))`),
				legend: "{{result}}",
			}},
		},
		{
			title: "Drift by manager", unit: units.OpsPerSecond, width: 12, absent: "no leader",
			description: "Corrections of declared fields that somebody changed in a member, by the field manager that did. A manager that never stops fights with fedsync: " +
				"leave the field out of the template, or turn that manager off.",
			queries: []query{{
				expr:   orNone("manager", `sum by (type, manager) (rate(fedsync_drift_corrections_total{cluster=~"$cluster", type=~"$type"}[$__rate_interval]))`),
				legend: "{{type}} {{manager}}",
			}},
		},
		{
			title: "Template fields that members do not know", unit: units.Short, width: 12, absent: "no leader",
			description: "Fields that were left out of copies because the member's API server does not know them. The entry in status.clusters names them: upgrade the CRD in the member, or correct the template.",
			queries: []query{{
				expr:   orNone("type", `sum by (type) (increase(fedsync_template_fields_unknown_total{cluster=~"$cluster", type=~"$type"}[$__rate_interval]))`),
				legend: "{{type}}",
			}},
		},
	}
}

func typesTable() grid {
	return grid{
		panel: panel{
			title: "Types, the worst first", unit: units.Short, width: 24, absent: "no types",
			description: "One row for each type that runs. Not watched: the condition Ready of the FederatedTypeConfig says why. Out of step for: since when its worst copy is not as declared.",
			queries: []query{
				{expr: `max by (cluster, type) (fedsync_host_watch_synced{cluster=~"$cluster", type=~"$type"})`, legend: "Host watch"},
				{expr: `max by (cluster, type) (fedsync_oldest_unsettled_seconds{cluster=~"$cluster", type=~"$type"})`, legend: outOfStepFor},
				{expr: `sum by (cluster, type) (fedsync_federated_objects{cluster=~"$cluster", type=~"$type"})`, legend: "Objects"},
				{expr: `sum by (cluster, type) (fedsync_copies{cluster=~"$cluster", type=~"$type"})`, legend: "Copies"},
				{expr: `sum by (cluster, type) (fedsync_copies{cluster=~"$cluster", type=~"$type", state!="in_step"})`, legend: "Out of step"},
				{expr: `sum by (cluster, type) (fedsync_copies_overdue{cluster=~"$cluster", type=~"$type"})`, legend: "Overdue"},
			},
		},
		labels: []column{{field: "cluster", name: "Host cluster"}, {field: "type", name: "Type"}},
		values: []column{
			{name: "Host watch", states: watchStates()},
			{name: outOfStepFor, unit: units.DurationSeconds, steps: []step{{from: 10, colour: yellow}, {from: 60, colour: red}}},
			{name: "Objects"},
			{name: "Copies"},
			{name: "Out of step", steps: bad(blue)},
			{name: "Overdue", steps: bad(red)},
		},
		worst: outOfStepFor,
	}
}

// watchStates are the words for fedsync_host_watch_synced.
func watchStates() []state {
	return []state{{value: 0, text: "not watched", colour: red}, {value: 1, text: "watched", colour: green}}
}
