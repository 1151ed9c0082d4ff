package crd_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fedsync/fedsync/crd"
	"github.com/fedsync/fedsync/fleet"
)

func TestValidate(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		spoil func(*crd.Type)
		want  []string
	}{
		"nothing is wrong": {spoil: func(*crd.Type) {}},
		"a name that is not the target's": {
			spoil: func(t *crd.Type) { t.Name = "deployments" },
			want:  []string{`name "deployments" is not that of the target, "deployments.apps"`},
		},
		"no kind and no version": {
			spoil: func(t *crd.Type) { t.Target.Kind, t.Target.Version = "", "" },
			want:  []string{`target kind ""`, `target version ""`},
		},
		"a plural in upper case": {
			spoil: func(t *crd.Type) { t.Federated.Plural = "FederatedDeployments" },
			want:  []string{`federated plural "FederatedDeployments"`},
		},
		"a federated group without a dot": {
			spoil: func(t *crd.Type) { t.Federated.Group = "types" },
			want:  []string{`federated group "types" has no dot`},
		},
		"a federated group of Kubernetes": {
			spoil: func(t *crd.Type) { t.Federated.Group = "types.k8s.io" },
			want:  []string{`federated group "types.k8s.io" needs the approval`},
		},
		"a group that is no domain": {
			spoil: func(t *crd.Type) { t.Federated.Group = "types..io" },
			want:  []string{`federated group "types..io"`},
		},
		"a short name with a dot": {
			spoil: func(t *crd.Type) { t.TargetShortNames = []string{"de.ploy"} },
			want:  []string{`federated name "fde.ploy"`},
		},
	}

	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			broken := typeOf(t, "deployments.apps")
			tc.spoil(&broken)
			err := broken.Validate()

			if len(tc.want) == 0 {
				if err != nil {
					t.Fatal(err)
				}

				return
			}

			if !errors.Is(err, crd.ErrInvalidType) {
				t.Fatalf("want an ErrInvalidType, got %v", err)
			}

			_, definitionErr := crd.Definition(broken)
			_, configErr := crd.TypeConfig(broken, crd.SystemNamespace)

			if !errors.Is(definitionErr, crd.ErrInvalidType) || !errors.Is(configErr, crd.ErrInvalidType) {
				t.Errorf("want an ErrInvalidType from Definition and TypeConfig, got %v and %v", definitionErr, configErr)
			}

			lines := strings.Split(strings.TrimPrefix(err.Error(), crd.ErrInvalidType.Error()+": "), "\n")
			if len(lines) != len(tc.want) {
				t.Fatalf("want %d faults, got %q", len(tc.want), lines)
			}

			for i, want := range tc.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("fault %d: want %q, got %q", i, want, lines[i])
				}
			}
		})
	}
}

// What Validate lets through, an API server takes.
func FuzzDefinition(f *testing.F) {
	f.Add("apps", "v1", "Deployment", "deployments", "types.kubefed.io", "v1beta1", "deploy")
	f.Add("", "v1", "Namespace", "namespaces", "types.example.com", "v1", "ns")
	f.Add("batch", "v1", "Job", "jobs", "types.example.com", "v1", "JOB")
	f.Add("x.io", "v2", "A-b", "a-b", "k8s.io", "v1", "")
	f.Add("x.io", "v2", strings.Repeat("K", 60), "ks", "a.b", "v1", "k")

	f.Fuzz(func(t *testing.T, group, version, kind, plural, federatedGroup, federatedVersion, shortName string) {
		fuzzed := crd.Federate(fleet.Resource{Group: group, Version: version, Kind: kind, Plural: plural}, shortName)
		fuzzed.Federated.Group, fuzzed.Federated.Version = federatedGroup, federatedVersion

		definition, err := crd.Definition(fuzzed)
		if err != nil {
			return
		}

		if faults := faultsOf(t, definition); len(faults) > 0 {
			t.Errorf("type %+v: %v", fuzzed, faults.ToAggregate())
		}
	})
}
