package control

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/fleet"
)

// Type is a federated type as it is configured.
type Type struct {
	fleet.Type

	// Config is the FederatedTypeConfig itself.
	Config *fedv1b1.FederatedTypeConfig
	// Problem says why the type cannot be used, or is empty.
	Problem string
}

// Enabled tells that the type's objects are to be propagated.
func (t *Type) Enabled() bool { return t.Problem == "" && t.Config.GetPropagationEnabled() }

// Types returns the configured types, sorted by name.
func (p *Plane) Types(ctx context.Context) ([]Type, error) {
	list := &fedv1b1.FederatedTypeConfigList{}
	if err := p.Client.List(ctx, list, client.InNamespace(p.Namespace)); err != nil {
		return nil, fmt.Errorf("list FederatedTypeConfigs in namespace %q: %w", p.Namespace, err)
	}
	found := make([]Type, 0, len(list.Items))
	for i := range list.Items {
		t := Type{Config: &list.Items[i]}
		decoded, err := host.DecodeType(t.Config)
		t.Type = decoded
		if err != nil {
			t.Problem = err.Error()
		}
		found = append(found, t)
	}
	slices.SortFunc(found, func(a, b Type) int { return strings.Compare(string(a.Name), string(b.Name)) })
	return found, nil
}

// TypeNames returns the names of the federated types, sorted.
func (p *Plane) TypeNames(ctx context.Context) ([]string, error) {
	list, err := p.Types(ctx)
	if err != nil {
		return nil, err
	}
	return namesOf(list), nil
}

func namesOf(list []Type) []string {
	names := make([]string, 0, len(list))
	for i := range list {
		names = append(names, list[i].Federated.Plural)
	}
	return names
}

// Find returns the type that a word means: the name of its FederatedTypeConfig, or the kind, the singular, the plural or
// the plural with its group, of the federated type or of its target, in any case.
func Find(list []Type, word string) (Type, error) {
	var found []Type
	for i := range list {
		if list[i].answersTo(strings.ToLower(word)) {
			found = append(found, list[i])
		}
	}
	switch len(found) {
	case 1:
		if found[0].Problem != "" {
			return found[0], fmt.Errorf("FederatedTypeConfig %q cannot be used: %s", found[0].Name, found[0].Problem)
		}
		return found[0], nil
	case 0:
		return Type{}, &UnknownError{What: "federated type", Name: word, Known: namesOf(list)}
	}
	full := make([]string, 0, len(found))
	for i := range found {
		full = append(full, string(found[i].Name))
	}
	return Type{}, fmt.Errorf("%q may mean each of %s: name one of them", word, strings.Join(full, ", "))
}

func (t *Type) answersTo(word string) bool {
	if word == strings.ToLower(string(t.Name)) {
		return true
	}
	for _, r := range []fleet.Resource{t.Federated, t.Target} {
		plural, kind := strings.ToLower(r.Plural), strings.ToLower(r.Kind)
		if word == kind || word == plural || r.Group != "" && (word == plural+"."+r.Group || word == kind+"."+r.Group) {
			return true
		}
	}
	return false
}
