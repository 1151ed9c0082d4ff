package monitoring

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fedsync/fedsync/lab/daemon"
)

// complaints are what promtool may say of a metric: KubeFed gave these gauges names that end like those of counters, and its users
// have them on their dashboards. It has nothing to say of the metrics of libraries.
func complaints() []string {
	const ending = ` non-counter metrics should not have "_total" suffix`
	return []string{"joined_cluster_total" + ending, "kubefedcluster_total" + ending}
}

// pageIsGood has promtool check the page of metrics.
func (s *story) pageIsGood(t *testing.T, d *daemon.Process) {
	t.Helper()
	content := page(t, d)
	if dir := os.Getenv("MONITORING_KEEP"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "metrics.txt"), content, 0o600); err != nil {
			t.Log(err)
		}
	}
	check := exec.CommandContext(t.Context(), filepath.Join(s.binaries, "promtool"), "check", "metrics")
	check.Stdin = bytes.NewReader(content)
	out, err := check.CombinedOutput()
	said := string(out)
	for _, known := range complaints() {
		said = strings.Replace(said, known+"\n", "", 1)
	}
	switch {
	case said != "":
		t.Errorf("promtool complains:\n%s", said)
	case err != nil && len(out) == 0:
		t.Errorf("promtool check metrics: %v", err)
	}
	s.everyMetricIsAsked(t, content)
}

// ours tells metrics of ours and those with KubeFed's names from those of libraries.
func ours(name string) bool {
	libraries := []string{ // controller-runtime's, which KubeFed does not have
		"controller_runtime_reconcile_panics_total", "controller_runtime_reconcile_timeouts_total", "controller_runtime_terminal_reconcile_errors_total",
	}
	return strings.HasPrefix(name, "fedsync_") || strings.Contains(name, "cluster_") || strings.Contains(name, "dispatch") ||
		strings.Contains(name, "reconcile") && !slices.Contains(libraries, name)
}

// everyMetricIsAsked fails if a metric of ours, or one of KubeFed's names, is in no panel, alert or fact.
func (s *story) everyMetricIsAsked(t *testing.T, content []byte) {
	t.Helper()
	var asked strings.Builder
	for file := range s.dashboards() {
		found, err := queries(s.dashboard(file))
		if err != nil {
			t.Fatal(err)
		}
		for _, expression := range found {
			asked.WriteString(expression + "\n")
		}
	}
	for expression := range s.facts() {
		asked.WriteString(expression + "\n")
	}
	for _, r := range declaredRules(t, s.rulesFile()) {
		asked.WriteString(r.Expr + "\n")
	}
	metrics := 0
	for line := range strings.Lines(string(content)) {
		name, isType := strings.CutPrefix(line, "# TYPE ")
		name, _, _ = strings.Cut(name, " ")
		if !isType || !ours(name) {
			continue
		}
		metrics++
		if !strings.Contains(asked.String(), name) {
			t.Errorf("nothing in the story asks for %s", name)
		}
	}
	t.Logf("measured: the page has %d lines and %d metrics of ours or with KubeFed's names", bytes.Count(content, []byte("\n")), metrics)
}
