package crd_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/fedsync/fedsync/crd"
)

// upstream returns the definitions in a file of KubeFed's module, by name.
func upstream(t *testing.T, path string) map[string]*apiextensionsv1.CustomResourceDefinition {
	t.Helper()

	command := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kubefed")

	dir, err := command.Output()
	if err != nil || len(strings.TrimSpace(string(dir))) == 0 {
		t.Skipf("KubeFed's module is not on this machine: %v", err)
	}

	content, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), path))
	if err != nil {
		t.Fatal(err)
	}

	definitions := map[string]*apiextensionsv1.CustomResourceDefinition{}

	for document := range strings.SplitSeq("\n"+string(content), "\n---\n") {
		definition := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.Unmarshal([]byte(document), definition); err != nil {
			t.Fatal(err)
		}

		if definition.Name != "" {
			definitions[definition.Name] = definition
		}
	}

	return definitions
}

func TestFederatedTypesAreThoseOfKubeFed(t *testing.T) {
	t.Parallel()

	theirs := upstream(t, "charts/kubefed/crds/crds.yaml")
	ours := map[string]*apiextensionsv1.CustomResourceDefinition{}

	for _, federated := range crd.Default() {
		definition := installed(t, "federated-"+federated.Target.Plural)
		ours[definition.Name] = definition
	}

	compare(t, theirs, ours)
}

func TestCoreKindsAreThoseOfKubeFed(t *testing.T) {
	t.Parallel()

	theirs := upstream(t, "charts/kubefed/charts/controllermanager/crds/crds.yaml")
	delete(theirs, "federatedservicestatuses.core.kubefed.io")

	ours := map[string]*apiextensionsv1.CustomResourceDefinition{}

	for _, name := range crd.CoreNames() {
		plural, _, _ := strings.Cut(name, ".")
		ours[name] = installed(t, "core-"+plural)
	}

	compare(t, theirs, ours)
}

func compare(t *testing.T, theirs, ours map[string]*apiextensionsv1.CustomResourceDefinition) {
	t.Helper()

	if diff := cmp.Diff(slices.Sorted(maps.Keys(theirs)), slices.Sorted(maps.Keys(ours))); diff != "" {
		t.Fatalf("definitions (-KubeFed +fedsync):\n%s", diff)
	}

	for name, their := range theirs {
		our := ours[name]

		serve(t, our)

		if diff := cmp.Diff(facts(t, their), facts(t, our)); diff != "" {
			t.Errorf("%s (-KubeFed +fedsync):\n%s", name, diff)
		}

		was, is := their.Spec.Versions[0], our.Spec.Versions[0]
		for _, column := range was.AdditionalPrinterColumns {
			if !slices.Contains(is.AdditionalPrinterColumns, column) {
				t.Errorf("%s: no column %+v", name, column)
			}
		}

		for _, narrower := range narrowed("", *was.Schema.OpenAPIV3Schema, *is.Schema.OpenAPIV3Schema) {
			t.Errorf("%s: %s", name, narrower)
		}
	}
}

// facts returns what of a definition must be as in KubeFed, with what a server fills in.
func facts(t *testing.T, definition *apiextensionsv1.CustomResourceDefinition) map[string]any {
	t.Helper()

	definition = definition.DeepCopy()
	apiextensionsv1.SetDefaults_CustomResourceDefinition(definition)
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&definition.Spec)

	if len(definition.Spec.Versions) != 1 {
		t.Fatalf("%s: want one version, got %d", definition.Name, len(definition.Spec.Versions))
	}

	version := definition.Spec.Versions[0]

	return map[string]any{
		"names":        definition.Spec.Names,
		"group":        definition.Spec.Group,
		"scope":        definition.Spec.Scope,
		"version":      version.Name,
		"served":       version.Served,
		"storage":      version.Storage,
		"subresources": version.Subresources,
	}
}

// narrowed returns what of theirs is not in ours or is narrower there. Fields that only we have are no matter.
func narrowed(path string, their, our apiextensionsv1.JSONSchemaProps) []string {
	var found []string

	for _, required := range our.Required {
		if !slices.Contains(their.Required, required) {
			found = append(found, fmt.Sprintf("%s.%s is required", path, required))
		}
	}

	plain := func(s apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
		s.Description, s.Required, s.Properties, s.Items, s.AdditionalProperties = "", nil, nil, nil, nil

		return s
	}
	if diff := cmp.Diff(plain(their), plain(our)); diff != "" {
		found = append(found, fmt.Sprintf("%s differs (-KubeFed +fedsync):\n%s", path, diff))
	}

	for _, name := range slices.Sorted(maps.Keys(their.Properties)) {
		property, known := our.Properties[name]
		if !known {
			found = append(found, fmt.Sprintf("%s.%s is not known", path, name))

			continue
		}

		found = append(found, narrowed(path+"."+name, their.Properties[name], property)...)
	}

	if their.Items != nil || our.Items != nil {
		found = append(found, narrowed(path+"[]", *their.Items.Schema, *our.Items.Schema)...)
	}

	if their.AdditionalProperties != nil || our.AdditionalProperties != nil {
		found = append(found, narrowed(path+"{}", *their.AdditionalProperties.Schema, *our.AdditionalProperties.Schema)...)
	}

	return found
}
