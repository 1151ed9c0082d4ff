package crd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/crd"
)

// An example that a server would refuse, or take without a misspelt field, teaches the wrong thing.
func TestExamplesAreAccepted(t *testing.T) {
	t.Parallel()

	kinds := map[string]server{}

	for _, federated := range crd.Default() {
		definition, err := crd.Definition(federated)
		if err != nil {
			t.Fatal(err)
		}

		kinds[federated.Federated.APIVersion()+" "+federated.Federated.Kind] = serve(t, definition)
	}

	paths, err := filepath.Glob("../examples/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no examples: %v", err)
	}

	seen := 0

	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}

		for document := range strings.SplitSeq(string(content), "\n---\n") {
			sent, stored := decode(t, document), decode(t, document)
			apiVersion, _ := sent["apiVersion"].(string)
			kindName, _ := sent["kind"].(string)

			kind, federated := kinds[apiVersion+" "+kindName]
			if !federated {
				if strings.HasPrefix(kindName, "Federated") {
					t.Errorf("%s: no type %s %s", path, apiVersion, kindName)
				}

				continue
			}

			seen++

			if faults := kind.admit(stored); len(faults) > 0 {
				t.Errorf("%s: %v", path, faults.ToAggregate())
			}

			if diff := cmp.Diff(sent, stored); diff != "" {
				t.Errorf("%s: a server changes it (-sent +stored):\n%s", path, diff)
			}
		}
	}

	if seen == 0 {
		t.Error("no example has a federated object")
	}
}
