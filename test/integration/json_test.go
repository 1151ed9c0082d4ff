package integration

import (
	"testing"

	"sigs.k8s.io/yaml"
)

// jsonOf turns YAML flow into JSON.
func jsonOf(t *testing.T, manifest string) []byte {
	t.Helper()
	body, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatalf("read %s: %v", manifest, err)
	}
	return body
}
