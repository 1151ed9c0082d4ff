package install

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestSchemas has kubeconform compare what the chart and the overlays render with the schemas that a real API server publishes.
func TestSchemas(t *testing.T) {
	w := fleet
	w.must(t, "FEDSYNCD", "apply-crds")
	location := filepath.Join(w.schemas(t), "{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json")
	rendered := map[string][]string{
		"defaults":    {"HELM", "template", "fedsync", chart(), "--namespace", namespace},
		"namespaced":  {"HELM", "template", "fedsync", chart(), "--namespace", "ours", "--set", "global.scope=Namespaced"},
		"everything":  {"HELM", "template", "fedsync", chart(), "--namespace", namespace, "--values", filepath.Join("testdata", "everything.yaml")},
		"with Helm 3": {"HELM3", "template", "fedsync", chart(), "--kube-version", "1.37", "--namespace", namespace},
		"crds":        {"KUSTOMIZE", "build", filepath.Join(kustomize(), "crds")},
		"dev":         {"KUSTOMIZE", "build", overlay("dev")},
		"staging":     {"KUSTOMIZE", "build", overlay("staging")},
		"production":  {"KUSTOMIZE", "build", overlay("production")},
	}
	for name, command := range rendered {
		t.Run(name, func(t *testing.T) {
			manifest := filepath.Join(t.TempDir(), "manifest.yaml")
			if err := os.WriteFile(manifest, []byte(w.must(t, command[0], command[1:]...)), 0o600); err != nil {
				t.Fatal(err)
			}
			// Of Prometheus' operator and cert-manager there are no definitions here.
			said := w.must(t, "KUBECONFORM", "-strict", "-summary", "-skip", "ServiceMonitor,PrometheusRule,Certificate,Issuer", "-schema-location", location, manifest)
			if !strings.Contains(said, "Invalid: 0, Errors: 0") || strings.Contains(said, "Summary: 0 resources") {
				t.Error(said)
			}
		})
	}
}

func kustomize() string { return filepath.Join(root(), "deploy", "kustomize") }

func overlay(name string) string { return filepath.Join(kustomize(), "overlays", name) }

// schemas writes the host's schemas into a directory, one file for each kind. Fields that the API server does not know are errors.
func (w *world) schemas(t *testing.T) string {
	t.Helper()
	raw, err := w.host.Discovery().RESTClient().Get().AbsPath("/openapi/v2").SetHeader("Accept", "application/json").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var published struct {
		Definitions map[string]map[string]any `json:"definitions"`
	}
	if err := json.Unmarshal(raw, &published); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, definition := range published.Definitions {
		kinds, _ := definition["x-kubernetes-group-version-kind"].([]any)
		if len(kinds) != 1 { // DeleteOptions and the like, which every group has
			continue
		}
		var kind schema.GroupVersionKind
		if err := convert(kinds[0], &kind); err != nil {
			t.Fatal(err)
		}
		document, err := json.Marshal(map[string]any{"$ref": "#/definitions/" + name, "definitions": reachable(published.Definitions, name)})
		if err != nil {
			t.Fatal(err)
		}
		group := cmp.Or(kind.Group, kind.Version) // as kubeconform fills in the template
		file := fmt.Sprintf("%s-%s-%s.json", strings.ToLower(kind.Kind), group, kind.Version)
		if err := os.WriteFile(filepath.Join(dir, file), document, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// reachable returns the definition and all that it refers to, closed for fields that it does not name.
func reachable(all map[string]map[string]any, name string) map[string]any {
	found := map[string]any{}
	var visit func(name string)
	visit = func(name string) {
		if _, done := found[name]; done {
			return
		}
		definition := all[name]
		found[name] = definition
		closeFields(definition)
		walk(definition, visit)
	}
	visit(name)
	return found
}

// closeFields refuses further fields of an object that names its own, and lets numbers be where OpenAPI says that they may.
func closeFields(definition map[string]any) {
	if definition["format"] == "int-or-string" {
		delete(definition, "type")
	}
	_, named := definition["properties"]
	_, open := definition["additionalProperties"]
	preserves := definition["x-kubernetes-preserve-unknown-fields"] == true
	if named && !open && !preserves {
		definition["additionalProperties"] = false
	}
}

func walk(value any, visit func(name string)) {
	switch value := value.(type) {
	case map[string]any:
		if ref, ok := value["$ref"].(string); ok {
			visit(strings.TrimPrefix(ref, "#/definitions/"))
		}
		for _, field := range value {
			walk(field, visit)
		}
	case []any:
		for _, item := range value {
			walk(item, visit)
		}
	}
}

func convert(from, to any) error {
	raw, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, to)
}
