package monitoring

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// target is one query of a panel.
type target struct{ panel, ref string }

// dashboards are what is expected of each target of each dashboard, by the dashboard's file.
func (s *story) dashboards() map[string]map[target][]want {
	return map[string]map[target][]want{
		"fleet.json": s.fleetPanels(), "member.json": s.memberPanels(), "types.json": typesPanels(), "internals.json": s.internalsPanels(),
	}
}

// panel is what of a panel is read.
type panel struct {
	Title   string
	Targets []struct{ RefID, Expr string }
	Panels  []panel // in a row that is folded
}

// queries reads the queries of a dashboard.
func queries(file string) (map[target]string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var d panel
	if err := json.Unmarshal(content, &d); err != nil {
		return nil, fmt.Errorf("read dashboard %q: %w", file, err)
	}
	found := map[target]string{}
	return found, d.collect(file, found)
}

func (p panel) collect(file string, found map[target]string) error {
	for _, query := range p.Targets {
		t := target{p.Title, query.RefID}
		if _, twice := found[t]; twice {
			return fmt.Errorf("dashboard %q has two targets %v", file, t)
		}
		found[t] = query.Expr
	}
	for _, inner := range p.Panels {
		if err := inner.collect(file, found); err != nil {
			return err
		}
	}
	return nil
}

// rateInterval is what Grafana would take for $__rate_interval: a few scrapes, so that what happened is soon seen and soon past.
const rateInterval = "20s"

// substitute puts values in the place of a dashboard's variables, as Grafana does: a variable for all stands for ".*".
func substitute(expression string, where map[string]string) (string, error) {
	for _, variable := range []string{"cluster", "member", "type"} {
		v := ".*"
		if chosen, ok := where[variable]; ok {
			v = chosen
		}
		expression = strings.ReplaceAll(expression, "$"+variable, v)
	}
	expression = strings.ReplaceAll(expression, "$__rate_interval", rateInterval)
	if strings.Contains(expression, "$") {
		return "", fmt.Errorf("a variable is left in %s", expression)
	}
	return expression, nil
}

// asksOfPanels are the questions of all dashboards at a moment.
func (s *story) asksOfPanels(t *testing.T, m moment) []ask {
	t.Helper()
	var asks []ask
	for file, table := range s.dashboards() {
		found, err := queries(s.dashboard(file))
		if err != nil {
			t.Fatal(err)
		}
		for where, wants := range table {
			what := fmt.Sprintf("%s, panel %q, %s", file, where.panel, where.ref)
			asks = append(asks, s.asksOf(t, m, what, found[where], wants)...)
		}
	}
	return asks
}

func (s *story) dashboard(file string) string {
	return filepath.Join(s.root, "charts", "fedsync", "dashboards", file)
}

// TestEveryPanelIsInTheStory needs no clusters: it finds out at once whether the tables speak of the dashboards as they are.
func TestEveryPanelIsInTheStory(t *testing.T) {
	s := &story{root: repository(t)}
	files, err := filepath.Glob(s.dashboard("*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d dashboards, %v", len(files), err)
	}
	tables := s.dashboards()
	for _, file := range files {
		name := filepath.Base(file)
		found, err := queries(file)
		if err != nil {
			t.Error(err)
		}
		for where, expression := range found {
			if len(tables[name][where]) == 0 {
				t.Errorf("%s: nothing is expected of panel %q, %s: %s", name, where.panel, where.ref, expression)
			}
		}
		for where := range tables[name] {
			if _, there := found[where]; !there {
				t.Errorf("%s: there is no panel %q with a target %s", name, where.panel, where.ref)
			}
		}
		delete(tables, name)
	}
	for _, missing := range slices.Sorted(maps.Keys(tables)) {
		t.Errorf("there is no dashboard %s", missing)
	}
}
