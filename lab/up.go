package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fedsync/fedsync/lab/internal/build"
	"github.com/fedsync/fedsync/lab/internal/pki"
	"github.com/fedsync/fedsync/lab/internal/process"
	"github.com/fedsync/fedsync/lab/internal/registry"
)

// Up makes a lab and returns when all its clusters are ready: their API servers serve, the namespaces default and
// kube-system exist, and where a controller manager runs, it works. Before that it removes the labs whose owners have
// died.
//
// The context limits Up only; the lab lives until Down or, unless Options.Detached is set, until this process ends.
// When Up fails, nothing runs on; the logs that the error names stay until this process ends and the next lab is made.
func Up(ctx context.Context, opts Options) (*Lab, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	progress := &lineWriter{w: opts.Progress}
	bin, err := build.Ensure(ctx, progress)
	if err != nil {
		return nil, err
	}
	l, err := register(ctx, opts, bin, progress)
	if err != nil {
		return nil, err
	}
	err = l.startAll(ctx, opts.StartTimeout, progress)
	if err == nil {
		err = l.finish(ctx, opts.Detached)
	}
	if err != nil {
		l.abort(ctx, progress)
		return nil, err
	}
	return l, nil
}

// register cleans up, makes the lab known and writes its directory. What it leaves behind when it fails is removed by
// the next call after the end of this process.
func register(ctx context.Context, opts Options, bin string, progress *lineWriter) (*Lab, error) {
	reg, err := openRegistry()
	if err != nil {
		return nil, err
	}
	reaped, err := reg.Reap(ctx)
	for _, name := range reaped {
		progress.printf("removed lab %q: the process that made it is gone", name)
	}
	if err != nil {
		return nil, err
	}
	state, keys, err := newState(reg, opts, bin)
	if err != nil {
		return nil, err
	}
	if state, err = reg.Add(ctx, state); err != nil {
		return nil, err
	}
	if err := prepare(state, keys); err != nil {
		_ = reg.Destroy(context.WithoutCancel(ctx), state.Name) // the first error says more
		return nil, err
	}
	return fromState(reg, state, !opts.Detached), nil
}

// newState describes the lab to make, all but its ports. The keys are those of its clusters, in the same order.
func newState(reg *registry.Registry, opts Options, bin string) (registry.State, []*pki.Keys, error) {
	state := registry.State{Name: opts.Name, Bin: bin}
	owner, err := process.Self()
	if err != nil {
		return state, nil, err
	}
	state.Owner = &owner
	dir := opts.Dir
	if dir == "" {
		dir = reg.DefaultDir(opts.Name)
	}
	if state.Dir, err = filepath.Abs(dir); err != nil {
		return state, nil, fmt.Errorf("find directory of lab %q: %w", opts.Name, err)
	}
	var allKeys []*pki.Keys
	for _, name := range opts.names() {
		keys, err := pki.New(name, time.Now())
		if err != nil {
			return state, nil, fmt.Errorf("make keys of cluster %q: %w", name, err)
		}
		allKeys = append(allKeys, keys)
		state.Clusters = append(state.Clusters, registry.Cluster{
			Name: name, Token: rand.Text(), CA: keys.CA,
			Controllers: opts.Controllers.on(name), APIServerFlags: opts.APIServerFlags,
		})
	}
	return state, allKeys, nil
}

// prepare makes the lab's directories and the files that the components read.
func prepare(state registry.State, keys []*pki.Keys) error {
	if err := registry.MakeDir(state.Dir, state.Name); err != nil {
		return err
	}
	for i, c := range state.Clusters {
		if err := writeFiles(filepath.Join(state.Dir, c.Name), keys[i], c.Token); err != nil {
			return fmt.Errorf("prepare cluster %q: %w", c.Name, err)
		}
	}
	return nil
}

func (l *Lab) startAll(ctx context.Context, limit time.Duration, progress *lineWriter) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range l.clusters {
		group.Go(func() error {
			ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not ready within %s", limit))
			defer cancel()
			start := time.Now()
			progress.printf("%s: starting", c.Name)
			if err := c.start(ctx, true); err != nil {
				return err
			}
			progress.printf("%s: ready in %s at %s", c.Name, seconds(start), c.URL)
			return nil
		})
	}
	return group.Wait()
}

// finish makes the lab what its user asked for, once everything runs.
func (l *Lab) finish(ctx context.Context, detached bool) error {
	if err := l.WriteKubeconfig(l.Kubeconfig()); err != nil {
		return err
	}
	if !detached {
		return nil
	}
	return l.registry.Update(ctx, l.name, func(s *registry.State) { s.Owner = nil })
}

// abort ends a lab that did not come up. Its logs stay for the reader of the error, unless the caller has given up.
func (l *Lab) abort(ctx context.Context, progress *lineWriter) {
	if errors.Is(ctx.Err(), context.Canceled) {
		if err := l.Down(context.WithoutCancel(ctx)); err != nil {
			progress.printf("clean up: %v", err)
		}
		return
	}
	for _, c := range l.clusters {
		if err := c.Kill(); err != nil {
			progress.printf("clean up: %v", err)
		}
		if err := os.RemoveAll(c.file(etcdDir)); err != nil {
			progress.printf("clean up: %v", err)
		}
	}
	l.spawner.Close()
}
