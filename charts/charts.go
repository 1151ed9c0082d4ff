package charts

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed fedsync/crds/*.yaml
var crds embed.FS

// CRDs returns the definitions of the chart as YAML, one each, in the order of their files' names.
func CRDs() ([][]byte, error) {
	names, err := fs.Glob(crds, "fedsync/crds/*.yaml")
	if err != nil {
		return nil, err
	}
	all := make([][]byte, 0, len(names))
	for _, name := range names {
		content, err := crds.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all = append(all, content)
	}
	return all, nil
}
