package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/fedsync/fedsync/lab/internal/process"
)

// markName is a file that marks a directory as one that Destroy may remove; it contains the lab's name.
const markName = ".fedsync-lab"

// MakeDir makes the directory of a lab and marks it. The directory must be empty or not there yet.
func MakeDir(dir, name string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make directory of lab %q: %w", name, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read directory of lab %q: %w", name, err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("make directory of lab %q: %s is not empty", name, dir)
	}
	if err := os.WriteFile(filepath.Join(dir, markName), []byte(name), 0o600); err != nil {
		return fmt.Errorf("mark directory of lab %q: %w", name, err)
	}
	return nil
}

// Destroy kills the processes of a lab, removes its directory and forgets it. It returns ErrNotFound when the lab is
// not known.
func (r *Registry) Destroy(ctx context.Context, name string) error {
	return r.locked(ctx, func() error {
		s, err := r.Load(name)
		if err != nil {
			return err
		}
		return r.destroy(s)
	})
}

// Reap destroys the labs whose owners have died and returns their names.
func (r *Registry) Reap(ctx context.Context) ([]string, error) {
	var reaped []string
	err := r.locked(ctx, func() error {
		states, err := r.List()
		if err != nil {
			return err
		}
		for _, s := range states {
			if !s.Abandoned() {
				continue
			}
			if err := r.destroy(s); err != nil {
				return err
			}
			reaped = append(reaped, s.Name)
		}
		return nil
	})
	return reaped, err
}

// destroy forgets the lab last, so that it can be tried again if it fails half-way.
func (r *Registry) destroy(s State) error {
	if err := process.Kill(s.Refs()...); err != nil {
		return fmt.Errorf("destroy lab %q: %w", s.Name, err)
	}
	if err := removeMarked(s.Dir, s.Name); err != nil {
		return fmt.Errorf("destroy lab %q: %w", s.Name, err)
	}
	if err := os.Remove(r.path(s.Name)); err != nil {
		return fmt.Errorf("destroy lab %q: %w", s.Name, err)
	}
	return nil
}

// removeMarked removes the directory if the lab's mark is in it. Without a mark the directory is not the lab's: it
// was never made, or somebody has put another thing in its place.
func removeMarked(dir, name string) error {
	mark, err := os.ReadFile(filepath.Join(dir, markName))
	if errors.Is(err, fs.ErrNotExist) || err == nil && string(mark) != name {
		return nil
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(dir)
}
