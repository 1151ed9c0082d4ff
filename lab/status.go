package lab

import (
	"fmt"
	"time"

	"github.com/fedsync/fedsync/lab/internal/process"
)

// ClusterState sums up the processes of a cluster.
type ClusterState string

// The states of a cluster.
const (
	Running ClusterState = "running" // All processes run.
	Paused  ClusterState = "paused"  // All processes are stopped by Pause.
	Stopped ClusterState = "stopped" // No process lives: the cluster was killed.
	Broken  ClusterState = "broken"  // Some live and some do not: one has crashed. Start brings it back.
)

// Status tells how a cluster's processes are at one moment.
type Status struct {
	// State is the summary of Processes.
	State ClusterState
	// Processes has one entry for each component, in the order in which they are started.
	Processes []ProcessStatus
}

// ProcessStatus tells about one component. PID, Memory and CPU are zero when it does not live.
type ProcessStatus struct {
	// Component is etcd, kube-apiserver or kube-controller-manager.
	Component string
	// State is Running, Paused or Stopped.
	State ClusterState
	PID   int
	// Memory is the resident set in bytes.
	Memory int64
	// CPU is the processor time, user and system, since the process started; its unit is 10 ms.
	CPU time.Duration
}

// Memory is the resident set of all processes, in bytes. Pages that they share are counted once for each.
func (s Status) Memory() int64 {
	var sum int64
	for _, p := range s.Processes {
		sum += p.Memory
	}
	return sum
}

// Process finds a component's entry; the zero value when there is none.
func (s Status) Process(component string) ProcessStatus {
	for _, p := range s.Processes {
		if p.Component == component {
			return p
		}
	}
	return ProcessStatus{}
}

// Status looks at the cluster's processes. It does not talk to the API server, so it answers for a paused cluster too.
func (c *Cluster) Status() (Status, error) {
	state, err := c.state()
	if err != nil {
		return Status{}, fmt.Errorf("tell status of cluster %q: %w", c.Name, err)
	}
	var s Status
	for _, component := range c.components() {
		s.Processes = append(s.Processes, statusOf(component, state.Processes[component]))
	}
	s.State = summarize(s.Processes)
	return s, nil
}

func statusOf(component string, ref process.Ref) ProcessStatus {
	info := ref.Inspect()
	s := ProcessStatus{Component: component, State: Stopped}
	if info.State == process.Gone {
		return s
	}
	s.PID, s.Memory, s.CPU, s.State = ref.PID, info.Memory, info.CPU, Running
	if info.State == process.Stopped {
		s.State = Paused
	}
	return s
}

func summarize(processes []ProcessStatus) ClusterState {
	for _, p := range processes[1:] {
		if p.State != processes[0].State {
			return Broken
		}
	}
	return processes[0].State
}
