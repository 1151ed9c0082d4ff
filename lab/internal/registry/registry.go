package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fedsync/fedsync/lab/internal/filelock"
)

// Errors that callers can ask for with [errors.Is].
var (
	ErrNotFound = errors.New("no such lab")
	ErrExists   = errors.New("lab exists already")
)

// Registry is a directory of state files.
type Registry struct{ dir string }

// Open makes the directory if it is not there.
func Open(dir string) (*Registry, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open registry of labs: %w", err)
	}
	return &Registry{dir: dir}, nil
}

// DefaultDir is where a lab keeps its data unless its user chooses another place.
func (r *Registry) DefaultDir(name string) string { return filepath.Join(r.dir, name) }

// Load reads the state of a lab, or returns ErrNotFound.
func (r *Registry) Load(name string) (State, error) {
	var s State
	data, err := os.ReadFile(r.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("%w: %q", ErrNotFound, name)
	}
	if err != nil {
		return s, fmt.Errorf("read state of lab %q: %w", name, err)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("parse state of lab %q in %s: %w", name, r.path(name), err)
	}
	return s, nil
}

// List reads the states of all labs, in alphabetical order.
func (r *Registry) List() ([]State, error) {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return nil, fmt.Errorf("list labs: %w", err)
	}
	var states []State
	for _, e := range entries {
		name, isState := strings.CutSuffix(e.Name(), suffix)
		if !isState {
			continue
		}
		s, err := r.Load(name)
		if errors.Is(err, ErrNotFound) { // removed since
			continue
		}
		if err != nil {
			return nil, err
		}
		states = append(states, s)
	}
	return states, nil
}

// Add makes a lab known and gives each of its clusters ports that nobody uses. It returns ErrExists when the name is
// taken.
func (r *Registry) Add(ctx context.Context, s State) (State, error) {
	err := r.locked(ctx, func() error {
		states, err := r.List()
		if err != nil {
			return err
		}
		var taken []int
		for _, other := range states {
			if other.Name == s.Name {
				return fmt.Errorf("%w: %q", ErrExists, s.Name)
			}
			taken = append(taken, other.ports()...)
		}
		if err := assignPorts(s.Clusters, taken); err != nil {
			return err
		}
		return r.save(s)
	})
	return s, err
}

// Update changes the state of a lab: it calls change with the newest state and saves what that leaves.
func (r *Registry) Update(ctx context.Context, name string, change func(*State)) error {
	return r.locked(ctx, func() error {
		s, err := r.Load(name)
		if err != nil {
			return err
		}
		change(&s)
		return r.save(s)
	})
}

// MovePort gives a cluster of a lab another free port. which points at the port to change.
func (r *Registry) MovePort(ctx context.Context, lab, cluster string, which func(*Cluster) *int) (int, error) {
	var port int
	err := r.locked(ctx, func() error {
		states, err := r.List()
		if err != nil {
			return err
		}
		var taken []int
		for _, s := range states {
			taken = append(taken, s.ports()...)
		}
		if port, err = pickPort(taken); err != nil {
			return err
		}
		s, err := r.Load(lab)
		if err != nil {
			return err
		}
		*which(s.Cluster(cluster)) = port
		return r.save(s)
	})
	return port, err
}

const suffix = ".json"

func (r *Registry) path(name string) string { return filepath.Join(r.dir, name+suffix) }

func (r *Registry) locked(ctx context.Context, do func() error) error {
	unlock, err := filelock.Lock(ctx, filepath.Join(r.dir, ".lock"), nil)
	if err != nil {
		return err
	}
	defer unlock()
	return do()
}

// save replaces the state file as a whole. It holds tokens, so only its owner may read it (as CreateTemp makes it).
func (r *Registry) save(s State) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode state of lab %q: %w", s.Name, err)
	}
	tmp := r.path(s.Name) + ".new" // no other writer: we have the lock
	if err := os.WriteFile(tmp, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("write state of lab %q: %w", s.Name, err)
	}
	if err := os.Rename(tmp, r.path(s.Name)); err != nil {
		return fmt.Errorf("write state of lab %q: %w", s.Name, err)
	}
	return nil
}

func assignPorts(clusters []Cluster, taken []int) error {
	for i := range clusters {
		for _, port := range []*int{&clusters[i].APIPort, &clusters[i].EtcdPort} {
			p, err := pickPort(taken)
			if err != nil {
				return err
			}
			*port, taken = p, append(taken, p)
		}
	}
	return nil
}
