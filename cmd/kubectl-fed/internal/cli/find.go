package cli

import (
	"context"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/fleet"
)

// Target is a federated type that somebody named, and an object of it.
type Target struct {
	Plane *control.Plane
	// Types are all that are configured, Type the one that was named.
	Types []control.Type
	Type  fleet.Type
	// Object is there only if FindObject found it.
	Object control.Object
}

// FindType finds the federated type that a word means.
func (g *Global) FindType(ctx context.Context, word string) (*Target, error) {
	plane, err := g.Plane()
	if err != nil {
		return nil, err
	}
	t := &Target{Plane: plane}
	if t.Types, err = plane.Types(ctx); err != nil {
		return nil, err
	}
	found, err := control.Find(t.Types, word)
	if err != nil {
		return nil, Next(err, "`%s enable TYPE` federates a further type", g.Program)
	}
	t.Type = found.Type
	return t, nil
}

// FindObject finds the federated object that a word and a name mean, in the namespace of the command line.
func (g *Global) FindObject(ctx context.Context, word, name string) (*Target, error) {
	t, err := g.FindType(ctx, word)
	if err != nil {
		return nil, err
	}
	namespace, err := g.Namespace()
	if err != nil {
		return nil, err
	}
	t.Object, err = t.Plane.Object(ctx, t.Type, namespace, name)
	return t, err
}
