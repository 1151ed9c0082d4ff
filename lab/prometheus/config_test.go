package prometheus

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestConfiguration(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(rules, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := configuration(Options{
		Rules:          []string{rules},
		ScrapeInterval: 500 * time.Millisecond,
		ExternalLabels: map[string]string{"host": "eu"},
		Targets: []Target{
			{Job: "fedsyncd", URL: "http://127.0.0.1:8080/metrics", Labels: map[string]string{"fleet": "a"}},
			{Job: "other", URL: "https://127.0.0.1:8443/page"},
			{Job: "fedsyncd", URL: "http://127.0.0.1:8081"},
		},
	}, "http://127.0.0.1:9090")
	if err != nil {
		t.Fatal(err)
	}
	want := `global:
  evaluation_interval: 500ms
  external_labels:
    host: eu
  scrape_interval: 500ms
rule_files:
- ` + rules + `
scrape_configs:
- job_name: prometheus
  static_configs:
  - labels:
      __metrics_path__: /metrics
      __scheme__: http
    targets:
    - 127.0.0.1:9090
- job_name: fedsyncd
  static_configs:
  - labels:
      __metrics_path__: /metrics
      __scheme__: http
      fleet: a
    targets:
    - 127.0.0.1:8080
  - labels:
      __metrics_path__: /metrics
      __scheme__: http
    targets:
    - 127.0.0.1:8081
- job_name: other
  static_configs:
  - labels:
      __metrics_path__: /page
      __scheme__: https
    targets:
    - 127.0.0.1:8443
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestConfigurationRefuses(t *testing.T) {
	if _, err := configuration(Options{Rules: []string{"no-such-file.yaml"}}, "http://127.0.0.1:9090"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("rules that are not there: %v, want %v", err, os.ErrNotExist)
	}
	cases := map[string]struct {
		why    string
		target Target
	}{
		"no job":     {"series could not be told apart", Target{URL: "http://127.0.0.1:1/metrics"}},
		"no host":    {"an address without a scheme reads as a path", Target{Job: "a", URL: "localhost/metrics"}},
		"not a URL":  {"nobody could scrape it", Target{Job: "a", URL: "http://[::1"}},
		"only a job": {"the zero value names no page", Target{Job: "a"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got, err := configuration(Options{Targets: []Target{c.target}}, "http://127.0.0.1:9090"); err == nil {
				t.Errorf("no error, though %s; the configuration is\n%s", c.why, got)
			}
		})
	}
}
