package metrics

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fedsync/fedsync/fleet"
)

// Metrics are all metrics of the daemon. They are safe for concurrent use.
type Metrics struct {
	fieldsUnknown *prometheus.CounterVec
}

// New registers the metrics. It fails if one of their names is taken.
func New(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		fieldsUnknown: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fedsync_template_fields_unknown_total",
			Help: "Fields of templates that were left out of copies because the member's API server does not know them.",
		}, []string{"type", "member"}),
	}
	for _, c := range []prometheus.Collector{m.fieldsUnknown} {
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

// MemberGone drops the series of a member.
func (m *Metrics) MemberGone(member fleet.Name) {
	m.fieldsUnknown.DeletePartialMatch(prometheus.Labels{"member": string(member)})
}

// TypeGone drops the series of a type.
func (m *Metrics) TypeGone(t fleet.TypeName) {
	m.fieldsUnknown.DeletePartialMatch(prometheus.Labels{"type": string(t)})
}
