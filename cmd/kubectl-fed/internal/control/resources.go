package control

import (
	"cmp"
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

// NamespacedResources returns the namespaced types of a cluster that can be listed, each in the version that the server prefers, with group and
// version filled in, sorted. Beside an error it returns those that are known: an aggregated API server that is down hides its own alone.
func NamespacedResources(ctx context.Context, config *rest.Config) ([]metav1.APIResource, error) {
	d, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	lists, err := d.ServerPreferredNamespacedResourcesWithContext(ctx)
	var found []metav1.APIResource
	for _, list := range lists {
		gv, parseErr := schema.ParseGroupVersion(list.GroupVersion)
		if parseErr != nil {
			return nil, parseErr
		}
		for _, r := range list.APIResources {
			if slices.Contains(r.Verbs, "list") {
				r.Group, r.Version = gv.Group, gv.Version
				found = append(found, r)
			}
		}
	}
	slices.SortFunc(found, func(a, b metav1.APIResource) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name))
	})
	return found, err
}
