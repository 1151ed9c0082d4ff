package metrics

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

// Handler serves what is gathered from ours and, without what is known to be unbounded, from the libraries' registry. It speaks
// the text format, OpenMetrics and, for native histograms, protobuf.
func Handler(ours, libraries prometheus.Gatherer) http.Handler {
	return promhttp.HandlerFor(merged{ours, bounds{libraries}}, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError, EnableOpenMetrics: true})
}

// bounds leaves out what client-go counts of each member by address, method and code (kubefed#1488: 315,930 series).
type bounds struct{ prometheus.Gatherer }

// Gather implements prometheus.Gatherer.
func (b bounds) Gather() ([]*dto.MetricFamily, error) {
	families, err := b.Gatherer.Gather()
	return slices.DeleteFunc(families, func(f *dto.MetricFamily) bool { return strings.HasPrefix(f.GetName(), "rest_client_") }), err
}

// merged puts families of the same name together. Unlike [prometheus.Gatherers] it does not ask that they have the same help: that
// of a library may change with its version.
type merged []prometheus.Gatherer

// Gather implements prometheus.Gatherer.
func (m merged) Gather() ([]*dto.MetricFamily, error) {
	var all []*dto.MetricFamily
	byName := map[string]*dto.MetricFamily{}
	for _, g := range m {
		families, err := g.Gather()
		if err != nil {
			return nil, err
		}
		for _, f := range families {
			if first := byName[f.GetName()]; first != nil {
				first.Metric = append(first.Metric, f.Metric...)
				continue
			}
			byName[f.GetName()] = f
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b *dto.MetricFamily) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return all, nil
}
