package dashboards_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"

	"github.com/fedsync/fedsync/monitoring/dashboards"
)

const chart = "../../charts/fedsync/dashboards"

var update = flag.Bool("update", false, "write the files of the chart")

func TestMain(m *testing.M) {
	plugins.RegisterDefaultPlugins() // the SDK reads panels and queries only with them
	m.Run()
}

// loaded returns the chart's dashboards by file name, read as strictly as the SDK can: an unknown field is an error.
func loaded(t *testing.T) map[string]dashboard.Dashboard {
	t.Helper()

	paths, err := filepath.Glob(filepath.Join(chart, "*.json"))
	if err != nil {
		t.Fatal(err)
	}

	out := map[string]dashboard.Dashboard{}

	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}

		out[filepath.Base(path)] = parse(t, path, content)
	}

	return out
}

// parse reads a dashboard twice: the SDK's strict reader finds unknown fields, but leaves out what it calls a union, such
// as panels, because what it returns without an error is not nil but an empty list of errors.
func parse(t *testing.T, path string, content []byte) dashboard.Dashboard {
	t.Helper()

	var strict, d dashboard.Dashboard

	err := strict.UnmarshalJSONStrict(content)
	if faults, ok := errors.AsType[cog.BuildErrors](err); err != nil && (!ok || len(faults) > 0) {
		t.Fatalf("%s: %v", path, err)
	}

	if err := json.Unmarshal(content, &d); err != nil {
		t.Fatalf("%s: %v", path, err)
	}

	return d
}

func TestAnUnknownFieldIsFound(t *testing.T) {
	t.Parallel()

	content, err := os.ReadFile(filepath.Join(chart, "fleet.json"))
	if err != nil {
		t.Fatal(err)
	}

	var strict dashboard.Dashboard

	err = strict.UnmarshalJSONStrict(bytes.Replace(content, []byte(`"gridPos"`), []byte(`"gridPlace"`), 1))
	if faults, ok := errors.AsType[cog.BuildErrors](err); !ok || len(faults) == 0 {
		t.Errorf("got %v, want an error about gridPlace", err)
	}
}

// panels calls a function with every panel, and the name of its dashboard and of itself.
func panels(t *testing.T, visit func(t *testing.T, p dashboard.Panel)) {
	t.Helper()

	for name, d := range loaded(t) {
		for _, p := range d.Panels {
			if p.Panel == nil || p.Panel.Title == nil {
				t.Errorf("%s: a panel without a title", name)
				continue
			}

			t.Run(name+"/"+*p.Panel.Title, func(t *testing.T) { visit(t, *p.Panel) })
		}
	}
}

// targets returns the queries of a panel.
func targets(t *testing.T, p dashboard.Panel) []prometheus.Dataquery {
	t.Helper()

	out := make([]prometheus.Dataquery, 0, len(p.Targets))

	for _, raw := range p.Targets {
		query, ok := raw.(prometheus.Dataquery)
		if pointer, is := raw.(*prometheus.Dataquery); is {
			query, ok = *pointer, true
		}

		if !ok {
			t.Errorf("a query for something else than Prometheus: %T", raw)
			continue
		}

		out = append(out, query)
	}

	return out
}

func TestChartIsInStepWithTheCode(t *testing.T) {
	t.Parallel()

	files, err := dashboards.Files()
	if err != nil {
		t.Fatal(err)
	}

	names := []string{}

	for _, file := range files {
		names = append(names, file.Name)
		path := filepath.Join(chart, file.Name)

		if *update {
			if err := os.WriteFile(path, file.Content, 0o600); err != nil {
				t.Fatal(err)
			}
		}

		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}

		if diff := cmp.Diff(string(file.Content), string(got)); diff != "" {
			t.Errorf("%s: run make generate (-code +chart):\n%s", file.Name, diff)
		}
	}

	entries, err := os.ReadDir(chart)
	if err != nil {
		t.Fatal(err)
	}

	for _, entry := range entries {
		if !slices.Contains(names, entry.Name()) {
			t.Errorf("%s is in the chart, and nobody makes it", entry.Name())
		}
	}
}

func TestDashboardsAreTheSameEachTime(t *testing.T) {
	t.Parallel()

	first, err := dashboards.Files()
	if err != nil {
		t.Fatal(err)
	}

	second, err := dashboards.Files()
	if err != nil {
		t.Fatal(err)
	}

	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
}

func TestDashboardsCanBeFound(t *testing.T) {
	t.Parallel()

	seen := map[string]string{}

	for name, d := range loaded(t) {
		if d.Uid == nil || d.Title == nil || d.Description == nil {
			t.Errorf("%s: lacks a uid, a title or a description", name)
			continue
		}

		if other, ok := seen[*d.Uid]; ok {
			t.Errorf("%s has the uid of %s", name, other)
		}

		seen[*d.Uid] = name

		if diff := cmp.Diff([]string{"fedsync"}, d.Tags); diff != "" {
			t.Errorf("%s: tags (-want +got):\n%s", name, diff)
		}

		if len(d.Links) != 1 || !d.Links[0].IncludeVars || !d.Links[0].KeepTime {
			t.Errorf("%s: does not lead to the others with its variables and its time", name)
		}
	}
}

