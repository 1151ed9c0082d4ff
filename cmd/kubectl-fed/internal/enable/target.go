package enable

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/crd"
	"github.com/fedsync/fedsync/fleet"
)

// Served is what the host serves.
type Served struct {
	lists []*metav1.APIResourceList
}

// Discover asks the host what it serves. Groups that do not answer are left out: an aggregated API server that is down concerns its
// own types alone.
func Discover(ctx context.Context, config *rest.Config) (*Served, error) {
	d, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	_, lists, err := d.ServerGroupsAndResourcesWithContext(ctx)
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return nil, fmt.Errorf("ask the host what it serves: %w", err)
	}
	return &Served{lists: lists}, nil
}

// resource is a served type that a word may mean.
type resource struct {
	metav1.APIResource

	scalable bool
}

// find returns the type that a word means: plural, singular, kind or short name, with the group behind a dot if needed. Of several
// versions the first that is served counts, which the server prefers, unless one is asked for.
func (s *Served) find(word, version string) (resource, error) {
	var found []resource
	groups := map[string]bool{}
	for _, list := range s.lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil || version != "" && gv.Version != version {
			continue
		}
		for i := range list.APIResources {
			r := list.APIResources[i]
			if strings.Contains(r.Name, "/") || !answers(&r, gv.Group, strings.ToLower(word)) || groups[gv.Group] {
				continue
			}
			groups[gv.Group] = true
			r.Group, r.Version = gv.Group, gv.Version
			scalable := slices.ContainsFunc(list.APIResources, func(o metav1.APIResource) bool { return o.Name == r.Name+"/scale" })
			found = append(found, resource{APIResource: r, scalable: scalable})
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	if len(found) == 0 {
		return resource{}, cli.Next(fmt.Errorf("the host serves no type %q%s", word, inVersion(version)), "`kubectl api-resources` lists what it serves; a custom type's CRD must be there first")
	}
	var names []string
	for _, r := range found {
		names = append(names, qualified(r.Name, r.Group))
	}
	return resource{}, cli.Next(fmt.Errorf("%q may mean each of %s", word, strings.Join(names, ", ")), "name one of them")
}

func inVersion(version string) string {
	if version == "" {
		return ""
	}
	return " in version " + version
}

func answers(r *metav1.APIResource, group, word string) bool {
	kind := strings.ToLower(r.Kind)
	names := append([]string{r.Name, r.SingularName, kind}, r.ShortNames...)
	if slices.Contains(names, word) {
		return true
	}
	return group != "" && (word == r.Name+"."+group || word == kind+"."+group)
}

func qualified(plural, group string) string {
	if group == "" {
		return plural
	}
	return plural + "." + group
}

// Type returns the federated type of a target.
func (s *Served) Type(word string, o Naming) (crd.Type, error) {
	r, err := s.find(word, o.TargetVersion)
	if err != nil {
		return crd.Type{}, err
	}
	if r.Group == o.group() || strings.HasSuffix(r.Group, ".kubefed.io") || r.Group == "types.kubefed.io" {
		return crd.Type{}, cli.Next(fmt.Errorf("%s belongs to the federation itself", qualified(r.Name, r.Group)), "name the type that its copies are of")
	}
	if !slices.Contains(r.Verbs, "patch") || !slices.Contains(r.Verbs, "watch") {
		return crd.Type{}, fmt.Errorf("%s cannot be federated: the API server does not watch or patch such objects", qualified(r.Name, r.Group))
	}
	t := crd.Federate(fleet.Resource{Group: r.Group, Version: r.Version, Kind: r.Kind, Plural: r.Name, Namespaced: r.Namespaced}, r.ShortNames...)
	t.Federated.Group, t.Federated.Version = o.group(), o.version()
	t.RetainReplicas = r.scalable
	return t, t.Validate()
}

// Naming says how a federated type is called, and which version of its target counts.
type Naming struct {
	TargetVersion, FederatedGroup, FederatedVersion string
}

func (n Naming) group() string {
	if n.FederatedGroup == "" {
		return crd.FederatedGroup
	}
	return n.FederatedGroup
}

func (n Naming) version() string {
	if n.FederatedVersion == "" {
		return crd.FederatedVersion
	}
	return n.FederatedVersion
}
