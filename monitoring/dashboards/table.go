package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/table"
)

// A grid is a table with a row for each combination of labels that its queries have in common. A query makes one
// column, which is called like its legend.
type grid struct {
	panel

	labels []column // columns that are labels, the first ones
	values []column // columns of the queries, in their order; one without a name is left out
	worst  string   // the column that the rows are sorted by, the greatest first
}

// outOfStepFor is the column that tells who is worst off.
const outOfStepFor = "Out of step for"

// A column is one of a grid. For a label, field is its name.
type column struct {
	field, name, unit string
	steps             []step
	states            []state
	links             []any
}

// rows shows the latest values, a row for each of what they are about.
func rows(g grid) *table.PanelBuilder {
	b := table.NewPanelBuilder().
		Title(g.title).Description(g.description).Unit(g.unit).Datasource(prometheusSource()).
		Span(g.width).Height(tableHeight).
		Thresholds(thresholds(g.steps)).NoValue(g.absent).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
		Filterable(true).
		ShowHeader(true).Footer(common.NewTableFooterOptionsBuilder().Show(false).Reducer([]string{})).
		SortBy([]cog.Builder[common.TableSortByFieldState]{common.NewTableSortByFieldStateBuilder().DisplayName(g.worst).Desc(true)}).
		WithTransformation(dashboard.DataTransformerConfig{Id: "merge", Options: map[string]any{}}).
		WithTransformation(dashboard.DataTransformerConfig{Id: "organize", Options: g.arrange()})

	for _, c := range append(g.labels, g.values...) {
		if properties := c.properties(); len(properties) > 0 {
			b = b.OverrideByName(c.name, properties)
		}
	}

	for i, q := range g.queries {
		b = b.WithTarget(target(i, q).Instant().Format(prometheus.PromQueryFormatTable))
	}

	return b
}

// arrange names the columns and puts them in order. Merged, a query's column is called "Value #A", or "Value" alone.
func (g grid) arrange() map[string]any {
	hidden := map[string]bool{"Time": true}
	names, order := map[string]string{}, map[string]int{}

	for i, c := range g.labels {
		names[c.field], order[c.field] = c.name, i
	}

	for i, c := range g.values {
		field := "Value #" + refID(i)
		if c.name == "" {
			hidden[field] = true
			continue
		}

		names[field], order[field] = c.name, len(g.labels)+i
	}

	return map[string]any{"excludeByName": hidden, "renameByName": names, "indexByName": order}
}

func (c column) properties() []dashboard.DynamicConfigValue {
	var out []dashboard.DynamicConfigValue
	if c.unit != "" {
		out = append(out, dashboard.DynamicConfigValue{Id: "unit", Value: c.unit})
	}

	if c.links != nil {
		out = append(out, dashboard.DynamicConfigValue{Id: "links", Value: c.links})
	}

	if c.states != nil {
		out = append(out, dashboard.DynamicConfigValue{Id: "mappings", Value: mappings(c.states)})
	}

	if c.steps != nil {
		steps := dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: ladder(c.steps)}
		out = append(out, dashboard.DynamicConfigValue{Id: "thresholds", Value: steps})
	}

	if c.steps != nil || c.states != nil {
		cell := map[string]any{"type": "color-background", "mode": "basic"}
		out = append(out, dashboard.DynamicConfigValue{Id: "custom.cellOptions", Value: cell})
	}

	return out
}