func TestVariablesMatchSeriesWithoutTheirLabel(t *testing.T) {
	t.Parallel()

	want := map[string][]string{
		"fleet.json":     {"datasource", "cluster"},
		"member.json":    {"datasource", "cluster", "member"},
		"types.json":     {"datasource", "cluster", "type"},
		"internals.json": {"datasource", "cluster"},
	}
	got := map[string][]string{}

	for name, d := range loaded(t) {
		for _, v := range d.Templating.List {
			got[name] = append(got[name], v.Name)

			if v.Name == "datasource" {
				continue
			}

			if v.AllValue == nil || *v.AllValue != ".*" {
				t.Errorf("%s: all of %s does not match series without it", name, v.Name)
			}
		}
	}

	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}

func TestPanelsExplainThemselves(t *testing.T) {
	panels(t, func(t *testing.T, p dashboard.Panel) {
		if p.Description == nil || len(*p.Description) < 40 {
			t.Error("no description that would help")
		}

		if p.FieldConfig == nil || p.FieldConfig.Defaults.Unit == nil || *p.FieldConfig.Defaults.Unit == "" {
			t.Error("no unit")
		}

		if p.FieldConfig == nil || p.FieldConfig.Defaults.NoValue == nil || *p.FieldConfig.Defaults.NoValue == "" {
			t.Error("nothing to say where there is no series")
		}

		if len(p.Targets) == 0 {
			t.Error("no query")
		}
	})
}

func TestQueriesNameTheirSeriesAndKeepToTheVariables(t *testing.T) {
	panels(t, func(t *testing.T, p dashboard.Panel) {
		seen := map[string]bool{}

		for _, query := range targets(t, p) {
			if query.RefId == nil {
				t.Fatal("a query without a refId")
			}

			letter := *query.RefId

			if query.LegendFormat == nil || *query.LegendFormat == "" {
				t.Errorf("%s: no legend", letter)
			}

			if seen[letter] {
				t.Errorf("%s: twice", letter)
			}

			seen[letter] = true

			if !strings.Contains(query.Expr, `cluster=~"$cluster"`) {
				t.Errorf("%s: is not of the chosen host cluster: %s", letter, query.Expr)
			}

			for _, function := range []string{"rate(", "increase("} {
				if strings.Contains(query.Expr, function) && !strings.Contains(query.Expr, "[$__rate_interval]") {
					t.Errorf("%s: a fixed window: %s", letter, query.Expr)
				}
			}
		}
	})
}

func TestTitlesAreUniqueWithinADashboard(t *testing.T) {
	t.Parallel()

	for name, d := range loaded(t) {
		seen := map[string]bool{}

		for _, p := range d.Panels {
			if title := *p.Panel.Title; seen[title] {
				t.Errorf("%s: %q twice", name, title)
			} else {
				seen[title] = true
			}
		}
	}
}

func TestNoExpressionIsShownTwice(t *testing.T) {
	t.Parallel()

	for name, d := range loaded(t) {
		seen := map[string]string{}

		for _, p := range d.Panels {
			for _, query := range targets(t, *p.Panel) {
				if other, ok := seen[query.Expr]; ok {
					t.Errorf("%s: %q shows what %q shows", name, *p.Panel.Title, other)
				}

				seen[query.Expr] = *p.Panel.Title
			}
		}
	}
}

func TestPanelsDoNotOverlap(t *testing.T) {
	t.Parallel()

	const columns = 24

	for name, d := range loaded(t) {
		taken := map[[2]uint32]string{}

		for _, p := range d.Panels {
			at := p.Panel.GridPos
			if at.X+at.W > columns {
				t.Errorf("%s: %q is too wide", name, *p.Panel.Title)
			}

			for x := at.X; x < at.X+at.W; x++ {
				for y := at.Y; y < at.Y+at.H; y++ {
					if other, ok := taken[[2]uint32{x, y}]; ok {
						t.Fatalf("%s: %q lies on %q", name, *p.Panel.Title, other)
					}

					taken[[2]uint32{x, y}] = *p.Panel.Title
				}
			}
		}
	}
}

func TestDataLinksLeadToADashboard(t *testing.T) {
	t.Parallel()

	uids := map[string]bool{}
	for _, d := range loaded(t) {
		uids[*d.Uid] = true
	}

	found := 0

	for name, d := range loaded(t) {
		for _, p := range d.Panels {
			for _, override := range p.Panel.FieldConfig.Overrides {
				for _, property := range override.Properties {
					if property.Id != "links" {
						continue
					}

					for _, url := range urls(t, property.Value) {
						found++
						uid, _, _ := strings.Cut(strings.TrimPrefix(url, "/d/"), "?")

						if !uids[uid] || !strings.Contains(url, "${datasource:queryparam}") || !strings.Contains(url, "${__url_time_range}") {
							t.Errorf("%s: %q leads to %s", name, *p.Panel.Title, url)
						}
					}
				}
			}
		}
	}

	if found == 0 {
		t.Error("no data link at all")
	}
}

func urls(t *testing.T, links any) []string {
	t.Helper()

	raw, err := json.Marshal(links)
	if err != nil {
		t.Fatal(err)
	}

	var read []struct {
		Title string `json:"title"`
		URL   string `json:"url"`
	}

	if err := json.Unmarshal(raw, &read); err != nil {
		t.Fatal(err)
	}

	out := make([]string, 0, len(read))
	for _, link := range read {
		out = append(out, link.URL)
	}

	return out
}
