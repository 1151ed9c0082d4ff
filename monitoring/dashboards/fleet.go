package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// memberStates are the words for up + 2 * parked.
func memberStates() []state {
	return []state{
		{value: 0, text: "not ready", colour: red},
		{value: 1, text: "ready", colour: green},
		{value: 2, text: "not ready, parked", colour: red},
		{value: 3, text: "parked", colour: orange},
	}
}

// fleet answers in ten seconds: is everything in step, which member is behind, since when, and why.
func fleet() *dashboard.DashboardBuilder {
	d := begin(frame{
		uid: uidFleet, title: "fedsync / fleet", variables: []variable{clusterVariable()},
		description: "Is every copy in step? If not: which member is behind, since when, and why.",
	})
	for _, p := range fleetNumbers() {
		d = d.WithPanel(number(p))
	}

	return d.WithPanel(rows(fleetMembers())).
		WithPanel(stack(panel{
			title: "Copies by state", unit: units.Short, width: 12, colours: copyColours(), absent: "no leader",
			description: "All copies that there are or should be. Blue is on its way, and goes by itself. Orange waits for a member " +
				"that cannot be reached: see the table above. Red was refused: the dashboard fedsync / types says for which reason.",
			queries: []query{{expr: `sum by (state) (fedsync_copies{cluster=~"$cluster"})`, legend: "{{state}}"}},
		})).
		WithPanel(graph(panel{
			title: "Share of copies that are overdue", unit: units.PercentUnit, width: 12, absent: "no copies",
			steps: []step{{from: 0.001, colour: yellow}, {from: 0.0144, colour: red}},
			description: "The objective is that this stays below 0.1 %, the yellow line. Above the red line, an error budget of 30 days " +
				"is used up within two. The table above names the member; a step in all members at once points at the host or at fedsyncd.",
			queries: []query{{
				expr:   `sum(fedsync_copies_overdue{cluster=~"$cluster"}) / (sum(fedsync_copies{cluster=~"$cluster"}) > 0)`,
				legend: "overdue",
			}},
		})).
		WithPanel(stack(panel{
			title: "Members by state", unit: units.Short, width: 12, absent: "no leader",
			colours: []colour{
				{legend: "ready", colour: green},
				{legend: "not_ready", colour: yellow},
				{legend: "offline", colour: red},
				{legend: "refused", colour: purple},
				{legend: "malformed", colour: orange},
				{legend: "unknown", colour: gray},
			},
			description: "Registered members. offline: no answer; not_ready: a bad answer; refused: the credentials are not accepted, or another " +
				"cluster answers; malformed: no usable credentials; unknown: not probed yet. The conditions of the KubeFedCluster say more.",
			queries: []query{{expr: `sum by (state) (fedsync_members{cluster=~"$cluster"})`, legend: "{{state}}"}},
		})).
		WithPanel(graph(panel{
			title: "Edit until every member has it", unit: units.Seconds, width: 12, absent: "no edits",
			steps: []step{{from: 30, colour: red}},
			description: "From hearing an edit until every member has it and the status says so. Only edits that got there are counted. " +
				"If it is slow, the dashboard fedsync / types shows which stage takes the time.",
			queries: []query{
				{expr: `histogram_quantile(0.5, sum by (le) (rate(fedsync_object_convergence_seconds_bucket{cluster=~"$cluster"}[$__rate_interval])))`, legend: "half of them"},
				{expr: `histogram_quantile(0.99, sum by (le) (rate(fedsync_object_convergence_seconds_bucket{cluster=~"$cluster"}[$__rate_interval])))`, legend: "99 of 100"},
			},
		}))
}

