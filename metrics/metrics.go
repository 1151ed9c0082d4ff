package metrics

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fedsync/fedsync/fleet"
)

// Metrics are all metrics of the daemon. They are safe for concurrent use.
type Metrics struct {
	fieldsUnknown  *prometheus.CounterVec
	removalsFrozen prometheus.Gauge
}

// New registers the metrics. It fails if one of their names is taken.
func New(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		fieldsUnknown: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fedsync_template_fields_unknown_total",
			Help: "Fields of templates that were left out of copies because the member's API server does not know them.",
		}, []string{"type", "member"}),
		removalsFrozen: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "fedsync_removals_frozen",
			Help: "Copies that are not removed because more would be removed than the budget allows.",
		}),
	}
	for _, c := range []prometheus.Collector{m.fieldsUnknown, m.removalsFrozen} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

// FieldsUnknown counts fields that a member does not know.
func (m *Metrics) FieldsUnknown(t fleet.TypeName, member fleet.Name, fields int) {
	m.fieldsUnknown.WithLabelValues(string(t), string(member)).Add(float64(fields))
}

// RemovalsFrozen says how many copies are held back from removal.
func (m *Metrics) RemovalsFrozen(copies int) { m.removalsFrozen.Set(float64(copies)) }

// Gone drops the series of a type or of a member; the other one is empty.
func (m *Metrics) Gone(t fleet.TypeName, member fleet.Name) {
	labels := prometheus.Labels{"type": string(t)}
	if t == "" {
		labels = prometheus.Labels{"member": string(member)}
	}
	m.fieldsUnknown.DeletePartialMatch(labels)
}
