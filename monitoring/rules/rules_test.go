package rules_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

const (
	directory = "../../charts/fedsync/rules"
	manual    = "../../docs/operations.md"
	address   = "https://github.com/fedsync/fedsync/blob/main/docs/operations.md#"
)

type rule struct {
	Record      string            `json:"record"`
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

type ruleFile struct {
	Groups []struct {
		Name  string `json:"name"`
		Rules []rule `json:"rules"`
	} `json:"groups"`
}

// testFile is as much of a promtool test as matters here.
type testFile struct {
	Tests []struct {
		Alerts []struct {
			Name     string `json:"alertname"`
			Expected []any  `json:"exp_alerts"` //nolint:tagliatelle // promtool's word
		} `json:"alert_rule_test"` //nolint:tagliatelle // promtool's word
		Expressions []struct {
			Expr string `json:"expr"`
		} `json:"promql_expr_test"` //nolint:tagliatelle // promtool's word
	} `json:"tests"`
}

// all returns every rule of the chart.
func all(t *testing.T) []rule {
	t.Helper()

	var out []rule

	for _, path := range files(t, directory) {
		var file ruleFile

		content := read(t, path)
		if err := yaml.UnmarshalStrict(content, &file); err != nil {
			t.Fatalf("%s: %v", path, err)
		}

		for _, group := range file.Groups {
			out = append(out, group.Rules...)
		}
	}

	if len(out) == 0 {
		t.Fatal("no rules")
	}

	return out
}

func files(t *testing.T, in string) []string {
	t.Helper()

	paths, err := filepath.Glob(filepath.Join(in, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}

	return paths
}

func read(t *testing.T, path string) []byte {
	t.Helper()

	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	return content
}

func TestAlertsHaveASeverityWordsAndARunbook(t *testing.T) {
	t.Parallel()

	for _, r := range all(t) {
		if r.Alert == "" {
			continue
		}

		if severity := r.Labels["severity"]; severity != "critical" && severity != "warning" {
			t.Errorf("%s: severity %q", r.Alert, severity)
		}

		for _, words := range []string{"summary", "description"} {
			if r.Annotations[words] == "" {
				t.Errorf("%s: no %s", r.Alert, words)
			}
		}

		if want, got := address+strings.ToLower(r.Alert), r.Annotations["runbook_url"]; got != want {
			t.Errorf("%s: runbook_url %q, want %q", r.Alert, got, want)
		}
	}
}

func TestEveryAlertHasARunbookAndEveryRunbookAnAlert(t *testing.T) {
	t.Parallel()

	var alerts, runbooks []string

	for _, r := range all(t) {
		if r.Alert != "" {
			alerts = append(alerts, r.Alert)
		}
	}

	_, section, found := strings.Cut(string(read(t, manual)), "\n## Alerts\n")
	if !found {
		t.Fatalf("%s: no section Alerts", manual)
	}

	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if name, is := strings.CutPrefix(line, "### "); is {
			runbooks = append(runbooks, strings.TrimSpace(name))
		}
	}

	slices.Sort(alerts)
	slices.Sort(runbooks)

	if diff := cmp.Diff(alerts, runbooks); diff != "" {
		t.Errorf("-alerts +runbooks:\n%s", diff)
	}
}

func TestRunbooksHaveTheirParts(t *testing.T) {
	t.Parallel()

	_, section, _ := strings.Cut(string(read(t, manual)), "\n## Alerts\n")

	for _, runbook := range strings.Split(section, "\n### ")[1:] {
		name, text, _ := strings.Cut(runbook, "\n")
		for _, part := range []string{"*Users notice*", "*Look at*", "*do*", "*Ends*"} {
			if !strings.Contains(strings.ReplaceAll(text, "*Do*", "*do*"), part) {
				t.Errorf("%s: does not say %s", name, part)
			}
		}
	}
}

func TestEveryRuleHasTests(t *testing.T) {
	t.Parallel()

	fires, silent, evaluated := map[string]bool{}, map[string]bool{}, ""

	for _, path := range files(t, filepath.Join(directory, "tests")) {
		var file testFile
		if err := yaml.Unmarshal(read(t, path), &file); err != nil {
			t.Fatalf("%s: %v", path, err)
		}

		for _, test := range file.Tests {
			for _, alert := range test.Alerts {
				if len(alert.Expected) > 0 {
					fires[alert.Name] = true
				} else {
					silent[alert.Name] = true
				}
			}

			for _, expression := range test.Expressions {
				evaluated += expression.Expr + "\n"
			}
		}
	}

	for _, r := range all(t) {
		switch {
		case r.Record != "" && !strings.Contains(evaluated, r.Record):
			t.Errorf("%s: nobody evaluates it", r.Record)
		case r.Alert != "" && !fires[r.Alert]:
			t.Errorf("%s: no test in which it fires", r.Alert)
		case r.Alert != "" && !silent[r.Alert]:
			t.Errorf("%s: no test in which it is silent", r.Alert)
		}
	}
}
