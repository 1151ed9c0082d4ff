package plan

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
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

// node is one level of FieldsV1. Its children stay undecoded until they are needed.
type node map[string]json.RawMessage

// child decodes the node under the key; ok is false if there is none.
func (n node) child(key string) (node, bool) {
	raw, ok := n[key]
	if !ok {
		return nil, false
	}
	var c node
	return c, json.Unmarshal(raw, &c) == nil
}

func (n node) coversKey(key string, value any, isMetadata bool) (string, bool) {
	if value == nil {
		return "", true // a null field is the same as none
	}
	c, ok := n.child("f:" + key)
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
		for i := range v {
			if field, covered := n.coversItem(v, i); !covered {
				return "[" + strconv.Itoa(i) + "]" + field, false
			}
		}
	}
	return "", true
}

// coversItem looks for the list item among the keyed, set and positional children. A key that another item names in full
// is that item's: port 53 without a protocol is not the one that says UDP.
func (n node) coversItem(list []any, index int) (field string, covered bool) {
	item := list[index]
	if c, ok := n.child("i:" + strconv.Itoa(index)); ok {
		field, covered = c.covers(item)
		return below(field), covered
	}
	for _, key := range slices.Sorted(maps.Keys(n)) {
		rest, isKey := strings.CutPrefix(key, "k:")
		if !isKey {
			continue
		}
		matches, full := keyMatches(rest, item)
		if !matches || !full && slices.ContainsFunc(list, func(other any) bool { _, named := keyMatches(rest, other); return named }) {
			continue
		}
		c, ok := n.child(key)
		if !ok {
			continue
		}
		changed, all := c.covers(item)
		if all {
			return "", true
		}
		if field == "" {
			field = below(changed)
		}
	}
	if field != "" {
		return field, false
	}
	return "", n.hasSetValue(item)
}

// hasSetValue compares as decoded JSON, because the server and we may write the same value differently.
func (n node) hasSetValue(item any) bool {
	for key := range n {
		rest, isValue := strings.CutPrefix(key, "v:")
		if isValue && sameJSON(rest, item) {
			return true
		}
	}
	return false
}

// keyMatches compares a list item with the key values of a `k:{...}` child, and tells whether the item names them all. A
// key value that it leaves out was defaulted by the server, and matches.
func keyMatches(rawKey string, item any) (matches, full bool) {
	object, isMap := item.(map[string]any)
	var keys map[string]json.RawMessage
	if !isMap || json.Unmarshal([]byte(rawKey), &keys) != nil {
		return false, false
	}
	full = true
	for name, want := range keys {
		have, given := object[name]
		if given && !sameJSON(string(want), have) {
			return false, false
		}
		full = full && given
	}
	return true, full
}

func sameJSON(raw string, value any) bool {
	written, err := json.Marshal(value)
	if err != nil {
		return false
	}
	if raw == string(written) {
		return true
	}
	var a, b any
	return json.Unmarshal([]byte(raw), &a) == nil && json.Unmarshal(written, &b) == nil && reflect.DeepEqual(a, b)
}
