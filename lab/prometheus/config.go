package prometheus

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/common/model"
	"sigs.k8s.io/yaml"
)

// Options say what to run and what to look at. Binaries and Dir are required.
type Options struct {
	// Binaries is the directory of prometheus and promtool.
	Binaries string
	// Dir is where configuration, log and data go; it is made if it is not there. What a Prometheus has left in it is
	// read again.
	Dir string
	// Targets are scraped. Prometheus scrapes itself besides, as the job prometheus.
	Targets []Target
	// Rules are files of alerts and recording rules.
	Rules []string
	// ScrapeInterval is how often each target is scraped; 0 means every second.
	ScrapeInterval time.Duration
	// EvaluationInterval is how often rules are evaluated whose group does not say; 0 means as often as targets are scraped.
	EvaluationInterval time.Duration
	// ExternalLabels are put on what leaves this Prometheus: alerts, federation.
	ExternalLabels map[string]string
	// Log is the file that the output is appended to; empty means prometheus.log in Dir.
	Log string
	// NativeHistograms makes it take native histograms and exemplars, where the target offers them. It is done by feature
	// flags, which Prometheus understands up to 3.8.
	NativeHistograms bool
}

// Target is a page of metrics.
type Target struct {
	// Job is its label "job". Several targets may have the same.
	Job string
	// URL is the page, such as http://127.0.0.1:8080/metrics. Its host and port become the label "instance".
	URL string
	// Labels are added to all of its series.
	Labels map[string]string
}

type config struct {
	Global    globals  `json:"global"`
	RuleFiles []string `json:"rule_files,omitempty"`
	Scrape    []scrape `json:"scrape_configs"`
}

type globals struct {
	ScrapeInterval     model.Duration    `json:"scrape_interval"`
	EvaluationInterval model.Duration    `json:"evaluation_interval"`
	ExternalLabels     map[string]string `json:"external_labels,omitempty"`
}

type scrape struct {
	Job    string   `json:"job_name"`
	Static []static `json:"static_configs"`
}

type static struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// configuration returns the content of the configuration file. It fails on a file of rules that is not there:
// Prometheus takes names as patterns, and one that matches nothing is fine with it.
func configuration(o Options, self string) ([]byte, error) {
	interval := cmp.Or(o.ScrapeInterval, time.Second)
	c := config{Global: globals{
		ScrapeInterval:     model.Duration(interval),
		EvaluationInterval: model.Duration(cmp.Or(o.EvaluationInterval, interval)),
		ExternalLabels:     o.ExternalLabels,
	}}
	for _, file := range o.Rules {
		path, err := filepath.Abs(file)
		if err != nil {
			return nil, fmt.Errorf("find rules %q: %w", file, err)
		}
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("find rules: %w", err)
		}
		c.RuleFiles = append(c.RuleFiles, path)
	}
	jobs := map[string]int{} // their place in c.Scrape: a job may not stand there twice
	for _, t := range append([]Target{{Job: selfJob, URL: self + "/metrics"}}, o.Targets...) {
		at, known := jobs[t.Job]
		if !known {
			at = len(c.Scrape)
			jobs[t.Job] = at
			c.Scrape = append(c.Scrape, scrape{Job: t.Job})
		}
		s, err := t.static()
		if err != nil {
			return nil, err
		}
		c.Scrape[at].Static = append(c.Scrape[at].Static, s)
	}
	return yaml.Marshal(c)
}

const selfJob = "prometheus"

func (t Target) static() (static, error) {
	page, err := url.Parse(t.URL)
	if err != nil {
		return static{}, fmt.Errorf("read address of job %q: %w", t.Job, err)
	}
	if t.Job == "" || page.Host == "" {
		return static{}, fmt.Errorf("a target needs a job and a URL, not %q and %q", t.Job, t.URL)
	}
	labels := map[string]string{
		model.SchemeLabel:      page.Scheme,
		model.MetricsPathLabel: cmp.Or(page.Path, "/metrics"),
	}
	for name, value := range t.Labels {
		labels[name] = value
	}
	return static{Targets: []string{page.Host}, Labels: labels}, nil
}
