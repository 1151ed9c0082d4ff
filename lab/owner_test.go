package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/internal/process"
)

// TestOwnerDies: a process that has a lab is killed and cannot clean up.
func TestOwnerDies(t *testing.T) {
	skipShort(t)
	owner, report := startOwner(t)
	reg, err := openRegistry()
	if err != nil {
		t.Fatal(err)
	}
	state, err := reg.Load(report.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait() // it was killed
	if runtime.GOOS == "linux" {
		eventually(t, "the clusters die with their owner", func() bool {
			for _, ref := range state.Refs() {
				if ref.Alive() {
					return false
				}
			}
			return true
		})
	}
	if _, err := Open(report.Name); !errors.Is(err, ErrNotFound) {
		t.Errorf("Open() of a lab without its owner: %v, want %v", err, ErrNotFound)
	}
	if _, err := os.Stat(report.Dir); err != nil {
		t.Errorf("the test proves nothing: %v", err)
	}
	up(t, Options{Controllers: ControllersNowhere})
	checkGone(t, report.Name, report.Dir, state.Refs())
}

// startOwner runs this test program as the owner of a lab.
func startOwner(t *testing.T) (*exec.Cmd, ownerReport) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), ownerEnv+"=1")
	cmd.Stderr = testWriter{t}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	var report ownerReport
	if err := json.NewDecoder(out).Decode(&report); err != nil {
		t.Fatalf("read the report of the owner: %v", err)
	}
	if report.State != Running {
		t.Fatalf("the owner's lab is %s", report.State)
	}
	return cmd, report
}

func TestFailedStartTellsWhy(t *testing.T) {
	skipShort(t)
	dir := filepath.Join(t.TempDir(), "lab")
	var progress bytes.Buffer
	l, err := Up(t.Context(), Options{
		Name: "fails-" + fmt.Sprint(os.Getpid()), Dir: dir, Progress: &progress, APIServerFlags: []string{"--no-such-flag"},
	})
	if err == nil {
		down(t, l)
		t.Fatal("a wrong flag was accepted")
	}
	t.Cleanup(func() { removeFailed(t, "fails-"+fmt.Sprint(os.Getpid())) })
	failure, ok := errors.AsType[*ComponentError](err)
	if !ok {
		t.Fatalf("Up() = %v, want a ComponentError", err)
	}
	if failure.Cluster != "host" || failure.Component != APIServer || !strings.Contains(failure.LogTail, "no-such-flag") {
		t.Errorf("Up() = %+v", failure)
	}
	if _, err := os.Stat(failure.LogPath); err != nil {
		t.Errorf("the error names a log that is not there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "host", etcdDir)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the data of a failed lab is kept (%v)", err)
	}
	if progress.Len() == 0 {
		t.Error("there was no progress")
	}
}

func TestGivingUpLeavesNothing(t *testing.T) {
	skipShort(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	name := "given-up-" + fmt.Sprint(os.Getpid())
	l, err := Up(ctx, Options{Name: name, Progress: cancelOnStart{cancel}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Up() = %v, %v", l, err)
	}
	reg, err := openRegistry()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reg.Load(name); !errors.Is(err, ErrNotFound) {
		t.Errorf("the lab is still known (%v)", err)
	}
	checkGone(t, name, reg.DefaultDir(name), nil)
}

// cancelOnStart gives up as soon as the first cluster starts.
type cancelOnStart struct{ cancel context.CancelFunc }

func (c cancelOnStart) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "starting") {
		c.cancel()
	}
	return len(p), nil
}

func removeFailed(t *testing.T, name string) {
	reg, err := openRegistry()
	if err != nil {
		t.Fatal(err)
	}
	state, err := reg.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range state.Refs() {
		if ref.Alive() {
			t.Errorf("process %d (%s) of a failed lab lives on", ref.PID, ref.Program)
		}
	}
	if err := reg.Destroy(context.WithoutCancel(t.Context()), name); err != nil {
		t.Error(err)
	}
}

func up(t *testing.T, opts Options) *Lab {
	t.Helper()
	skipShort(t)
	opts.Progress = testWriter{t}
	l, err := Up(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { down(t, l) })
	return l
}

func down(t *testing.T, l *Lab) {
	t.Helper()
	if err := l.Down(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

func skipShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs clusters")
	}
}

func allRefs(t *testing.T, l *Lab) []process.Ref {
	t.Helper()
	state, err := l.registry.Load(l.name)
	if err != nil {
		t.Fatal(err)
	}
	return state.Refs()
}

func checkGone(t *testing.T, name, dir string, refs []process.Ref) {
	t.Helper()
	for _, ref := range refs {
		if ref.Alive() {
			t.Errorf("process %d (%s) lives on", ref.PID, ref.Program)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("directory %s is still there (%v)", dir, err)
	}
	if _, err := Open(name); !errors.Is(err, ErrNotFound) {
		t.Errorf("Open(%q) = %v, want %v", name, err, ErrNotFound)
	}
}

func status(t *testing.T, c *Cluster) Status {
	t.Helper()
	s, err := c.Status()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wantState also checks that the numbers are there when they should be. A signal takes effect a moment after it was
// sent.
func wantState(t *testing.T, c *Cluster, want ClusterState) {
	t.Helper()
	eventually(t, c.Name+" is "+string(want), func() bool { return status(t, c).State == want })
	if s := status(t, c); (s.Memory() > 0) != (want != Stopped) {
		t.Errorf("%s: %+v", c.Name, s)
	}
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited 30s in vain until %s", what)
		}
	}
}

// testWriter writes progress to the test's log.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}
