package process

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Ref names one process beyond doubt: its PID may be given to another process later, but not together with the same
// start time and program. The zero value names no process.
type Ref struct {
	PID int `json:"pid"`
	// Start is when the process started, in clock ticks since boot.
	Start uint64 `json:"start"`
	// Program is the first word of its command line.
	Program string `json:"program"`
}

// State says how a process is.
type State int

// The states of a process.
const (
	Gone    State = iota // It has ended, or the PID belongs to another process now.
	Running              // It runs or sleeps.
	Stopped              // SIGSTOP has stopped it.
)

// Info is what Inspect tells. All but State is zero when the process is gone.
type Info struct {
	State  State
	Memory int64 // The resident set in bytes.
	CPU    time.Duration
}

// Self names the running process.
func Self() (Ref, error) { return refOf(os.Getpid()) }

// Alive tells whether the process still exists.
func (r Ref) Alive() bool { return r.Inspect().State != Gone }

// Inspect looks at the process.
func (r Ref) Inspect() Info {
	if r.PID <= 0 {
		return Info{}
	}
	found, info, err := look(r.PID)
	if err != nil || !r.is(found) {
		return Info{}
	}
	return info
}

// is tells whether found is our process. A process has no command line for a moment while it becomes its program, so
// an empty one is no contradiction.
func (r Ref) is(found Ref) bool {
	return r.PID == found.PID && r.Start == found.Start && (r.Program == found.Program || found.Program == "")
}

// Signal sends a signal. It is no error when the process is gone.
func (r Ref) Signal(sig syscall.Signal) error {
	if r.PID <= 0 {
		return nil
	}
	p, err := os.FindProcess(r.PID) // holds on to the process (pidfd), so the check below stays true
	if err != nil {
		return fmt.Errorf("find process %d: %w", r.PID, err)
	}
	defer func() { _ = p.Release() }()
	if !r.Alive() {
		return nil
	}
	if err := p.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send signal %q to process %d: %w", sig, r.PID, err)
	}
	return nil
}

// killWait is how long Kill waits: a killed process needs milliseconds, unless it hangs in the kernel.
const killWait = 10 * time.Second

// Kill ends processes by SIGKILL and returns when all of them are gone.
func Kill(refs ...Ref) error {
	var errs []error
	for _, r := range refs {
		errs = append(errs, r.Signal(syscall.SIGKILL))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return waitGone(refs)
}

func waitGone(refs []Ref) error {
	deadline := time.NewTimer(killWait)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for _, r := range refs {
		for r.Alive() {
			select {
			case <-tick.C:
			case <-deadline.C:
				return fmt.Errorf("wait for the end of process %d (%s): it survived SIGKILL for %s", r.PID, r.Program, killWait)
			}
		}
	}
	return nil
}

// refOf names a living process by its PID.
func refOf(pid int) (Ref, error) {
	ref, info, err := look(pid)
	if err != nil {
		return Ref{}, fmt.Errorf("look at process %d: %w", pid, err)
	}
	if info.State == Gone {
		return Ref{}, fmt.Errorf("look at process %d: %w", pid, os.ErrProcessDone)
	}
	return ref, nil
}
