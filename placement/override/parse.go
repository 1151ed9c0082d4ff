package override

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fedsync/fedsync/fleet"
)

// Item is one operation of a JSON patch.
type Item struct {
	// Op is add, remove or replace.
	Op string `json:"op"`
	// Path is a JSON pointer.
	Path string `json:"path"`
	// Value is null where the user gave none.
	Value json.RawMessage `json:"value"`
}

// overrides are the parsed overrides of one object.
type overrides struct {
	// problem is a fault that leaves every member without an answer.
	problem *fleet.Problem
	members map[fleet.Name]memberOverrides
}

type memberOverrides struct {
	index   int
	items   []Item
	content string // the items as JSON, empty if there are none
	problem *fleet.Problem
}

// immutablePaths may not be overridden, because they are the identity of the copy.
//
//nolint:gochecknoglobals // constant table
var immutablePaths = map[string]bool{"/metadata/namespace": true, "/metadata/name": true, "/metadata/generateName": true, "/kind": true}

const overridesField = "spec.overrides"

// maxSegments bounds a path. The library reads and writes what a path leads to once for each segment: minutes for thousands.
const maxSegments = 128

func parse(raw []byte) overrides {
	parsed := overrides{members: map[fleet.Name]memberOverrides{}}
	if len(raw) == 0 {
		return parsed
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		parsed.problem = &fleet.Problem{Field: overridesField, Message: "must be a list of {clusterName, clusterOverrides}"}
		return parsed
	}
	for i, entry := range entries {
		parsed.add(i, entry)
	}
	return parsed
}

// add parses one entry. An entry that names no cluster could be meant for any: it leaves every member without an answer.
func (o *overrides) add(index int, raw json.RawMessage) {
	field := fmt.Sprintf("%s[%d]", overridesField, index)
	var entry struct {
		ClusterName      json.RawMessage `json:"clusterName"`
		ClusterOverrides json.RawMessage `json:"clusterOverrides"`
	}
	var name string
	if json.Unmarshal(raw, &entry) != nil || json.Unmarshal(entry.ClusterName, &name) != nil || name == "" {
		if o.problem == nil {
			o.problem = &fleet.Problem{Field: field + ".clusterName", Message: "must name a cluster"}
		}
		return
	}
	m := memberOverrides{index: index}
	m.items, m.problem = parseItems(entry.ClusterOverrides, field+".clusterOverrides")
	if len(m.items) > 0 {
		content, err := json.Marshal(m.items)
		if err != nil {
			m.problem = &fleet.Problem{Field: field, Message: err.Error()}
		}
		m.content = string(content)
	}
	if earlier, twice := o.members[fleet.Name(name)]; twice {
		m.problem = &fleet.Problem{Field: field + ".clusterName", Message: fmt.Sprintf("cluster %q already has overrides in %s[%d]: merge the two", name, overridesField, earlier.index)}
	}
	o.members[fleet.Name(name)] = m
}

func parseItems(raw json.RawMessage, field string) ([]Item, *fleet.Problem) {
	if len(raw) == 0 {
		return nil, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, &fleet.Problem{Field: field, Message: "must be a list of {op, path, value}"}
	}
	items := make([]Item, 0, len(list))
	seen := map[string]int{}
	for i, rawItem := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		item, problem := parseItem(rawItem, at)
		if problem != nil {
			return nil, problem
		}
		if first, twice := seen[item.Path]; twice {
			return nil, &fleet.Problem{Field: at + ".path", Message: fmt.Sprintf("path %q is already overridden by item %d", item.Path, first)}
		}
		seen[item.Path] = i
		items = append(items, item)
	}
	return items, nil
}

func parseItem(raw json.RawMessage, field string) (Item, *fleet.Problem) {
	item := Item{}
	if err := json.Unmarshal(raw, &item); err != nil {
		return Item{}, &fleet.Problem{Field: field, Message: "must be an object with the strings op and path, and a value"}
	}
	if item.Op == "" {
		item.Op = "replace"
	}
	if len(bytes.TrimSpace(item.Value)) == 0 {
		item.Value = json.RawMessage("null")
	}
	switch {
	case item.Op != "add" && item.Op != "remove" && item.Op != "replace":
		return Item{}, &fleet.Problem{Field: field + ".op", Message: fmt.Sprintf("op %q must be add, remove or replace", item.Op)}
	case immutablePaths[item.Path]:
		return Item{}, &fleet.Problem{Field: field + ".path", Message: fmt.Sprintf("path %q may not be overridden", item.Path)}
	case strings.Count(item.Path, "/") > maxSegments:
		return Item{}, &fleet.Problem{Field: field + ".path", Message: fmt.Sprintf("a path may have %d segments; this one has %d", maxSegments, strings.Count(item.Path, "/"))}
	}
	return item, nil
}
