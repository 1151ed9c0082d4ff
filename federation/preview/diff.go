package preview

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/fedsync/fedsync/fleet"
)

// Field is a field that differs. Before and After are nil where it is absent.
type Field struct {
	// Path is the field's, such as spec.template.spec.containers[name=web].image.
	Path   string `json:"path"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`
}

// Diff returns the fields that differ between two objects, as decoded JSON, sorted by path. Items of a list that all have a name are
// compared by name, others by position.
func Diff(before, after map[string]any) []Field {
	var found []Field
	diff("", before, after, &found)
	return found
}

func diff(path string, before, after any, found *[]Field) {
	if equal(before, after) {
		return
	}
	b, bothMaps := before.(map[string]any)
	a, isMap := after.(map[string]any)
	if bothMaps && isMap {
		for _, key := range slices.Sorted(maps.Keys(merged(b, a))) {
			diff(join(path, key), b[key], a[key], found)
		}
		return
	}
	bl, isList := before.([]any)
	al, areLists := after.([]any)
	if isList && areLists {
		diffList(path, bl, al, found)
		return
	}
	*found = append(*found, Field{Path: path, Before: before, After: after})
}

func diffList(path string, before, after []any, found *[]Field) {
	b, named := byName(before)
	a, bothNamed := byName(after)
	if told := len(*found); named && bothNamed {
		for _, name := range slices.Sorted(maps.Keys(merged(b, a))) {
			diff(fmt.Sprintf("%s[name=%s]", path, name), b[name], a[name], found)
		}
		if len(*found) == told { // the order alone differs
			*found = append(*found, Field{Path: path, Before: before, After: after})
		}
		return
	}
	for i := range max(len(before), len(after)) {
		diff(path+"["+strconv.Itoa(i)+"]", at(before, i), at(after, i), found)
	}
}

func at(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// byName returns the items by their names, if all have one and no two the same.
func byName(list []any) (map[string]any, bool) {
	items := map[string]any{}
	for _, item := range list {
		m, isMap := item.(map[string]any)
		name, isText := m["name"].(string)
		if _, twice := items[name]; !isMap || !isText || twice {
			return nil, false
		}
		items[name] = item
	}
	return items, true
}

func merged(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, b)
	return all
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// equal compares decoded JSON; numbers by their value, however they were decoded.
func equal(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	switch a.(type) {
	case map[string]any, []any, nil, string, bool:
		return false
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// Presentable returns an object without what says nothing about its content: the server's own metadata, our marks, the status.
func Presentable(o map[string]any) map[string]any {
	shown := maps.Clone(o)
	delete(shown, "status")
	metadata, ok := o["metadata"].(map[string]any)
	if !ok {
		return shown
	}
	metadata = maps.Clone(metadata)
	for _, field := range fleet.ServerMetadata() {
		delete(metadata, field)
	}
	if annotations, ok := metadata["annotations"].(map[string]any); ok {
		annotations = maps.Clone(annotations)
		delete(annotations, fleet.AppliedAnnotation)
		metadata["annotations"] = annotations
		if len(annotations) == 0 {
			delete(metadata, "annotations")
		}
	}
	shown["metadata"] = metadata
	return shown
}
