package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// noMember is said where the chosen members have no series.
const noMember = "no such member"

// member tells of one member, or of several.
func member() *dashboard.DashboardBuilder {
	d := begin(frame{
		uid: uidMember, title: "fedsync / member", variables: []variable{clusterVariable(), memberVariable()},
		description: "One member, or several: is it there, what is out of step in it, and what do its API server and its credentials say.",
	}).
		WithPanel(timeline(panel{
			title: "State of the member", unit: units.NoUnit, width: 12, states: memberStates(), absent: noMember,
			description: "Ready by the thresholds of the KubeFedConfig. Parked: it does not answer, nothing is sent until a probe is good, and what is missing is made up then. " +
				"If it is not ready: kubectl describe kubefedcluster.",
			queries: []query{{
				expr: `max by (member) (fedsync_member_up{cluster=~"$cluster", member=~"$member"})` +
					` + 2 * max by (member) (fedsync_member_parked{cluster=~"$cluster", member=~"$member"})`,
				legend: "{{member}}",
			}},
		})).
		WithPanel(rows(memberCredentials())).
		WithPanel(stack(panel{
			title: "Copies by state", unit: units.Short, width: 12, colours: copyColours(), absent: noMember,
			description: "What should be and is in the chosen members. Red was refused by the member: the statuses of the federated objects have its words.",
			queries:     []query{{expr: `sum by (state) (fedsync_member_copies{cluster=~"$cluster", member=~"$member"})`, legend: "{{state}}"}},
		})).
		WithPanel(graph(panel{
			title: "Longest out of step", unit: units.Seconds, width: 12, absent: noMember, steps: []step{{from: 60, colour: red}},
			description: "For how long the copy that is worst off in a member has been out of step. A line that rises without end is a copy that cannot be written: see which types below, and the statuses.",
			queries:     []query{{expr: `max by (member) (fedsync_member_oldest_unsettled_seconds{cluster=~"$cluster", member=~"$member"})`, legend: "{{member}}"}},
		})).
		WithPanel(graph(panel{
			title: "Edits applied within 1, 5 and 30 s", unit: units.PercentUnit, width: 12, absent: "no edits",
			description: "Share of the edits that reached the chosen members so fast, counted from hearing them on the host. If it falls for one member only, the member is slow or throttles.",
			queries: []query{{
				expr: `sum by (le) (rate(fedsync_member_convergence_seconds_bucket{cluster=~"$cluster", member=~"$member", le!="+Inf"}[$__rate_interval]))` +
					` / on () group_left () (sum(rate(fedsync_member_convergence_seconds_count{cluster=~"$cluster", member=~"$member"}[$__rate_interval])) > 0)`,
				legend: "within {{le}} s",
			}},
		})).
		WithPanel(stack(panel{
			title: "Watches by state", unit: units.Short, width: 12, absent: noMember,
			colours: []colour{
				{legend: "synced", colour: green},
				{legend: "syncing", colour: blue},
				{legend: "type_missing", colour: purple},
				{legend: "forbidden", colour: red},
				{legend: "unreachable", colour: orange},
			},
			description: "One watch for each type. type_missing: install the CRD in the member. forbidden: grant list and watch. syncing for long: the member's API server is slow.",
			queries:     []query{{expr: `sum by (state) (fedsync_member_watches{cluster=~"$cluster", member=~"$member"})`, legend: "{{state}}"}},
		}))

	for _, p := range memberTraffic() {
		d = d.WithPanel(graph(p))
	}

	return d
}

func memberTraffic() []panel {
	return []panel{
		{
			title: "Probe duration", unit: units.Seconds, width: 12, absent: noMember, steps: []step{{from: 3, colour: red}},
			description: "How long the last health probe took. After 3 s, by default, it counts as failed. If it rises: load of the member's API server, or the network.",
			queries:     []query{{expr: `max by (member) (fedsync_member_probe_seconds{cluster=~"$cluster", member=~"$member"})`, legend: "{{member}}"}},
		},
		{
			title: "Requests in flight", unit: units.Short, width: 12, absent: noMember,
			description: "Reads and writes that a member has not answered yet, without watches. At --member-workers all the time: the member is the bottleneck.",
			queries:     []query{{expr: `sum by (member) (fedsync_member_requests_in_flight{cluster=~"$cluster", member=~"$member"})`, legend: "{{member}}"}},
		},
		{
			title: "Requests that failed", unit: units.RequestsPerSecond, width: 12, absent: "none yet",
			description: "Requests about copies with any result but ok. They are repeated with growing pauses. The dashboard fedsync / types shows the results.",
			queries:     []query{{expr: `sum by (member) (rate(fedsync_member_failures_total{cluster=~"$cluster", member=~"$member"}[$__rate_interval]))`, legend: "{{member}}"}},
		},
		{
			title: "Answers that ask to slow down", unit: units.RequestsPerSecond, width: 12, absent: "none yet", steps: []step{{from: 0.1, colour: yellow}},
			description: "Answers 429. The member's priority and fairness gives fedsync too few seats: raise its priority level, or lower --member-workers.",
			queries:     []query{{expr: `sum by (member) (rate(fedsync_member_throttled_total{cluster=~"$cluster", member=~"$member"}[$__rate_interval]))`, legend: "{{member}}"}},
		},
		{
			title: "Copies out of step by type", unit: units.Short, width: 12, absent: "needs --metrics-detail=full",
			description: "Which types a member is behind with. Served only with --metrics-detail=full. If one type is behind in one member: look at its watch and at admission webhooks there.",
			queries: []query{{
				expr:   `sum by (member, type) (fedsync_member_type_copies{cluster=~"$cluster", member=~"$member", state!="in_step"})`,
				legend: "{{member}} {{type}}",
			}},
		},
	}
}

func memberCredentials() grid {
	const day = 86400

	return grid{
		panel: panel{
			title: "Version and credentials", unit: units.Short, width: 12, absent: noMember,
			description: "The member's own word about its version, the age of the token in use, and when it expires, if it says so. " +
				"Renew the token in the member's Secret before it expires: fedsyncd takes it without a restart.",
			queries: []query{
				{expr: `max by (cluster, member, kubernetes_version) (fedsync_member_info{cluster=~"$cluster", member=~"$member"})`, legend: "Kubernetes"},
				{expr: `max by (cluster, member) (fedsync_member_credential_age_seconds{cluster=~"$cluster", member=~"$member"})`, legend: "Token's age"},
				{expr: `max by (cluster, member) (fedsync_member_credential_expiry_timestamp_seconds{cluster=~"$cluster", member=~"$member"}) - time()`, legend: "Token expires in"},
			},
		},
		labels: []column{
			{field: "cluster", name: "Host cluster"},
			{field: "member", name: "Member"},
			{field: "kubernetes_version", name: "Kubernetes"},
		},
		values: []column{
			{},
			{name: "Token's age", unit: units.DurationSeconds},
			{
				name: "Token expires in", unit: units.DurationSeconds,
				steps: []step{{from: lowest, colour: red}, {from: day, colour: orange}, {from: 7 * day, colour: green}},
			},
		},
		worst: "Token's age",
	}
}
