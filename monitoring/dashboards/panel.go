package dashboards

import (
	"math"
	"strconv"

	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

const (
	green  = "green"
	yellow = "yellow"
	orange = "orange"
	red    = "red"
	blue   = "blue"
	purple = "purple"
	gray   = "gray"
)

// A panel is what every kind of panel has.
type panel struct {
	title       string
	description string // what it shows, and what to do if it looks bad
	unit        string
	width       uint32 // of 24
	queries     []query
	steps       []step   // colours by value
	states      []state  // words for values
	absent      string   // said where there is no series
	links       []any    // data links
	colours     []colour // of series, by their legend
}

// A query asks Prometheus. Its letter, the refId, is its place in the panel.
type query struct {
	expr, legend string
}

// A step is the colour of values from one on.
type step struct {
	from   float64
	colour string
}

// lowest is below every value.
const lowest = -math.MaxFloat64

// A state is what a value means.
type state struct {
	value        int
	text, colour string
}

// A colour is that of the series with a legend.
type colour struct {
	legend, colour string
}

const (
	statHeight  = 4
	graphHeight = 8
	tableHeight = 10
)

// bad colours everything from 1 on.
func bad(colour string) []step {
	return []step{{from: 1, colour: colour}}
}

// copyColours are those of the states of copies.
func copyColours() []colour {
	return []colour{
		{legend: "in_step", colour: green},
		{legend: "pending", colour: blue},
		{legend: "removing", colour: purple},
		{legend: "unreachable", colour: orange},
		{legend: "failed", colour: red},
	}
}

// orNone adds a zero whose label says "none" where there is no other series, but a leader that would have it.
func orNone(label, expr string) string {
	return expr + ` or on () label_replace(0 * sum(fedsync_members{cluster=~"$cluster"}), "` + label + `", "none", "", "")`
}

func refID(i int) string {
	return "ABCDEFGH"[i : i+1]
}

func target(i int, q query) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().
		RefId(refID(i)).
		Datasource(prometheusSource()).
		Expr(q.expr).
		LegendFormat(q.legend).
		EditorMode(prometheus.QueryEditorModeCode)
}

func thresholds(steps []step) *dashboard.ThresholdsConfigBuilder {
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(ladder(steps))
}

// ladder is green below the first step, unless that is at the very bottom.
func ladder(steps []step) []dashboard.Threshold {
	out := []dashboard.Threshold{{Color: green}}

	for _, s := range steps {
		if s.from == lowest {
			out[0].Color = s.colour
			continue
		}

		out = append(out, dashboard.Threshold{Value: new(s.from), Color: s.colour})
	}

	return out
}

func mappings(states []state) []dashboard.ValueMapping {
	if len(states) == 0 {
		return nil
	}

	options := map[string]dashboard.ValueMappingResult{}
	for i, s := range states {
		options[strconv.Itoa(s.value)] = dashboard.ValueMappingResult{
			Text: new(s.text), Color: new(s.colour), Index: new(int32(i)),
		}
	}

	return []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: "value", Options: options}}}
}

// number shows one number, coloured by its steps.
func number(p panel) *stat.PanelBuilder {
	b := stat.NewPanelBuilder().
		Title(p.title).Description(p.description).Unit(p.unit).Datasource(prometheusSource()).
		Span(p.width).Height(statHeight).
		Thresholds(thresholds(p.steps)).Mappings(mappings(p.states)).NoValue(p.absent).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
		ColorMode(common.BigValueColorModeBackground).GraphMode(common.BigValueGraphModeNone).
		Orientation(common.VizOrientationAuto).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}))
	if len(p.queries) > 1 {
		b = b.TextMode(common.BigValueTextModeValueAndName)
	}

	if p.links != nil {
		b = b.OverrideByQuery("A", []dashboard.DynamicConfigValue{{Id: "links", Value: p.links}})
	}

	for i, q := range p.queries {
		b = b.WithTarget(target(i, q).Instant())
	}

	return b
}

// graph shows lines over time. Steps become coloured lines.
func graph(p panel) *timeseries.PanelBuilder {
	b := timeseries.NewPanelBuilder().
		Title(p.title).Description(p.description).Unit(p.unit).Datasource(prometheusSource()).
		Span(p.width).Height(graphHeight).Min(0).
		Thresholds(thresholds(p.steps)).NoValue(p.absent).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdPaletteClassicByName)).
		LineWidth(1).FillOpacity(10).ShowPoints(common.VisibilityModeNever).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).
			DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	if p.steps != nil {
		b = b.ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed))
	}

	for _, c := range p.colours {
		fixed := map[string]any{"mode": "fixed", "fixedColor": c.colour}
		b = b.OverrideByName(c.legend, []dashboard.DynamicConfigValue{{Id: "color", Value: fixed}})
	}

	for i, q := range p.queries {
		b = b.WithTarget(target(i, q).Range())
	}

	return b
}

// stack shows parts of a whole over time.
func stack(p panel) *timeseries.PanelBuilder {
	return graph(p).FillOpacity(40).Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal))
}

// timeline shows which of a few states was when.
func timeline(p panel) *statetimeline.PanelBuilder {
	b := statetimeline.NewPanelBuilder().
		Title(p.title).Description(p.description).Unit(p.unit).Datasource(prometheusSource()).
		Span(p.width).Height(graphHeight).
		Thresholds(thresholds(p.steps)).Mappings(mappings(p.states)).NoValue(p.absent).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
		ShowValue(common.VisibilityModeNever).MergeValues(true).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).
			DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom))

	for i, q := range p.queries {
		b = b.WithTarget(target(i, q).Range())
	}

	return b
}
