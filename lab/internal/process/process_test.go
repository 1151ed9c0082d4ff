package process

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestSelfIsAlive(t *testing.T) {
	self, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	if info := self.Inspect(); info.State != Running || info.Memory == 0 {
		t.Errorf("Inspect() of the running process = %+v", info)
	}
}

func TestRefNamesOneProcess(t *testing.T) {
	child := startSleep(t)
	cases := map[string]struct {
		why    string
		change func(*Ref)
		want   bool
	}{
		"same":             {"it is the process", func(*Ref) {}, true},
		"another start":    {"the PID was given to a later process", func(r *Ref) { r.Start++ }, false},
		"another program":  {"the process became another program", func(r *Ref) { r.Program = "/bin/true" }, false},
		"another PID":      {"PIDs are unique", func(r *Ref) { r.PID = os.Getpid() }, false},
		"no process":       {"the zero value names none", func(r *Ref) { *r = Ref{} }, false},
		"negative PID":     {"kill(2) takes it for a group", func(r *Ref) { r.PID = -r.PID }, false},
		"PID out of range": {"no such process", func(r *Ref) { r.PID = 1 << 30 }, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			ref := child.Ref
			c.change(&ref)
			if got := ref.Alive(); got != c.want {
				t.Errorf("Alive() = %v, want %v: %s", got, c.want, c.why)
			}
			if c.want {
				return
			}
			if err := Kill(ref); err != nil {
				t.Errorf("Kill() of a process that is not there: %v", err)
			}
			if !child.Ref.Alive() {
				t.Error("Kill() hit a process that only looks similar")
			}
		})
	}
}

func TestStopContinueKill(t *testing.T) {
	child := startSleep(t)
	send(t, child.Ref, syscall.SIGSTOP)
	waitState(t, child.Ref, Stopped)
	send(t, child.Ref, syscall.SIGCONT)
	waitState(t, child.Ref, Running)
	send(t, child.Ref, syscall.SIGSTOP)
	if err := Kill(child.Ref); err != nil { // a stopped process can be killed too
		t.Fatal(err)
	}
	<-child.Exited()
	if exit, ok := errors.AsType[*exec.ExitError](child.Err()); !ok {
		t.Errorf("Err() = %v, want an exit error", exit)
	}
	if err := Kill(child.Ref); err != nil {
		t.Errorf("Kill() again: %v", err)
	}
}

func TestClosedSpawnerStartsNothing(t *testing.T) {
	spawner := NewSpawner(true)
	spawner.Close()
	spawner.Close() // it can be repeated
	if _, err := spawner.Start(Command{Path: "/bin/true", Log: os.DevNull}); !errors.Is(err, ErrClosed) {
		t.Errorf("Start() after Close: %v, want %v", err, ErrClosed)
	}
}

func TestStartTellsWhatIsMissing(t *testing.T) {
	spawner := NewSpawner(false)
	defer spawner.Close()
	_, err := spawner.Start(Command{Path: "/no/such/program", Log: filepath.Join(t.TempDir(), "log")})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Start() = %v, want %v", err, os.ErrNotExist)
	}
}

func startSleep(t *testing.T) *Child {
	t.Helper()
	spawner := NewSpawner(true)
	t.Cleanup(spawner.Close)
	return sleepBy(t, spawner)
}

func sleepBy(t *testing.T, spawner *Spawner) *Child {
	t.Helper()
	path, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip("no sleep command")
	}
	child, err := spawner.Start(Command{Path: path, Args: []string{"60"}, Log: filepath.Join(t.TempDir(), "log")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := Kill(child.Ref); err != nil {
			t.Error(err)
		}
	})
	return child
}

func send(t *testing.T, ref Ref, sig syscall.Signal) {
	t.Helper()
	if err := ref.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

func waitState(t *testing.T, ref Ref, want State) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 5000 {
		if ref.Inspect().State == want {
			return
		}
		<-tick.C
	}
	t.Fatalf("state is %d, want %d", ref.Inspect().State, want)
}
