package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
)

// ErrClosed is returned by Spawner.Start after Close of a tied one.
var ErrClosed = errors.New("spawner is closed")

// Spawner starts processes. Children of a tied one die with this process (on Linux).
type Spawner struct {
	tied bool
	jobs chan job
	quit chan struct{}
	once sync.Once
}

type job struct {
	cmd  *exec.Cmd
	done chan error
}

// NewSpawner makes a Spawner. A tied one occupies a thread until Close.
func NewSpawner(tied bool) *Spawner {
	s := &Spawner{tied: tied, jobs: make(chan job), quit: make(chan struct{})}
	if tied {
		go s.run()
	}
	return s
}

// Close ends the spawner. Children that still live may end with it or not: kill them before.
func (s *Spawner) Close() { s.once.Do(func() { close(s.quit) }) }

// run starts everything from one thread that lives as long as the spawner: the kernel sends a child its parent-death
// signal when the thread that made it ends, and Go ends threads as it likes. A goroutine that returns without
// unlocking takes its thread with it, unless that is the first one of the process.
func (s *Spawner) run() {
	runtime.LockOSThread()
	for {
		select {
		case j := <-s.jobs:
			j.done <- j.cmd.Start()
		case <-s.quit:
			return
		}
	}
}

// Command is a program to start. Its environment has only what finds the home and temporary directory.
type Command struct {
	Path string   // Absolute.
	Args []string // Without the program's name.
	Dir  string   // The working directory.
	Log  string   // The file that standard output and error are appended to.
}

// Child is a process that this process has started.
type Child struct {
	Ref    Ref // The zero value if it ended at once.
	exited chan struct{}
	err    error
}

// Exited is closed when the process has ended.
func (c *Child) Exited() <-chan struct{} { return c.exited }

// Err tells how the process ended: nil means exit status 0. It must not be called before Exited is closed.
func (c *Child) Err() error { return c.err }

// Start starts a program in a session of its own, so that signals of the terminal do not reach it.
func (s *Spawner) Start(command Command) (*Child, error) {
	log, err := os.OpenFile(command.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	defer func() { _ = log.Close() }() // the child has its own copy
	cmd := exec.Command(command.Path, command.Args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = command.Dir, log, log
	cmd.Env = environment()
	cmd.SysProcAttr = attributes(s.tied)
	if err := s.start(cmd); err != nil {
		return nil, fmt.Errorf("start %q: %w", command.Path, err)
	}
	child := &Child{exited: make(chan struct{})}
	// An error means that it has ended already; its exit status will say more. Until we wait for it, the PID is its.
	if ref, err := refOf(cmd.Process.Pid); err == nil {
		child.Ref = Ref{PID: ref.PID, Start: ref.Start, Program: command.Path} // the command line may not be there yet
	}
	go func() {
		child.err = cmd.Wait()
		close(child.exited)
	}()
	return child, nil
}

func (s *Spawner) start(cmd *exec.Cmd) error {
	if !s.tied {
		return cmd.Start()
	}
	j := job{cmd: cmd, done: make(chan error, 1)}
	select {
	case s.jobs <- j:
		return <-j.done
	case <-s.quit:
		return ErrClosed
	}
}

// environment keeps the caller's variables away from the components: etcd takes any ETCD_* as a flag.
func environment() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}
