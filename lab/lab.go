package lab

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/fedsync/fedsync/lab/internal/build"
	"github.com/fedsync/fedsync/lab/internal/process"
	"github.com/fedsync/fedsync/lab/internal/registry"
)

// HostName is the name of the cluster that Lab.Host returns. Members are named member1, member2 and so on.
const HostName = "host"

// ErrNotFound is returned by Open when no lab has the given name.
var ErrNotFound = registry.ErrNotFound

// ErrExists is returned by Up when a lab of the given name is there already.
var ErrExists = registry.ErrExists

// Lab is a host cluster and its members. Its methods may be called from several goroutines.
type Lab struct {
	name     string
	dir      string
	clusters []*Cluster
	registry *registry.Registry
	spawner  *process.Spawner
}

// Open finds a running lab by its name: one that another process made with Options.Detached, or one that another
// living process owns. It returns ErrNotFound when there is none, or when its owner has died.
func Open(name string) (*Lab, error) {
	reg, err := openRegistry()
	if err != nil {
		return nil, err
	}
	state, err := reg.Load(name)
	if err != nil {
		return nil, err
	}
	if state.Abandoned() {
		return nil, fmt.Errorf("%w: %q, its owner is gone (the next lab removes %s)", ErrNotFound, name, state.Dir)
	}
	return fromState(reg, state, false), nil
}

// Names lists the labs that Open finds, in alphabetical order.
func Names() ([]string, error) {
	reg, err := openRegistry()
	if err != nil {
		return nil, err
	}
	states, err := reg.List()
	if err != nil {
		return nil, err
	}
	states = slices.DeleteFunc(states, registry.State.Abandoned)
	names := make([]string, 0, len(states))
	for _, s := range states {
		names = append(names, s.Name)
	}
	return names, nil
}

// Name is the name that Open finds the lab by.
func (l *Lab) Name() string { return l.name }

// Dir is the directory that holds everything the lab writes. Down removes it.
func (l *Lab) Dir() string { return l.dir }

// Kubeconfig is the path of a kubeconfig file with a context for each cluster, as WriteKubeconfig makes it. The file
// goes with the lab.
func (l *Lab) Kubeconfig() string { return filepath.Join(l.dir, "kubeconfig") }

// Clusters returns all clusters, the host first, members in the order of their numbers.
func (l *Lab) Clusters() []*Cluster { return slices.Clone(l.clusters) }

// Host returns the host cluster.
func (l *Lab) Host() *Cluster { return l.clusters[0] }

// Members returns all clusters but the host, in the order of their numbers.
func (l *Lab) Members() []*Cluster { return slices.Clone(l.clusters[1:]) }

// Cluster finds a cluster by its name.
func (l *Lab) Cluster(name string) (*Cluster, error) {
	for _, c := range l.clusters {
		if c.Name == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("find cluster %q: lab %q has only %q", name, l.name, l.clusterNames())
}

// Down kills all processes of the lab and removes its directory. It does not ask them to end in peace first: nothing
// they could save is kept. Down on a lab that is down already does nothing.
func (l *Lab) Down(ctx context.Context) error {
	err := l.registry.Destroy(ctx, l.name)
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		return fmt.Errorf("take lab %q down: %w", l.name, err)
	}
	l.spawner.Close()
	return nil
}

func (l *Lab) clusterNames() []string {
	names := make([]string, 0, len(l.clusters))
	for _, c := range l.clusters {
		names = append(names, c.Name)
	}
	return names
}

func openRegistry() (*registry.Registry, error) {
	root, err := build.CacheDir()
	if err != nil {
		return nil, err
	}
	return registry.Open(filepath.Join(root, "labs"))
}

// fromState makes the lab that a state describes; tied binds the processes it starts to the life of this one.
func fromState(reg *registry.Registry, state registry.State, tied bool) *Lab {
	l := &Lab{name: state.Name, dir: state.Dir, registry: reg, spawner: process.NewSpawner(tied)}
	for _, cs := range state.Clusters {
		l.clusters = append(l.clusters, clusterFromState(l, state.Bin, cs))
	}
	return l
}
