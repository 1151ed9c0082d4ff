package prometheus

import (
	"cmp"
	"fmt"
	"maps"
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

// configuration returns the content of the configuration file. It fails on a file of rules that is not there:
// Prometheus takes names as patterns, and one that matches nothing is fine with it.
func configuration(o Options, self string) ([]byte, error) {
	var rules []string
	for _, file := range o.Rules {
		path, err := filepath.Abs(file)
		if err != nil {
			return nil, fmt.Errorf("find rules %q: %w", file, err)
		}
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("find rules: %w", err)
		}
		rules = append(rules, path)
	}
	jobs, err := scrapes(append([]Target{{Job: "prometheus", URL: self + "/metrics"}}, o.Targets...))
	if err != nil {
		return nil, err
	}
	interval := cmp.Or(o.ScrapeInterval, time.Second)
	return yaml.Marshal(map[string]any{
		"global": map[string]any{
			"scrape_interval":     model.Duration(interval),
			"evaluation_interval": model.Duration(cmp.Or(o.EvaluationInterval, interval)),
			"external_labels":     o.ExternalLabels,
		},
		"rule_files":     rules,
		"scrape_configs": jobs,
	})
}

// scrapes groups targets by their job, which may not stand there twice.
func scrapes(targets []Target) ([]map[string]any, error) {
	var names []string
	groups := map[string][]map[string]any{}
	for _, t := range targets {
		page, err := url.Parse(t.URL)
		if err != nil {
			return nil, fmt.Errorf("read address of job %q: %w", t.Job, err)
		}
		if t.Job == "" || page.Host == "" {
			return nil, fmt.Errorf("a target needs a job and a URL, not %q and %q", t.Job, t.URL)
		}
		labels := map[string]string{model.SchemeLabel: page.Scheme, model.MetricsPathLabel: cmp.Or(page.Path, "/metrics")}
		maps.Copy(labels, t.Labels)
		if _, known := groups[t.Job]; !known {
			names = append(names, t.Job)
		}
		groups[t.Job] = append(groups[t.Job], map[string]any{"targets": []string{page.Host}, "labels": labels})
	}
	var jobs []map[string]any
	for _, name := range names {
		jobs = append(jobs, map[string]any{"job_name": name, "static_configs": groups[name]})
	}
	return jobs, nil
}