// fleetNumbers are the first row, to be read at a glance: all green is well.
func fleetNumbers() []panel {
	const width = 3

	return []panel{
		{
			title: "Leaders", unit: units.Short, width: width, absent: "no fedsyncd",
			steps:  []step{{from: 2, colour: red}},
			states: []state{{value: 0, text: "nobody", colour: red}},
			description: "How many fedsyncd do the work: one for each host cluster. With none nothing is synchronised, and the other panels are empty: " +
				"see the log of fedsyncd and the Lease fedsyncd.",
			queries: []query{{expr: `sum by (cluster) (fedsync_leader{cluster=~"$cluster"})`, legend: "leaders {{cluster}}"}},
		},
		{
			title: "Members not ready", unit: units.Short, width: width, absent: "no leader", steps: bad(red),
			description: "Registered members that are in any state but ready. The table below names them.",
			queries:     []query{{expr: `sum(fedsync_members{cluster=~"$cluster", state!="ready"})`, legend: "not ready"}},
		},
		{
			title: "Types not watched", unit: units.Short, width: width, absent: "no leader", steps: bad(red),
			description: "Types whose federated objects are not watched on the host. Edits of them are not heard. " +
				"The condition Ready of the FederatedTypeConfig says why.",
			queries: []query{{expr: `sum(fedsync_host_watch_synced{cluster=~"$cluster"} == bool 0)`, legend: "types"}},
			links:   drillDown("Types", uidTypes, ""),
		},
		{
			title: "Copies out of step", unit: units.Short, width: width, absent: "no leader", steps: bad(yellow),
			description: "Copies that are not as declared at this moment. A few, shortly, are normal after an edit.",
			queries:     []query{{expr: `sum(fedsync_copies{cluster=~"$cluster", state!="in_step"})`, legend: "out of step"}},
		},
		{
			title: "Copies overdue", unit: units.Short, width: width, absent: "no leader", steps: bad(red),
			description: "Copies that have been out of step for longer than --overdue-after, by default a minute. The table below says in which members.",
			queries:     []query{{expr: `sum(fedsync_copies_overdue{cluster=~"$cluster"})`, legend: "overdue"}},
		},
		{
			title: "Longest out of step", unit: units.DurationSeconds, width: width, absent: "no leader",
			steps:       []step{{from: 10, colour: yellow}, {from: 60, colour: red}},
			description: "For how long the copy that is worst off has been out of step. Zero: all are in step.",
			queries:     []query{{expr: `max(fedsync_oldest_unsettled_seconds{cluster=~"$cluster"})`, legend: "longest"}},
		},
		{
			title: "Objects with a refused copy", unit: units.Short, width: width, absent: "no leader", steps: bad(orange),
			description: "Federated objects that a member refuses a copy of, counted once for each reason. It needs a person: the status of the object says what to correct.",
			queries: []query{{
				expr:   `sum(fedsync_rejected_objects{cluster=~"$cluster"}) or 0 * sum(fedsync_members{cluster=~"$cluster"})`,
				legend: "objects",
			}},
			links: drillDown("Types", uidTypes, ""),
		},
		{
			title: "Removals held back", unit: units.Short, width: width, absent: "no leader", steps: bad(red),
			description: "Copies that are not removed because more would be than the budget allows. Correct the placement, or approve exactly this set: " +
				"the events of the KubeFedConfig have the command.",
			queries: []query{{expr: `sum(fedsync_removals_frozen{cluster=~"$cluster"})`, legend: "held back"}},
		},
	}
}

func fleetMembers() grid {
	return grid{
		panel: panel{
			title: "Members, the worst first", unit: units.Short, width: 24, absent: "no members",
			description: "One row for each member. Out of step for: since when its worst copy is not as declared. The columns on the right say why: " +
				"on its way (wait), unreachable (the member), refused (the objects), unwatched types (the member lacks or forbids them). " +
				"A click on a name leads to the member.",
			queries: []query{
				{expr: `max by (cluster, member) (fedsync_member_up{cluster=~"$cluster"}) + 2 * max by (cluster, member) (fedsync_member_parked{cluster=~"$cluster"})`, legend: "State"},
				{expr: `max by (cluster, member) (fedsync_member_oldest_unsettled_seconds{cluster=~"$cluster"})`, legend: outOfStepFor},
				{expr: `sum by (cluster, member) (fedsync_member_copies{cluster=~"$cluster"})`, legend: "Copies"},
				{expr: `sum by (cluster, member) (fedsync_member_copies{cluster=~"$cluster", state=~"pending|removing"})`, legend: "On their way"},
				{expr: `sum by (cluster, member) (fedsync_member_copies{cluster=~"$cluster", state="unreachable"})`, legend: "Unreachable"},
				{expr: `sum by (cluster, member) (fedsync_member_copies{cluster=~"$cluster", state="failed"})`, legend: "Refused"},
				{expr: `sum by (cluster, member) (fedsync_member_watches{cluster=~"$cluster", state!="synced"}) or 0 * max by (cluster, member) (fedsync_member_up{cluster=~"$cluster"})`, legend: "Unwatched types"},
				{expr: `max by (cluster, member, kubernetes_version) (fedsync_member_info{cluster=~"$cluster"})`, legend: "Kubernetes"},
			},
		},
		labels: []column{
			{field: "cluster", name: "Host cluster"},
			{field: "member", name: "Member", links: drillDown("Member", uidMember, "&var-member=${__value.text}")},
			{field: "kubernetes_version", name: "Kubernetes"},
		},
		values: []column{
			{name: "State", states: memberStates()},
			{name: outOfStepFor, unit: units.DurationSeconds, steps: []step{{from: 10, colour: yellow}, {from: 60, colour: red}}},
			{name: "Copies"},
			{name: "On their way", steps: bad(blue)},
			{name: "Unreachable", steps: bad(orange)},
			{name: "Refused", steps: bad(red)},
			{name: "Unwatched types", steps: bad(orange)},
			{},
		},
		worst: outOfStepFor,
	}
}
