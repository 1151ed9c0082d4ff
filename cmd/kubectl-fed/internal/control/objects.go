package control

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// Object is a federated object with what the host stores of it.
type Object struct {
	*fleet.FederatedObject

	// Status is as the daemon last wrote it.
	Status report.Status
	// Stored is what the API server sent.
	Stored *raw.Object
}

// pageSize is how many objects are asked for at once.
const pageSize = 500

// Objects returns the federated objects of a type, sorted by namespace and name; an empty namespace means all.
func (p *Plane) Objects(ctx context.Context, t fleet.Type, namespace string) ([]Object, error) {
	var found []Object
	for next := ""; ; {
		list, err := p.page(ctx, t, namespace, metav1.ListOptions{Limit: pageSize, Continue: next})
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", t.Federated.Plural, err)
		}
		for i := range list.Items {
			found = append(found, DecodeObject(t, &list.Items[i]))
		}
		if next = list.Continue; next == "" {
			break
		}
	}
	slices.SortFunc(found, func(a, b Object) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	return found, nil
}

func (p *Plane) page(ctx context.Context, t fleet.Type, namespace string, o metav1.ListOptions) (*raw.List, error) {
	list := &raw.List{}
	return list, p.rest.Get().AbsPath(host.CollectionPath(t.Federated, namespace)...).SpecificallyVersionedParams(&o, metav1.ParameterCodec, metav1.Unversioned).Do(ctx).Into(list)
}

// Object returns one federated object. An UnknownError says that there is none.
func (p *Plane) Object(ctx context.Context, t fleet.Type, namespace, name string) (Object, error) {
	o, found, err := p.Lookup(ctx, t, namespace, name)
	if err != nil || found {
		return o, err
	}
	where := t.Federated.Kind
	if t.Federated.Namespaced {
		where += " in namespace " + namespace + " named"
	}
	return o, &UnknownError{What: where, Name: name, Known: p.namesIn(ctx, t, namespace)}
}

func (p *Plane) namesIn(ctx context.Context, t fleet.Type, namespace string) []string {
	objects, err := p.Objects(ctx, t, namespace)
	if err != nil {
		return nil // this only makes an error message richer
	}
	names := make([]string, 0, len(objects))
	for i := range objects {
		names = append(names, objects[i].Key.Name)
	}
	return names
}

// ObjectNames returns TYPE/NAME for all objects in the namespace of the types that begin like the word.
func (p *Plane) ObjectNames(ctx context.Context, namespace, word string) ([]string, error) {
	list, err := p.Types(ctx)
	if err != nil {
		return nil, err
	}
	prefix, _, whole := strings.Cut(word, "/")
	var names []string
	for i := range list {
		t := &list[i]
		if t.Problem != "" || whole && !t.answersTo(strings.ToLower(prefix)) || !strings.HasPrefix(t.Federated.Plural, prefix) && !whole {
			continue
		}
		for _, name := range p.namesIn(ctx, t.Type, namespace) {
			names = append(names, t.Federated.Plural+"/"+name)
		}
	}
	return names, nil
}

// DecodeObject reads what the API server sent of a federated object.
func DecodeObject(t fleet.Type, sent *raw.Object) Object {
	o, status := host.Decode(t.Name, sent)
	return Object{FederatedObject: o, Status: status, Stored: sent}
}

// Decode reads a federated object that is not stored: JSON of the type.
func Decode(t fleet.Type, body []byte) (Object, error) {
	sent := &raw.Object{}
	if err := json.Unmarshal(body, sent); err != nil {
		return Object{}, fmt.Errorf("read %s: %w", t.Federated.Kind, err)
	}
	return DecodeObject(t, sent), nil
}

// Lookup returns one federated object, and whether there is one.
func (p *Plane) Lookup(ctx context.Context, t fleet.Type, namespace, name string) (Object, bool, error) {
	sent := &raw.Object{}
	err := p.rest.Get().AbsPath(append(host.CollectionPath(t.Federated, namespace), name)...).Do(ctx).Into(sent)
	if apierrors.IsNotFound(err) {
		return Object{}, false, nil
	}
	if err != nil {
		return Object{}, false, fmt.Errorf("get %s %q: %w", t.Federated.Kind, name, err)
	}
	return DecodeObject(t, sent), true, nil
}
