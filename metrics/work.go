package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/telemetry"
)

// work are the metrics of what is done.
type work struct {
	writes, drift, failures, unknown, host, events, dropped *prometheus.CounterVec

	frozen       *prometheus.GaugeVec
	wait, probes *prometheus.HistogramVec
	managers     *bounded
}

// maxManagers bounds how many field managers are told apart.
const maxManagers = 32

func newWork(c *catalogue) work {
	c.section = "Work"
	w := work{managers: &bounded{limit: maxManagers, known: map[string]bool{}}}
	w.writes = c.counter("fedsync_writes_total", "Requests that create, change, delete or release copies in members, by what was asked, why, and how it ended.", "verb", "reason", "result")
	w.drift = c.counter("fedsync_drift_corrections_total", "Copies that somebody else changed and that were put back, by the field manager that wrote last.", "type", "manager")
	w.failures = c.counter("fedsync_member_failures_total", "Requests about copies that a member did not carry out, or did not answer.", "member")
	w.unknown = c.counter("fedsync_template_fields_unknown_total", "Fields of templates that were left out of copies because the member's API server does not know them.", "type")
	w.host = c.counter("fedsync_host_writes_total", "Writes to the host by what was written and how it ended. At rest there are none.", "kind", "result")
	w.events = c.counter("fedsync_host_events_total", "Events that were handed over to be sent to the host; of many about one object the library sends a few.", "type")
	w.dropped = c.counter("fedsync_host_events_dropped_total", "Events that were not sent because there were too many.")
	w.frozen = c.gauge("fedsync_removals_frozen", "Copies that are not removed because more would be removed than the budget allows.")
	w.wait = c.histogram("fedsync_queue_wait_seconds", "How long a key was due before a worker took it.", []float64{.001, .01, .1, 1, 10, 60, 600}, "queue", "lane")
	w.probes = c.histogram("fedsync_probe_seconds", "How long health probes of members take.", []float64{.005, .01, .025, .05, .1, .25, .5, 1, 3})
	return w
}

// begin makes the series that start from zero when the work does.
func (w *work) begin() {
	w.frozen.WithLabelValues().Set(0)
	w.dropped.WithLabelValues()
	for _, eventType := range []string{corev1.EventTypeNormal, corev1.EventTypeWarning} {
		w.events.WithLabelValues(eventType)
	}
}

func (w *work) attempted(a telemetry.Attempt) {
	w.writes.WithLabelValues(verbOf(a.Verb), string(a.Reason), a.Result.String()).Inc()
	if a.Result != fault.None {
		w.failures.WithLabelValues(string(a.Member)).Inc()
	}
	if a.Drift {
		w.drift.WithLabelValues(string(a.Object.Type), w.managers.word(a.Culprit)).Inc()
	}
}

func verbOf(v plan.Verb) string {
	switch v {
	case plan.Apply:
		return "apply"
	case plan.Create:
		return "create"
	case plan.Delete:
		return "delete"
	case plan.Release:
		return "release"
	default:
		return "none"
	}
}
