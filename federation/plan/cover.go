package plan

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/fedsync/fedsync/fleet"
)

// Covered tells whether our apply entry still owns every field of the desired object. If not, it also returns the first
// field, in sorted order, that somebody else changed or removed: the API server takes such a field out of our entry.
//
// The walk knows no schema. The rules of the entry's format are those of structured-merge-diff's FieldsV1: "f:NAME" is
// a map key, `k:{...}` a list item with those key values, "v:VALUE" an item of a set, "i:N" an item by position, and an
// empty node owns everything below it.
func Covered(d *fleet.Desired, o fleet.Observed) (field string, covered bool) {
	if o.Covered == d.Hash && d.Hash != (fleet.Hash{}) {
		return "", true
	}
	var owned node
	if err := json.Unmarshal([]byte(o.Owned.FieldsV1()), &owned); err != nil {
		return "metadata.managedFields", false
	}
	for _, key := range slices.Sorted(maps.Keys(d.Object)) {
		// Identity is nobody's field, and what lies in status is the member's to say.
		if key == "apiVersion" || key == "kind" || key == "status" {
			continue
		}
		if field, covered = owned.coversKey(key, d.Object[key], key == "metadata"); !covered {
			return field, false
		}
	}
	return "", true
}

// node is one level of FieldsV1.
type node map[string]node

func (n node) coversKey(key string, value any, isMetadata bool) (string, bool) {
	if value == nil {
		return "", true // a null field is the same as none
	}
	c, ok := n["f:"+key]
	if !ok {
		return key, false
	}
	if isMetadata {
		value = withoutIdentity(value)
	}
	field, covered := c.covers(value)
	if covered {
		return "", true
	}
	return key + below(field), false
}

// below writes the path of a field as it follows the path of its parent.
func below(field string) string {
	if field == "" || strings.HasPrefix(field, "[") {
		return field
	}
	return "." + field
}

// withoutIdentity leaves out name and namespace, which managedFields never name.
func withoutIdentity(metadata any) any {
	m, ok := metadata.(map[string]any)
	if !ok {
		return metadata
	}
	rest := maps.Clone(m)
	delete(rest, "name")
	delete(rest, "namespace")
	return rest
}

func (n node) covers(value any) (string, bool) {
	if len(n) == 0 {
		return "", true
	}
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if field, covered := n.coversKey(key, v[key], false); !covered {
				return field, false
			}
		}
	case []any:
		return n.coversList(v)
	}
	return "", true
}
