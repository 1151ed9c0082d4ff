package crd_test

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kubefed/pkg/apis/core/typeconfig"
	corev1beta1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"
	"sigs.k8s.io/yaml"

	"github.com/fedsync/fedsync/crd"
)

var update = flag.Bool("update", false, "write the files of the chart; those of the core kinds only if they are there")

// generated returns every file that the chart should hold. Those of the core kinds are made from what the chart holds:
// controller-gen is not asked, as a complete definition comes back equal.
func generated(t *testing.T) []crd.File {
	t.Helper()

	types, err := crd.TypeFiles(crd.Default())
	if err != nil {
		t.Fatal(err)
	}

	var derived bytes.Buffer

	for _, name := range crd.CoreNames() {
		plural, _, _ := strings.Cut(name, ".")
		derived.WriteString("---\n")
		derived.Write(read(t, "crds/core-"+plural+".yaml"))
	}

	core, err := crd.CoreFiles(derived.Bytes())
	if err != nil {
		t.Fatal(err)
	}

	return append(core, types...)
}

func TestChartIsInStepWithTheCode(t *testing.T) {
	t.Parallel()

	want := generated(t)

	for _, file := range want {
		if *update {
			if err := os.WriteFile(filepath.Join(chart, filepath.FromSlash(file.Path)), file.Content, 0o600); err != nil {
				t.Fatal(err)
			}
		}

		if diff := cmp.Diff(string(file.Content), string(read(t, file.Path))); diff != "" {
			t.Errorf("%s: run the generator (-code +chart):\n%s", file.Path, diff)
		}
	}

	for _, pattern := range []string{"crds/core-*", "crds/federated-*", "types/*"} {
		paths, err := filepath.Glob(filepath.Join(chart, pattern))
		if err != nil {
			t.Fatal(err)
		}

		for _, path := range paths {
			name := strings.TrimPrefix(filepath.ToSlash(path), chart+"/")
			if !slices.ContainsFunc(want, func(f crd.File) bool { return f.Path == name }) {
				t.Errorf("%s: no code makes this file", name)
			}
		}
	}
}

func TestOrderOfTypesDoesNotMatter(t *testing.T) {
	t.Parallel()

	want, err := crd.TypeFiles(crd.Default())
	if err != nil {
		t.Fatal(err)
	}

	shuffled := crd.Default()
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })

	got, err := crd.TypeFiles(shuffled)
	if err != nil {
		t.Fatal(err)
	}

	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-sorted +shuffled):\n%s", diff)
	}
}

func TestTypeConfigs(t *testing.T) {
	t.Parallel()

	configs := serve(t, installed(t, "core-federatedtypeconfigs"))

	for _, federated := range crd.Default() {
		object, err := crd.TypeConfig(federated, crd.SystemNamespace)
		if err != nil {
			t.Fatal(err)
		}

		sent := object.DeepCopy().Object
		if faults := configs.admit(sent); len(faults) > 0 {
			t.Errorf("%s: %v", federated.Name, faults.ToAggregate())
		}

		if diff := cmp.Diff(object.Object, sent); diff != "" {
			t.Errorf("%s: a server changes it (-sent +stored):\n%s", federated.Name, diff)
		}

		typed := &corev1beta1.FederatedTypeConfig{}
		if err := yaml.UnmarshalStrict(read(t, "types/"+string(federated.Name)+".yaml"), typed); err != nil {
			t.Errorf("%s: %v", federated.Name, err)
		}

		// The one thing that KubeFed's defaulting may add is nothing.
		defaulted := typed.DeepCopy()
		corev1beta1.SetFederatedTypeConfigDefaults(defaulted)

		if diff := cmp.Diff(typed, defaulted); diff != "" {
			t.Errorf("%s: KubeFed defaults it (-file +defaulted):\n%s", federated.Name, diff)
		}

		// KubeFed's webhook asks for this. Its package is not called: it does not compile against today's client-go.
		if want := typeconfig.GroupQualifiedName(typed.GetTargetType()); typed.Name != want {
			t.Errorf("%s: KubeFed wants it named %q", typed.Name, want)
		}

		if federated.Federated.Namespaced != typed.GetFederatedNamespaced() {
			t.Errorf("%s: KubeFed says namespaced: %t", federated.Name, typed.GetFederatedNamespaced())
		}
	}
}
