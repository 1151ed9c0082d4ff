package metrics

import (
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

// kubefed are the metrics of KubeFed v0.10 that its users have on their dashboards, under its names and with its labels and
// buckets (its pkg/metrics/metrics.go). Where KubeFed's value was always zero, this one is right.
type kubefed struct {
	cluster, joined                       *prometheus.Desc
	joins, unjoins, probes, connections   *prometheus.HistogramVec
	dispatch, resources, deprecated, time *prometheus.HistogramVec
	total, failed                         *prometheus.CounterVec
	concurrent, active                    *prometheus.GaugeVec
	quantile                              *prometheus.SummaryVec

	workers int

	mu    sync.Mutex
	kinds map[fleet.TypeName]string // the names of controllers that were told of
}

// sectionKubeFed is the heading of these metrics.
const sectionKubeFed = "KubeFed's names, with `--kubefed-metrics`"

func kubefedBuckets() []float64 {
	return []float64{.01, .05, .1, .5, 1, 2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20, 22.5, 25, 27.5, 30, 50, 75, 100, 1000}
}

// reconcileBuckets are those of controller-runtime, which KubeFed took over.
func reconcileBuckets() []float64 {
	return []float64{
		.005, .01, .025, .05, .1, .15, .2, .25, .3, .35, .4, .45, .5, .6, .7, .8, .9, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10,
		15, 20, 25, 30, 40, 50, 60,
	}
}

func newKubeFed(c *catalogue, m *Metrics) *kubefed {
	k := &kubefed{workers: m.options.HostWorkers, kinds: map[fleet.TypeName]string{}}
	c.section, c.only = sectionKubeFed, "--kubefed-metrics"
	defer func() { c.only = "" }()
	k.cluster = c.asked("gauge", "kubefedcluster_total", "1 if the last probes found the cluster in the state, else 0.", "state", "cluster")
	k.joined = c.asked("gauge", "joined_cluster_total", "Registered members.")
	k.joins = c.histogram("join_cluster_duration_seconds", "From the registration of a member to the first good probe.", kubefedBuckets())
	k.unjoins = c.histogram("unjoin_cluster_duration_seconds", "How long it took to end the work on a member whose registration was removed.", kubefedBuckets())
	k.probes = c.histogram("cluster_health_status_duration_seconds", "How long health probes take.", kubefedBuckets())
	k.connections = c.histogram("cluster_client_connection_duration_seconds", "From a member's credentials to the first good probe.", kubefedBuckets())
	k.dispatch = c.histogram("dispatch_operation_duration_seconds", "How long requests take that create, update or delete copies.", kubefedBuckets(), "action")
	k.resources = c.histogram("reconcile_federated_resources_duration_seconds", "How long a look at a federated object takes.", kubefedBuckets())
	k.deprecated = c.histogram("controller_runtime_reconcile_duration_seconds", "The same by controller; use controller_runtime_reconcile_time_seconds.", kubefedBuckets(), "controller")
	k.time = c.histogram("controller_runtime_reconcile_time_seconds", "Length of time per reconciliation per controller", reconcileBuckets(), "controller")
	k.total = c.counter("controller_runtime_reconcile_total", "Total number of reconciliations per controller", "controller", "result")
	k.failed = c.counter("controller_runtime_reconcile_errors_total", "Total number of reconciliation errors per controller", "controller")
	k.concurrent = c.gauge("controller_runtime_max_concurrent_reconciles", "Maximum number of concurrent reconciles per controller", "controller")
	k.active = c.gauge("controller_runtime_active_workers", "Number of currently used workers per controller", "controller")
	c.note("summary", "controller_runtime_reconcile_quantile_seconds", "The same, without quantiles, as in KubeFed.", []string{"controller"})
	k.quantile = prometheus.NewSummaryVec(prometheus.SummaryOpts{
		Name: "controller_runtime_reconcile_quantile_seconds", Help: "The same, without quantiles, as in KubeFed.", MaxAge: time.Hour,
	}, []string{"controller"})
	c.register("controller_runtime_reconcile_quantile_seconds", k.quantile)
	return k
}

// begin makes the series that KubeFed has from the start, with or without a value.
func (k *kubefed) begin() {
	for _, v := range []*prometheus.HistogramVec{k.joins, k.unjoins, k.probes, k.connections, k.resources} {
		v.WithLabelValues()
	}
	for _, action := range []string{"create", "update", "delete"} {
		k.dispatch.WithLabelValues(action)
	}
}

func (k *kubefed) attempted(a telemetry.Attempt) {
	action := "update"
	switch {
	case a.Verb == plan.Create, a.Reason == plan.Missing:
		action = "create"
	case a.Verb == plan.Delete:
		action = "delete"
	}
	if a.Result == fault.None {
		k.dispatch.WithLabelValues(action).Observe(a.Answered.Sub(a.Sent).Seconds())
	}
}

// send tells the state of each cluster in KubeFed's words: what cannot be read as a configuration counts as notready.
func (k *kubefed) send(send func(*prometheus.Desc, float64, ...string), members []telemetry.Member) {
	send(k.joined, float64(len(members)))
	for i := range members {
		state := "notready"
		switch members[i].Connection {
		case telemetry.ConnectionReady:
			state = "ready"
		case telemetry.ConnectionOffline:
			state = "offline"
		default:
		}
		for _, s := range []string{"ready", "notready", "offline"} {
			send(k.cluster, boolean(s == state), s, string(members[i].Name))
		}
	}
}

// looking counts a look at an object under the name that KubeFed's controller of its type has.
func (k *kubefed) looking(t fleet.TypeName, kind string, c clock.PassiveClock) (ended func(telemetry.Look)) {
	controller := strings.ToLower(kind)
	k.mu.Lock()
	k.kinds[t] = controller
	k.mu.Unlock()
	began := c.Now()
	k.concurrent.WithLabelValues(controller).Set(float64(k.workers))
	active := k.active.WithLabelValues(controller) // and no other: the series may be dropped and made anew meanwhile
	active.Inc()
	return func(result telemetry.Look) {
		took := c.Since(began).Seconds()
		active.Dec()
		k.total.WithLabelValues(controller, string(result)).Inc()
		failures := k.failed.WithLabelValues(controller)
		if result == telemetry.LookError {
			failures.Inc()
		}
		k.resources.WithLabelValues().Observe(took)
		k.time.WithLabelValues(controller).Observe(took)
		k.deprecated.WithLabelValues(controller).Observe(took)
		k.quantile.WithLabelValues(controller).Observe(took)
	}
}

// drop ends the series of a type.
func (k *kubefed) drop(t fleet.TypeName) {
	k.mu.Lock()
	controller := k.kinds[t]
	k.mu.Unlock()
	if controller == "" {
		return
	}
	labels := prometheus.Labels{"controller": controller}
	for _, v := range []interface {
		DeletePartialMatch(labels prometheus.Labels) int
	}{k.deprecated, k.time, k.total, k.failed, k.concurrent, k.active, k.quantile} {
		v.DeletePartialMatch(labels)
	}
}
