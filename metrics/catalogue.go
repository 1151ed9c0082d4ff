package metrics

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Definition describes one metric to a stranger.
type Definition struct {
	Name, Help string
	// Kind is "counter", "gauge", "histogram" or "summary".
	Kind string
	// Labels are the names of its labels.
	Labels []string
	// Section is the heading that it stands under.
	Section string
	// Only says under which flag it is served, empty for always.
	Only string
}

// catalogue makes metrics and keeps what they are.
type catalogue struct {
	registry      prometheus.Registerer
	section, only string
	all           []Definition
	err           error // of the first registration that failed
}

func (c *catalogue) note(kind, name, help string, labels []string) {
	c.all = append(c.all, Definition{Name: name, Help: help, Kind: kind, Labels: labels, Section: c.section, Only: c.only})
}

func (c *catalogue) register(name string, made prometheus.Collector) {
	if err := c.registry.Register(made); err != nil && c.err == nil {
		c.err = fmt.Errorf("register metric %q: %w", name, err)
	}
}

func (c *catalogue) counter(name, help string, labels ...string) *prometheus.CounterVec {
	c.note("counter", name, help, labels)
	made := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	c.register(name, made)
	return made
}

func (c *catalogue) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	c.note("gauge", name, help, labels)
	made := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	c.register(name, made)
	return made
}

// Native histograms have buckets that are a tenth apart. Where there are many histograms, each has fewer of them.
const (
	nativeFactor          = 1.1
	nativeBuckets         = 100
	nativeBucketsOfMember = 40
	nativeReset           = time.Hour
)

// histogram makes one that is served as a native histogram to a server that asks for one, and with the buckets to others.
func (c *catalogue) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return c.histogramOf(nativeBuckets, name, help, buckets, labels...)
}

func (c *catalogue) histogramOf(native uint32, name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	c.note("histogram", name, help, labels)
	made := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor: nativeFactor, NativeHistogramMaxBucketNumber: native, NativeHistogramMinResetDuration: nativeReset,
	}, labels)
	c.register(name, made)
	return made
}

// asked describes a metric whose value is found when it is scraped; whoever finds it has to be registered too.
func (c *catalogue) asked(kind, name, help string, labels ...string) *prometheus.Desc {
	c.note(kind, name, help, labels)
	return prometheus.NewDesc(name, help, labels, nil)
}
