package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// internals tells of the daemon itself.
func internals() *dashboard.DashboardBuilder {
	d := begin(frame{
		uid: uidInternals, title: "fedsync / internals", variables: []variable{clusterVariable()},
		description: "fedsyncd itself: who leads, what is in its queues, what it writes to the host, and what it costs.",
	}).
		WithPanel(timeline(panel{
			title: "Who leads", unit: units.NoUnit, width: 12, absent: "no fedsyncd",
			states:      []state{{value: 0, text: "standby", colour: gray}, {value: 1, text: "leader", colour: green}},
			description: "Every fedsyncd that is scraped. One of each host cluster leads. Changes without a restart mean that the host's API server did not let the Lease be renewed in time.",
			queries:     []query{{expr: `max by (cluster, instance) (fedsync_leader{cluster=~"$cluster"})`, legend: "{{cluster}} {{instance}}"}},
		})).
		WithPanel(timeline(panel{
			title: "Watches of the host", unit: units.NoUnit, width: 12, absent: "no leader", states: watchStates(),
			description: "Whether the federated objects of a type are listed and watched. If not: the condition Ready of the FederatedTypeConfig, and the log.",
			queries:     []query{{expr: `max by (type) (fedsync_host_watch_synced{cluster=~"$cluster"})`, legend: "{{type}}"}},
		}))

	for _, p := range append(internalQueues(), internalCosts()...) {
		d = d.WithPanel(graph(p))
	}

	return d
}

func internalQueues() []panel {
	return []panel{
		{
			title: "Keys in queues", unit: units.Short, width: 12, absent: "no leader",
			description: "What waits for a worker: of the host's queue, and of all members' together. Many in resync are normal after a start. Many in edit that do not become fewer: see the waits, " +
				"then --member-workers, --host-workers and the CPU.",
			queries: []query{{expr: `sum by (queue, lane) (fedsync_queue_depth{cluster=~"$cluster"})`, legend: "{{queue}} {{lane}}"}},
		},
		{
			title: "Oldest key in a queue", unit: units.Seconds, width: 12, absent: "no leader",
			description: "For how long the first in line has waited. The queue of a parked member stands still until it answers.",
			queries:     []query{{expr: `max by (queue, lane) (fedsync_queue_oldest_seconds{cluster=~"$cluster"})`, legend: "{{queue}} {{lane}}"}},
		},
		{
			title: "Wait in queues", unit: units.Seconds, width: 12, absent: "nothing waited",
			description: "How long 99 of 100 keys waited for a worker. The lane edit is what people wait for; if it is slow while the others rest, workers are too few or members too slow.",
			queries: []query{{
				expr:   `histogram_quantile(0.99, sum by (queue, lane, le) (rate(fedsync_queue_wait_seconds_bucket{cluster=~"$cluster"}[$__rate_interval])))`,
				legend: "{{queue}} {{lane}}",
			}},
		},
		{
			title: "Writes to the host", unit: units.WritesPerSecond, width: 12, absent: "none yet",
			description: "Writes by what they write and how they ended. At rest there are next to none. conflict and absent go by themselves; forbidden: a right is missing; unreachable and retry: the host's API server.",
			queries:     []query{{expr: `sum by (kind, result) (rate(fedsync_host_writes_total{cluster=~"$cluster"}[$__rate_interval]))`, legend: "{{kind}} {{result}}"}},
		},
		{
			title: "Events", unit: units.EventsPerSecond, width: 12, absent: "none yet",
			description: "Events that fedsyncd wrote, by type, and those that it left out because there were too many. Many Warnings: the statuses of the objects say the same, and all of it.",
			queries: []query{
				{expr: `sum by (type) (rate(fedsync_host_events_total{cluster=~"$cluster"}[$__rate_interval]))`, legend: "{{type}}"},
				{expr: `sum(rate(fedsync_host_events_dropped_total{cluster=~"$cluster"}[$__rate_interval]))`, legend: "dropped"},
			},
		},
		{
			title: "Probes of all members", unit: units.Seconds, width: 12, absent: "no probes", steps: []step{{from: 3, colour: red}},
			description: "How long health probes took, over all members. If all become slow at once, fedsyncd lacks CPU or its network is at fault; if only the slowest: one member, see fedsync / member.",
			queries: []query{
				{expr: `histogram_quantile(0.5, sum by (le) (rate(fedsync_probe_seconds_bucket{cluster=~"$cluster"}[$__rate_interval])))`, legend: "half of them"},
				{expr: `histogram_quantile(0.99, sum by (le) (rate(fedsync_probe_seconds_bucket{cluster=~"$cluster"}[$__rate_interval])))`, legend: "99 of 100"},
			},
		},
	}
}

// internalCosts are of the process. What Go and Prometheus measure has no name of ours: it is that of the instances which
// serve fedsync_build_info, whatever their job is called.
func internalCosts() []panel {
	const (
		ours   = ` and on (job, instance) fedsync_build_info{cluster=~"$cluster"}`
		legend = "{{instance}}"
	)

	return []panel{
		{
			title: "Memory", unit: units.BytesIEC, width: 12, absent: "no fedsyncd",
			description: "Resident memory of each process, and what Go's heap holds of it. It grows with the copies and the templates. If it grows without them, keep a heap profile: --pprof-addr.",
			queries: []query{
				{expr: `process_resident_memory_bytes{cluster=~"$cluster"}` + ours, legend: legend},
				{expr: `go_memstats_heap_alloc_bytes{cluster=~"$cluster"}` + ours, legend: legend + " heap"},
			},
		},
		{
			title: "CPU", unit: units.Short, width: 12, absent: "no fedsyncd",
			description: "Cores in use by each process. At its limit all the time: give it more, or see who writes so much.",
			queries:     []query{{expr: `rate(process_cpu_seconds_total{cluster=~"$cluster"}[$__rate_interval])` + ours, legend: legend}},
		},
		{
			title: "Goroutines", unit: units.Short, width: 12, absent: "no fedsyncd",
			description: "A member has about as many as it has workers and types. A rise without new members or types is a leak: keep a profile and report it.",
			queries:     []query{{expr: `go_goroutines{cluster=~"$cluster"}` + ours, legend: legend}},
		},
		{
			title: "Samples in a scrape", unit: units.Short, width: 12, absent: "no fedsyncd", steps: []step{{from: 100000, colour: yellow}},
			description: "What Prometheus takes in each time: some 25 series for each member, some 40 for each type. --metrics-detail=full multiplies members by types.",
			queries:     []query{{expr: `scrape_samples_scraped{cluster=~"$cluster"}` + ours, legend: legend}},
		},
		{
			title: "Duration of a scrape", unit: units.Seconds, width: 12, absent: "no fedsyncd", steps: []step{{from: 5, colour: yellow}, {from: 10, colour: red}},
			description: "How long /metrics took. Beyond Prometheus' scrape_timeout, 10 s by default, there would be nothing at all: give fedsyncd CPU, or leave --metrics-detail=full.",
			queries:     []query{{expr: `scrape_duration_seconds{cluster=~"$cluster"}` + ours, legend: legend}},
		},
		{
			title: "Versions", unit: units.Short, width: 12, absent: "no fedsyncd",
			description: "How many processes run which version. Two for more than the time of an upgrade: one was forgotten.",
			queries:     []query{{expr: `count by (version, goversion) (fedsync_build_info{cluster=~"$cluster"})`, legend: "{{version}} {{goversion}}"}},
		},
	}
}
