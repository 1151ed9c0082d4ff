package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// missing returns the path of the first declared field that the copy does not have, or "". It works the declaration out
// by itself, so that the demo does not take fedsyncd's word for it.
func missing(o, got *unstructured.Unstructured, member string) string {
	declared, _, _ := unstructured.NestedMap(o.Object, "spec", "template")
	overrides, _, _ := unstructured.NestedSlice(o.Object, "spec", "overrides")
	for _, raw := range overrides {
		entry, _ := raw.(map[string]any)
		if entry["clusterName"] != member {
			continue
		}
		items, _ := entry["clusterOverrides"].([]any)
		for _, item := range items {
			change, _ := item.(map[string]any)
			path, _ := change["path"].(string)
			set(declared, strings.Split(strings.TrimPrefix(path, "/"), "/"), change["value"])
		}
	}
	return difference("", declared, got.Object)
}

// set puts a value at a path. The examples only add and replace.
func set(at any, path []string, value any) {
	for i, part := range path {
		last := i == len(path)-1
		switch node := at.(type) {
		case map[string]any:
			if last {
				node[part] = value
				return
			}
			at = node[part]
		case []any:
			index, err := strconv.Atoi(part)
			if err != nil || index < 0 || index >= len(node) {
				return
			}
			if last {
				node[index] = value
				return
			}
			at = node[index]
		}
	}
}

func difference(path string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(w)) {
			if d := difference(path+"."+key, w[key], g[key]); d != "" {
				return d
			}
		}
		return ""
	case []any:
		return listDifference(path, w, got)
	}
	if !reflect.DeepEqual(want, got) {
		return path
	}
	return ""
}

func listDifference(path string, want []any, got any) string {
	g, _ := got.([]any)
	if len(g) != len(want) {
		return path
	}
	for i := range want {
		if d := difference(fmt.Sprintf("%s[%d]", path, i), want[i], g[i]); d != "" {
			return d
		}
	}
	return ""
}
