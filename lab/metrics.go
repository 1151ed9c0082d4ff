package lab

import (
	"bytes"
	"context"
	"fmt"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Sample is one series of a metrics page at one moment. Histograms and summaries are taken apart into the series that
// Prometheus makes of them (name_bucket, name_sum, name_count).
type Sample struct {
	Name   string
	Labels map[string]string
	Value  float64
}

// Samples is a metrics page, in no order.
type Samples []Sample

// Sum adds up the samples that have the name and all the labels in match; a label in match with an empty value asks
// that the sample does not have it. No sample is 0, as a counter that was never raised has no series.
func (s Samples) Sum(name string, match map[string]string) float64 {
	var sum float64
	for _, sample := range s {
		if sample.Name == name && sample.matches(match) {
			sum += sample.Value
		}
	}
	return sum
}

// Metric reads the API server's metrics page and returns Samples.Sum of it. To count the writes of ConfigMaps:
//
//	before, err := c.Metric(ctx, "apiserver_request_total", map[string]string{"verb": "APPLY", "resource": "configmaps"})
func (c *Cluster) Metric(ctx context.Context, name string, match map[string]string) (float64, error) {
	samples, err := c.metrics(ctx, func(line []byte) bool { return isSampleOf(name, line) })
	if err != nil {
		return 0, err
	}
	return samples.Sum(name, match), nil
}

// Metrics reads the API server's whole metrics page, which has some megabytes and takes a tenth of a second to parse:
// for several numbers of one moment.
func (c *Cluster) Metrics(ctx context.Context) (Samples, error) {
	return c.metrics(ctx, func([]byte) bool { return true })
}

func (c *Cluster) metrics(ctx context.Context, wanted func(line []byte) bool) (Samples, error) {
	page, err := c.get(ctx, "/metrics")
	if err != nil {
		return nil, fmt.Errorf("read metrics of cluster %q: %w", c.Name, err)
	}
	samples, err := parseMetrics(page, wanted)
	if err != nil {
		return nil, fmt.Errorf("parse metrics of cluster %q: %w", c.Name, err)
	}
	return samples, nil
}

func (s Sample) matches(match map[string]string) bool {
	for label, want := range match {
		if s.Labels[label] != want {
			return false
		}
	}
	return true
}

// isSampleOf tells whether a line is a sample of exactly this name.
func isSampleOf(name string, line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte(name))
	return ok && len(rest) > 0 && (rest[0] == '{' || rest[0] == ' ')
}

// ParseMetrics parses a whole metrics page, of whatever server.
func ParseMetrics(page []byte) (Samples, error) {
	return parseMetrics(page, func([]byte) bool { return true })
}

// parseMetrics parses the wanted lines. Comments are dropped, because without them every line is a series of its own,
// also those of a histogram.
func parseMetrics(page []byte, wanted func(line []byte) bool) (Samples, error) {
	var lines bytes.Buffer
	for line := range bytes.Lines(page) {
		if line[0] != '#' && wanted(line) {
			lines.Write(line)
		}
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(&lines)
	if err != nil {
		return nil, err
	}
	var all Samples
	for _, family := range families {
		samples, err := flatten(family)
		if err != nil {
			return nil, err
		}
		all = append(all, samples...)
	}
	return all, nil
}

func flatten(family *dto.MetricFamily) (Samples, error) {
	vector, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{}, family)
	if err != nil {
		return nil, err
	}
	samples := make(Samples, 0, len(vector))
	for _, v := range vector {
		s := Sample{Name: string(v.Metric[model.MetricNameLabel]), Value: float64(v.Value)}
		s.Labels = make(map[string]string, len(v.Metric)-1)
		for name, value := range v.Metric {
			if name != model.MetricNameLabel {
				s.Labels[string(name)] = string(value)
			}
		}
		samples = append(samples, s)
	}
	return samples, nil
}
