package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"

	"github.com/fedsync/fedsync/lab/internal/process"
	"github.com/fedsync/fedsync/lab/internal/registry"
)

// portAttempts is how often a component may find that another program has taken its port since it was picked.
const portAttempts = 4

// start starts the components that do not live, one after the other as each gets ready, and waits until the cluster
// is usable. mayMove allows other ports when the chosen ones are taken.
func (c *Cluster) start(ctx context.Context, mayMove bool) error {
	state, err := c.state()
	if err != nil {
		return err
	}
	for _, component := range c.components() {
		if state.Processes[component].Alive() {
			continue
		}
		if err := c.startComponent(ctx, component, mayMove); err != nil {
			return err
		}
	}
	if err := c.waitUsable(ctx); err != nil {
		return fmt.Errorf("wait for cluster %q: %w", c.Name, err)
	}
	return nil
}

func (c *Cluster) startComponent(ctx context.Context, component string, mayMove bool) error {
	for attempt := 1; ; attempt++ {
		err := c.tryComponent(ctx, component)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || attempt == portAttempts || !mayMove || !c.portTaken(component) {
			return err
		}
		if err := c.movePort(ctx, component); err != nil {
			return err
		}
	}
}

// tryComponent starts a component once and waits until it serves or has ended.
func (c *Cluster) tryComponent(ctx context.Context, component string) error {
	if component == ControllerManager {
		if err := c.writeOwnKubeconfig(); err != nil {
			return err
		}
	}
	child, err := c.lab.spawner.Start(process.Command{
		Path: filepath.Join(c.bin, component), Args: c.flags(component), Dir: c.dir, Log: c.LogPath(component),
	})
	if err != nil {
		return fmt.Errorf("start %s of cluster %q: %w", component, c.Name, err)
	}
	if err := c.remember(ctx, component, child.Ref); err != nil {
		_ = process.Kill(child.Ref) // nobody would find it any more
		return err
	}
	err = c.waitServing(ctx, component, child)
	if err == nil {
		return nil
	}
	if errors.Is(ctx.Err(), context.Canceled) { // the caller gave up: the component is not to blame
		return fmt.Errorf("start %s of cluster %q: %w", component, c.Name, context.Cause(ctx))
	}
	return c.componentError(component, child, err)
}

// remember writes the process to the registry, where Kill, Status and the cleaning of later labs find it.
func (c *Cluster) remember(ctx context.Context, component string, ref process.Ref) error {
	return c.lab.registry.Update(ctx, c.lab.name, func(s *registry.State) {
		cluster := s.Cluster(c.Name)
		processes := maps.Clone(cluster.Processes)
		if processes == nil {
			processes = map[string]process.Ref{}
		}
		processes[component] = ref
		cluster.Processes = processes
	})
}

// portTaken tells whether somebody else listens on the port that a component wanted. It is only called when the
// component has ended.
func (c *Cluster) portTaken(component string) bool {
	switch component {
	case Etcd:
		return !registry.PortFree(c.etcdPort)
	case APIServer:
		return !registry.PortFree(c.apiPort)
	default:
		return false
	}
}

func (c *Cluster) movePort(ctx context.Context, component string) error {
	which := func(s *registry.Cluster) *int { return &s.EtcdPort }
	if component == APIServer {
		which = func(s *registry.Cluster) *int { return &s.APIPort }
	}
	port, err := c.lab.registry.MovePort(ctx, c.lab.name, c.Name, which)
	if err != nil {
		return fmt.Errorf("move %s of cluster %q to another port: %w", component, c.Name, err)
	}
	if component == APIServer {
		c.setAPIPort(port)
		return nil
	}
	c.etcdPort = port
	return nil
}
