package host

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/fleet"
)

// typeConfig is the shortest that KubeFed accepts for Deployments.
func typeConfig(changes ...func(*fedv1b1.FederatedTypeConfig)) *fedv1b1.FederatedTypeConfig {
	c := &fedv1b1.FederatedTypeConfig{
		ObjectMeta: metav1.ObjectMeta{Name: "deployments.apps"},
		Spec: fedv1b1.FederatedTypeConfigSpec{
			TargetType:    fedv1b1.APIResource{Version: "v1", Kind: "Deployment", Scope: apiextensionsv1.NamespaceScoped},
			FederatedType: fedv1b1.APIResource{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedDeployment", Scope: apiextensionsv1.NamespaceScoped},
		},
	}
	for _, change := range changes {
		change(c)
	}
	return c
}

func TestDecodeType(t *testing.T) {
	want := fleet.Type{
		Name:      "deployments.apps",
		Target:    fleet.Resource{Group: "apps", Version: "v1", Kind: "Deployment", Plural: "deployments", Namespaced: true},
		Federated: fleet.Resource{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedDeployment", Plural: "federateddeployments", Namespaced: true},
	}
	wantNamespaces := fleet.Type{
		Name:      "namespaces",
		Target:    fleet.Resource{Version: "v1", Kind: "Namespace", Plural: "namespaces"},
		Federated: fleet.Resource{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedNamespace", Plural: "federatednamespaces", Namespaced: true},
	}
	tests := map[string]struct {
		why    string
		config *fedv1b1.FederatedTypeConfig
		want   fleet.Type
		err    string
	}{
		"the shortest": {
			why: "KubeFed takes plural and group from the name, and the federated plural from the kind", config: typeConfig(), want: want,
		},
		"the longest": {
			why: "what is written counts", want: want, config: typeConfig(func(c *fedv1b1.FederatedTypeConfig) {
				c.Spec.TargetType.Group, c.Spec.TargetType.PluralName, c.Spec.FederatedType.PluralName = "apps", "deployments", "federateddeployments"
			}),
		},
		"namespaces": {
			why: "the core group has no name, and the two scopes differ", want: wantNamespaces, config: typeConfig(func(c *fedv1b1.FederatedTypeConfig) {
				c.Name, c.Spec.TargetType.Kind, c.Spec.TargetType.Scope, c.Spec.FederatedType.Kind = "namespaces", "Namespace", apiextensionsv1.ClusterScoped, "FederatedNamespace"
			}),
		},
		"another name": {
			why: "KubeFed's webhook refuses it; two types of one target would fight", err: `metadata.name: must be "deployments.apps", the plural name and group of spec.targetType`,
			config: typeConfig(func(c *fedv1b1.FederatedTypeConfig) {
				c.Name, c.Spec.TargetType.Group, c.Spec.TargetType.PluralName = "web", "apps", "deployments"
			}),
		},
		"scopes that differ": {
			why: "only namespaces are placed by objects that lie in one", config: typeConfig(func(c *fedv1b1.FederatedTypeConfig) { c.Spec.FederatedType.Scope = apiextensionsv1.ClusterScoped }),
			err: "spec.federatedType.scope: must be that of spec.targetType",
		},
		"no kind": {
			why: "nothing can be written", config: typeConfig(func(c *fedv1b1.FederatedTypeConfig) { c.Spec.TargetType.Kind = "" }),
			err: "spec.targetType: version, kind and pluralName must be set",
		},
		"no version": {
			why: "nothing can be read", config: typeConfig(func(c *fedv1b1.FederatedTypeConfig) { c.Spec.FederatedType.Version = "" }),
			err: "spec.federatedType: version, kind and pluralName must be set",
		},
		"a version that leads elsewhere": {
			why: "it becomes a part of the request's path", config: typeConfig(func(c *fedv1b1.FederatedTypeConfig) { c.Spec.FederatedType.Version = "v1/../../.." }),
			err: "spec.federatedType: group, version and pluralName must be plain names",
		},
		"a plural with a query": {
			why: "as above", config: typeConfig(func(c *fedv1b1.FederatedTypeConfig) { c.Spec.FederatedType.PluralName = "secrets?x=y" }),
			err: "spec.federatedType: group, version and pluralName must be plain names",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			before := tc.config.DeepCopy()
			got, err := DecodeType(tc.config)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if diff := cmp.Diff(tc.err, text); diff != "" {
				t.Fatalf("error (-want +got), because %s:\n%s", tc.why, diff)
			}
			if diff := cmp.Diff(tc.want, got); err == nil && diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
			if diff := cmp.Diff(before, tc.config); diff != "" {
				t.Errorf("the configuration was changed, and it is the cache's (-want +got):\n%s", diff)
			}
		})
	}
}
