package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// A File is one dashboard as Grafana imports it.
type File struct {
	// Name is the file's name, such as fleet.json.
	Name string
	// Content is indented JSON with sorted keys and a newline at its end.
	Content []byte
}

// schemaVersion is that of Grafana 11.0. Later ones bring a dashboard up to theirs when they load it.
const schemaVersion = 39

// Files returns the dashboards, always in the same order.
func Files() ([]File, error) {
	builders := []struct {
		name  string
		build func() *dashboard.DashboardBuilder
	}{
		{name: "fleet.json", build: fleet},
		{name: "member.json", build: member},
		{name: "types.json", build: types},
		{name: "internals.json", build: internals},
	}
	files := make([]File, 0, len(builders))

	for _, b := range builders {
		built, err := b.build().Build()
		if err != nil {
			return nil, fmt.Errorf("build the dashboard %q: %w", b.name, err)
		}

		content, err := encode(built)
		if err != nil {
			return nil, fmt.Errorf("encode the dashboard %q: %w", b.name, err)
		}

		files = append(files, File{Name: b.name, Content: content})
	}

	return files, nil
}

// encode writes a dashboard for people to read: the SDK writes > as \u003e, and panels without numbers.
func encode(d dashboard.Dashboard) ([]byte, error) {
	d.SchemaVersion = schemaVersion
	identify(d.Panels)

	for i := range d.Links {
		d.Links[i].Placement = nil // the SDK's only one hides links in a menu
	}

	raw, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}

	var plain any
	if err := json.Unmarshal(raw, &plain); err != nil {
		return nil, err
	}

	var out bytes.Buffer

	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")

	if err := encoder.Encode(plain); err != nil {
		return nil, err
	}

	return out.Bytes(), nil
}

// identify gives each panel its place in the dashboard as its ID, so that links to a panel stay.
func identify(panels []dashboard.PanelOrRowPanel) {
	for i := range panels {
		id := uint32(i + 1)
		panels[i].Panel.Id = &id
	}
}
