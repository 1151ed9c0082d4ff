package crd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	definitionvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

// chart is where the generated files are.
const chart = "../charts/fedsync"

// server does to an object what an API server does with a definition, with the API server's own code.
type server struct {
	schema    *structuralschema.Structural
	validator validation.SchemaValidator
}

// serve installs a definition of one version and fails the test if an API server would refuse it.
func serve(t *testing.T, definition *apiextensionsv1.CustomResourceDefinition) server {
	t.Helper()

	for _, fault := range faultsOf(t, definition) {
		t.Errorf("definition %q: %v", definition.Name, fault)
	}

	props := internal(t, definition).Spec.Validation.OpenAPIV3Schema

	structural, err := structuralschema.NewStructural(props)
	if err != nil {
		t.Fatalf("schema of %q: %v", definition.Name, err)
	}

	for _, fault := range structuralschema.ValidateStructural(nil, structural) {
		t.Errorf("schema of %q: %v", definition.Name, fault)
	}

	validator, _, err := validation.NewSchemaValidator(props)
	if err != nil {
		t.Fatalf("validator of %q: %v", definition.Name, err)
	}

	return server{schema: structural, validator: validator}
}

// internal converts a definition as an API server does when it is sent to it.
func internal(t *testing.T, definition *apiextensionsv1.CustomResourceDefinition) *apiextensions.CustomResourceDefinition {
	t.Helper()

	defaulted := definition.DeepCopy()
	apiextensionsv1.SetDefaults_CustomResourceDefinition(defaulted)
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&defaulted.Spec)
	// A server writes this on creation, before it validates.
	for _, version := range defaulted.Spec.Versions {
		if version.Storage {
			defaulted.Status.StoredVersions = []string{version.Name}
		}
	}

	converted := &apiextensions.CustomResourceDefinition{}
	if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(
		defaulted, converted, nil,
	); err != nil {
		t.Fatalf("convert %q: %v", definition.Name, err)
	}

	return converted
}

// faultsOf returns what an API server would refuse the definition for.
func faultsOf(t *testing.T, definition *apiextensionsv1.CustomResourceDefinition) field.ErrorList {
	t.Helper()

	return definitionvalidation.ValidateCustomResourceDefinition(t.Context(), internal(t, definition))
}

// admit returns what is wrong with an object, after an API server has dropped from it what the schema does not know and
// has filled in defaults. The object is changed so.
func (s server) admit(object map[string]any) field.ErrorList {
	pruning.Prune(object, s.schema, true)
	defaulting.PruneNonNullableNullsWithoutDefaults(object, s.schema)
	defaulting.Default(object, s.schema)

	return append(
		validation.ValidateCustomResource(nil, object, s.validator),
		listtype.ValidateListSetsAndMaps(nil, s.schema, object)...,
	)
}

// decode reads YAML as a server reads a body: whole numbers are int64.
func decode(t *testing.T, text string) map[string]any {
	t.Helper()

	bytes, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatalf("decode %q: %v", text, err)
	}

	return asObject(t, json.RawMessage(bytes))
}

// installed returns the definition in a file of the chart.
func installed(t *testing.T, name string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()

	definition := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(read(t, "crds/"+name+".yaml"), definition); err != nil {
		t.Fatalf("decode %q: %v", name, err)
	}

	return definition
}

func read(t *testing.T, path string) []byte {
	t.Helper()

	content, err := os.ReadFile(filepath.Join(chart, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}

	return content
}
