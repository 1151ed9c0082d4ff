package override_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement/override"
)

// The reference: KubeFed's way to a copy, written from its source, with evanphx/json-patch applied to the whole template.

// kubefedItem is KubeFed's ClusterOverride, whose value keeps its digits.
type kubefedItem struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

func decoded(raw []byte) (content map[string]any, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	return content, decoder.Decode(&content) == nil
}

// acceptable tells that KubeFed, its CRD's schema and our bound of paths let the items pass.
func acceptable(items []kubefedItem) bool {
	seen := map[string]bool{"/metadata/name": true, "/metadata/namespace": true, "/metadata/generateName": true, "/kind": true}
	for _, i := range items {
		if seen[i.Path] || !slices.Contains([]string{"", "add", "remove", "replace"}, i.Op) || strings.Count(i.Path, "/") > 128 {
			return false
		}
		seen[i.Path] = true
	}
	return true
}

// unpatched is what the overrides are applied to.
func unpatched(kind fleet.Resource, template []byte) (content map[string]any, ok bool) {
	content = map[string]any{}
	if len(template) > 0 {
		if content, ok = decoded(template); !ok {
			return nil, false
		}
	}
	if content == nil {
		content = map[string]any{}
	}
	given, isMap := content["metadata"].(map[string]any)
	if !isMap && content["metadata"] != nil {
		return nil, false
	}
	metadata := map[string]any{"name": "name"}
	if kind.Namespaced {
		metadata["namespace"] = "ns"
	}
	for _, field := range []string{"labels", "annotations"} {
		if given[field] != nil {
			metadata[field] = given[field]
		}
	}
	content["metadata"], content["kind"] = metadata, kind.Kind
	if version, isText := content["apiVersion"].(string); !isText || version == "" {
		content["apiVersion"] = kind.APIVersion()
	}
	if status, isMap := content["status"].(map[string]any); content["status"] == nil || isMap && len(status) == 0 {
		delete(content, "status")
	}
	return content, true
}

// patched applies all items as one patch.
func patched(t rapid.TB, content map[string]any, items []kubefedItem) (result map[string]any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	if len(items) == 0 {
		return content, nil
	}
	items = slices.Clone(items)
	for i := range items {
		if items[i].Op == "" {
			items[i].Op = "replace"
		}
	}
	raw, err := json.Marshal(items)
	if err != nil {
		return nil, err //nolint:wrapcheck // whether it fails is all that counts
	}
	p, err := jsonpatch.DecodePatch(raw)
	if err != nil {
		return nil, err //nolint:wrapcheck // as above
	}
	after, err := p.Apply(asJSON(t, content))
	if err != nil {
		return nil, err //nolint:wrapcheck // as above
	}
	result, ok := decoded(after)
	if !ok || result == nil {
		return nil, fmt.Errorf("no object: %.100s", after)
	}
	return result, nil
}

// marked gives the content back its identity, and our mark without the hash. The result is nil if there is no place for it.
func marked(kind fleet.Resource, content map[string]any) map[string]any {
	metadata, ok := content["metadata"].(map[string]any)
	if !ok {
		return nil
	}
	maps.DeleteFunc(metadata, func(field string, _ any) bool {
		return slices.Contains([]string{
			"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink",
			"generateName", "namespace",
		}, field)
	})
	metadata["name"], content["kind"] = "name", kind.Kind
	if kind.Namespaced {
		metadata["namespace"] = "ns"
	}
	for _, field := range []string{"labels", "annotations"} {
		if metadata[field] == nil {
			metadata[field] = map[string]any{}
		}
		if _, isMap := metadata[field].(map[string]any); !isMap {
			return nil
		}
	}
	labelsOf(content)[fleet.ManagedLabel] = "true"
	delete(annotationsOf(content), fleet.AppliedAnnotation)
	version, _ := content["apiVersion"].(string)
	version, inGroup := strings.CutPrefix(version, strings.TrimPrefix(kind.Group+"/", "/"))
	if !inGroup || !plainVersion(version) {
		return nil
	}
	return content
}

// plainVersion tells that the text can be no more than one step of a path.
func plainVersion(text string) bool {
	isLetter := func(c byte) bool { return 'a' <= c && c <= 'z' }
	isDigit := func(c byte) bool { return '0' <= c && c <= '9' }
	if text == "" || len(text) > 63 || !isLetter(text[0]) || text[len(text)-1] == '-' {
		return false
	}
	for i := range len(text) {
		if c := text[i]; !isLetter(c) && !isDigit(c) && c != '-' {
			return false
		}
	}
	return true
}

func metadataOf(content map[string]any) map[string]any { return mapIn(content, "metadata") }

func labelsOf(content map[string]any) map[string]any { return mapIn(metadataOf(content), "labels") }

func annotationsOf(content map[string]any) map[string]any {
	return mapIn(metadataOf(content), "annotations")
}

func mapIn(content map[string]any, field string) map[string]any {
	m, _ := content[field].(map[string]any)
	return m
}

// compareWithKubeFed renders the template with the items for a member, and compares with the reference.
func compareWithKubeFed(t rapid.TB, kind fleet.Type, template, rawItems []byte) {
	overrides := fmt.Sprintf(`[{"clusterName":"other","clusterOverrides":[{"path":"/kind"}]},{"clusterName":"member","clusterOverrides":%s}]`, rawItems)
	d, problem := override.NewRenderer(object(string(template), overrides), kind).Render("member")

	var items []kubefedItem
	var want map[string]any
	err := json.Unmarshal(rawItems, &items)
	content, ok := unpatched(kind.Target, template)
	switch {
	case err != nil:
	case !acceptable(items):
		err = errors.New("refused before it is applied")
	case !ok:
		err = errors.New("no template")
	default:
		content, err = patched(t, content, items)
	}
	if err == nil {
		if want = marked(kind.Target, content); want == nil {
			err = errors.New("no place for our mark, or no version of the group")
		}
	}
	if (err == nil) != (problem == nil) {
		t.Fatalf("KubeFed's answer is %v, ours %v", err, problem)
	}
	if err != nil {
		return
	}
	got, ok := decoded(d.Body)
	if !ok {
		t.Fatalf("the body is no object: %.200s", d.Body)
	}
	delete(annotationsOf(got), fleet.AppliedAnnotation)
	if diff := cmp.Diff(string(asJSON(t, want)), string(asJSON(t, got))); diff != "" {
		t.Fatalf("(-KubeFed +we):\n%s", diff)
	}
}
