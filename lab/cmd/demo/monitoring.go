package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/fedsync/fedsync/lab/prometheus"
)

// job is the label that the dashboards and rules know fedsyncd by.
const job = "fedsync"

// monitoring is what runs beside the demo, if it is asked for.
type monitoring struct {
	binaries string // of Prometheus; empty means none
	rules    []string
	server   *prometheus.Server
}

// startPrometheus waits for the first scrape, so that it sees all that the demo does next.
func (d *demo) startPrometheus(ctx context.Context) error {
	began := time.Now()
	var err error
	d.monitoring.server, err = prometheus.Start(ctx, prometheus.Options{
		Binaries: d.monitoring.binaries, Dir: filepath.Join(d.lab.Dir(), "prometheus"),
		Targets: []prometheus.Target{{Job: job, URL: d.daemon.MetricsURL}}, Rules: d.monitoring.rules,
	})
	if err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	if err := d.monitoring.server.WaitUp(waiting); err != nil {
		return err
	}
	d.sayf("it is ready, and its first scrape of %s went well, after %s", d.daemon.MetricsURL, took(began))
	return nil
}

// askPrometheus finds out by its API whether it scrapes fedsyncd and has loaded the rules.
func (d *demo) askPrometheus(ctx context.Context) error {
	server := d.monitoring.server
	if err := server.WaitUp(ctx); err != nil {
		return err
	}
	count, err := server.Query(ctx, fmt.Sprintf("count({job=%q})", job), time.Time{})
	if err != nil {
		return err
	}
	if len(count) != 1 {
		return fmt.Errorf("prometheus has no series of job %q", job)
	}
	d.sayf("it scrapes fedsyncd, and has %v series of it", count[0].Value)
	rules, err := server.Rules(ctx)
	if err != nil {
		return err
	}
	if err := d.checkRules(rules); err != nil {
		return err
	}
	if len(rules) == 0 {
		return nil
	}
	var firing []string
	for _, r := range rules {
		if r.State == string(prometheusv1.AlertStateFiring) {
			firing = append(firing, r.Name)
		}
	}
	if len(firing) == 0 {
		firing = []string{"none"}
	}
	d.sayf("it has loaded %d rules; alerts that fire: %s", len(rules), strings.Join(firing, ", "))
	return nil
}

// checkRules returns an error if a file has no rule there, or a rule could not be evaluated.
func (d *demo) checkRules(rules []prometheus.Rule) error {
	for _, file := range d.monitoring.rules {
		path, err := filepath.Abs(file)
		if err != nil {
			return fmt.Errorf("find rules %q: %w", file, err)
		}
		if !slices.ContainsFunc(rules, func(r prometheus.Rule) bool { return r.File == path }) {
			return fmt.Errorf("prometheus has no rule of %s", path)
		}
	}
	for _, r := range rules {
		if r.Health == prometheusv1.RuleHealthBad {
			return fmt.Errorf("evaluate rule %q of group %q: %s", r.Name, r.Group, r.LastError)
		}
	}
	return nil
}

// tellPrometheus says where to look, in Prometheus and, if its files are there, in Grafana.
func (d *demo) tellPrometheus() {
	server := d.monitoring.server
	d.sayf("\nPrometheus  %s", server.URL)
	d.sayf("  copies by state   %s", server.Graph("sum by (state) (fedsync_copies)", 5*time.Minute))
	d.sayf("  writes by reason  %s", server.Graph("sum by (reason) (fedsync_writes_total)", 5*time.Minute))
	d.sayf("  alerts            %s", server.Page("alerts"))
	charts, err := filepath.Abs(filepath.Join(d.repository, "charts", "fedsync"))
	provisioning, dashboards := filepath.Join(charts, "grafana", "provisioning"), filepath.Join(charts, "dashboards")
	for _, dir := range []string{provisioning, dashboards} {
		_, missing := os.Stat(dir)
		err = errors.Join(err, missing)
	}
	if err != nil {
		return // no dashboards, nothing to say of Grafana
	}
	d.sayf(`
Grafana with the dashboards, on http://127.0.0.1:3000:
  docker run --rm --network host -e GF_SERVER_HTTP_ADDR=127.0.0.1 -e GF_AUTH_ANONYMOUS_ENABLED=true \
    -e PROMETHEUS_URL=%s -e FEDSYNC_DASHBOARDS=/var/lib/grafana/dashboards \
    -v %s:/etc/grafana/provisioning:ro \
    -v %s:/var/lib/grafana/dashboards:ro \
    grafana/grafana`, server.URL, provisioning, dashboards)
}

// stopPrometheus ends it before the daemon, so that it sees no target go down.
func (d *demo) stopPrometheus() error {
	if d.monitoring.server == nil {
		return nil
	}
	return d.monitoring.server.Stop()
}
