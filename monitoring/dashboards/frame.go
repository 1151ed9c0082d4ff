package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

const (
	tag = "fedsync"

	uidFleet     = "fedsync-fleet"
	uidMember    = "fedsync-member"
	uidTypes     = "fedsync-types"
	uidInternals = "fedsync-internals"
)

// A frame is all of a dashboard but its panels.
type frame struct {
	uid, title, description string
	variables               []variable
}

// A variable is a choice among the values that a label has. The one of all matches series without the label too.
type variable struct {
	name, label, description, query string
}

func clusterVariable() variable {
	return variable{
		name: "cluster", label: "Host cluster", query: `label_values(fedsync_build_info, cluster)`,
		description: "The external label cluster of the Prometheus that scrapes fedsyncd. Where there is none, All is right.",
	}
}

func memberVariable() variable {
	return variable{
		name: "member", label: "Member", query: `label_values(fedsync_member_up{cluster=~"$cluster"}, member)`,
		description: "Names of KubeFedClusters.",
	}
}

func typeVariable() variable {
	return variable{
		name: "type", label: "Type", query: `label_values(fedsync_copies{cluster=~"$cluster"}, type)`,
		description: "Names of FederatedTypeConfigs.",
	}
}

// begin makes a dashboard without panels.
func begin(f frame) *dashboard.DashboardBuilder {
	links := dashboard.NewDashboardLinkBuilder(tag).
		Type(dashboard.DashboardLinkTypeDashboards).
		Tags([]string{tag}).
		IncludeVars(true).
		KeepTime(true)
	d := dashboard.NewDashboardBuilder(f.title).
		Uid(f.uid).
		Description(f.description).
		Tags([]string{tag}).
		Timezone(common.TimeZoneBrowser).
		Time("now-3h", "now").
		Refresh("30s").
		Editable().
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Link(links).
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Prometheus").Type("prometheus"))

	for _, v := range f.variables {
		all := dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}}
		shown := dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}}
		d = d.WithVariable(dashboard.NewQueryVariableBuilder(v.name).
			Label(v.label).
			Description(v.description).
			Datasource(prometheusSource()).
			Query(dashboard.StringOrMap{Map: map[string]any{"query": v.query, "refId": v.name}}).
			Definition(v.query).
			Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
			Sort(dashboard.VariableSortAlphabeticalAsc).
			Multi(true).
			IncludeAll(true).
			AllValue(".*").
			Current(dashboard.VariableOption{Selected: new(true), Text: shown, Value: all}))
	}

	return d
}

func prometheusSource() common.DataSourceRef {
	return common.DataSourceRef{Type: new("prometheus"), Uid: new("${datasource}")}
}

// drillDown leads to another dashboard with the same source, host cluster and time, and what the address adds.
func drillDown(title, uid, more string) []any {
	return []any{map[string]any{"title": title, "url": "/d/" + uid + "?${datasource:queryparam}&${cluster:queryparam}&${__url_time_range}" + more}}
}
