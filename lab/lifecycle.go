package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/fedsync/fedsync/lab/internal/process"
	"github.com/fedsync/fedsync/lab/internal/registry"
)

// Pause stops all processes of the cluster where they stand (SIGSTOP). The cluster becomes a black hole: the kernel
// still accepts connections, but nobody answers, and watches stay open without events. It is what a hung machine or
// a network that drops packets looks like to clients.
func (c *Cluster) Pause() error {
	return c.signal("pause", syscall.SIGSTOP, Running)
}

// Resume continues a paused cluster (SIGCONT): it answers what has waited. Resume on a running cluster does nothing.
func (c *Cluster) Resume() error {
	return c.signal("resume", syscall.SIGCONT, Paused)
}

// Kill ends all processes of the cluster at once (SIGKILL), also of a paused one, and returns when they are gone. Its
// data, ports and certificates are kept for Start. Kill on a killed cluster does nothing.
func (c *Cluster) Kill() error {
	state, err := c.state()
	if err != nil {
		return err
	}
	if err := process.Kill(state.Living()...); err != nil {
		return fmt.Errorf("kill cluster %q: %w", c.Name, err)
	}
	return nil
}

// Start brings a killed cluster back with the same data, ports and certificates, and returns when it is ready. The
// processes that live already are left alone, so that Start also replaces a crashed one. The context limits the wait
// only: the cluster lives on after its end. Start refuses a paused cluster.
func (c *Cluster) Start(ctx context.Context) error {
	status, err := c.Status()
	if err != nil {
		return err
	}
	if status.State == Paused {
		return fmt.Errorf("start cluster %q: it is paused; resume it", c.Name)
	}
	return c.start(ctx, false)
}

// signal returns when the signal has taken effect: when no process is in the state that it leads out of.
func (c *Cluster) signal(verb string, sig syscall.Signal, out ClusterState) error {
	state, err := c.state()
	if err != nil {
		return err
	}
	refs := state.Living()
	if len(refs) == 0 {
		return fmt.Errorf("%s cluster %q: it is not running", verb, c.Name)
	}
	for _, ref := range refs {
		if err := ref.Signal(sig); err != nil {
			return fmt.Errorf("%s cluster %q: %w", verb, c.Name, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), signalTimeout)
	defer cancel()
	err = poll(ctx, func(context.Context) error { // a signal takes effect a moment after it was sent, and nobody tells when
		status, err := c.Status()
		if err == nil && slices.ContainsFunc(status.Processes, func(p ProcessStatus) bool { return p.State == out }) {
			err = errors.New("it did not obey yet")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s cluster %q: %w", verb, c.Name, err)
	}
	return nil
}

// signalTimeout is how long a process may take to obey a signal.
const signalTimeout = 5 * time.Second

// state reads what the registry knows about the cluster: it is newer than our memory when another process, such as
// the command line, has killed or started the cluster.
func (c *Cluster) state() (registry.Cluster, error) {
	state, err := c.lab.registry.Load(c.lab.name)
	if err != nil {
		return registry.Cluster{}, err
	}
	cluster := state.Cluster(c.Name)
	if cluster == nil {
		return registry.Cluster{}, fmt.Errorf("find cluster %q in the state of lab %q: not there", c.Name, c.lab.name)
	}
	return *cluster, nil
}
