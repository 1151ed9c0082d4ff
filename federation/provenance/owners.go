package provenance

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// node is one level of FieldsV1.
type node map[string]node

// holding is what one manager owns at some place of the object: a node of its FieldsV1, an empty one for everything below.
type holding struct {
	owner Owner
	node  node
}

// holdingsOf reads managedFields. What cannot be read owns nothing.
func holdingsOf(live map[string]any) []holding {
	metadata, _ := live["metadata"].(map[string]any)
	entries, _ := metadata["managedFields"].([]any)
	var all []holding
	for _, raw := range entries {
		entry, _ := raw.(map[string]any)
		fields, err := json.Marshal(entry["fieldsV1"])
		if err != nil {
			continue
		}
		var n node
		if json.Unmarshal(fields, &n) != nil || n == nil {
			continue
		}
		o := Owner{Manager: text(entry["manager"]), Operation: text(entry["operation"]), Subresource: text(entry["subresource"])}
		if at, err := time.Parse(time.RFC3339, text(entry["time"])); err == nil {
			o.Since = at
		}
		all = append(all, holding{owner: o, node: n})
	}
	return all
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// below returns what is owned at a key of a map.
func below(all []holding, key string) []holding {
	var found []holding
	for _, h := range all {
		if len(h.node) == 0 {
			found = append(found, h) // all of it
		} else if child, owns := h.node["f:"+key]; owns {
			found = append(found, holding{h.owner, child})
		}
	}
	return found
}

// item returns what is owned of an item of a list, and the keys by which managers tell the items apart, if any does.
func item(all []holding, list []any, at int) (found []holding, keys map[string]any) {
	for _, h := range all {
		if len(h.node) == 0 {
			found = append(found, h)
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(h.node)) {
			k, matches := matching(name, list[at], at)
			if matches {
				found = append(found, holding{h.owner, h.node[name]})
				if keys == nil {
					keys = k
				}
			}
		}
	}
	return found, keys
}

// matching tells whether a name in FieldsV1 means the item.
func matching(name string, value any, at int) (keys map[string]any, matches bool) {
	kind, rest, _ := strings.Cut(name, ":")
	switch kind {
	case "k":
		fields, isMap := value.(map[string]any)
		if !isMap || json.Unmarshal([]byte(rest), &keys) != nil {
			return nil, false
		}
		for key, want := range keys {
			if have, set := fields[key]; set && !sameJSON(have, want) || !set {
				return nil, false
			}
		}
		return keys, true
	case "v":
		var want any
		return nil, json.Unmarshal([]byte(rest), &want) == nil && sameJSON(value, want)
	case "i":
		return nil, rest == fmt.Sprint(at)
	}
	return nil, false
}

// sameJSON compares decoded JSON by what it is written as: numbers may have been decoded in several ways.
func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// label tells an item of a list apart: by its keys, its name, or its position.
func label(keys map[string]any, value any, at int) string {
	if len(keys) == 0 {
		if m, isMap := value.(map[string]any); isMap && text(m["name"]) != "" {
			return "name=" + text(m["name"])
		}
		return fmt.Sprint(at)
	}
	parts := make([]string, 0, len(keys))
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		parts = append(parts, fmt.Sprintf("%s=%v", key, keys[key]))
	}
	return strings.Join(parts, ",")
}

// counterpart returns the position in the declared list of the item that the live one is, -1 if it is not declared.
func counterpart(declared []any, keys map[string]any, value any, at int) int {
	if len(keys) == 0 {
		if m, isMap := value.(map[string]any); isMap && text(m["name"]) != "" {
			keys = map[string]any{"name": m["name"]}
		}
	}
	if len(keys) == 0 {
		if at < len(declared) {
			return at
		}
		return -1
	}
	return slices.IndexFunc(declared, func(d any) bool {
		m, isMap := d.(map[string]any)
		if !isMap {
			return false
		}
		for key, want := range keys {
			if have, set := m[key]; set && !sameJSON(have, want) { // a key that is left to its default still matches
				return false
			}
		}
		return true
	})
}
