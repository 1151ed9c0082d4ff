package build

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/fedsync/fedsync/lab/internal/filelock"
)

// The components, which are also the names of their programs.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
)

var components = []string{Etcd, APIServer, ControllerManager}

// CacheDir is the directory that keeps what labs need: FEDSYNC_LAB_CACHE, or fedsync-lab in the user's cache
// directory.
func CacheDir() (string, error) {
	if dir := os.Getenv("FEDSYNC_LAB_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find cache directory (FEDSYNC_LAB_CACHE sets another one): %w", err)
	}
	return filepath.Join(dir, "fedsync-lab"), nil
}

// Ensure returns the directory of the programs, after building them if they are not there. It writes to progress only
// when it has to build or wait.
func Ensure(ctx context.Context, progress io.Writer) (string, error) {
	src, err := findSource()
	if err != nil {
		return "", err
	}
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, src.key())
	bin := filepath.Join(home, "bin")
	if exists(bin) {
		return bin, nil
	}
	if err := os.MkdirAll(home, 0o755); err != nil {
		return "", fmt.Errorf("make cache directory: %w", err)
	}
	unlock, err := filelock.Lock(ctx, filepath.Join(home, "lock"), func() {
		fmt.Fprintln(progress, "waiting: another process builds the components (8 to 10 minutes)")
	})
	if err != nil {
		return "", fmt.Errorf("wait for the build of the components: %w", err)
	}
	defer unlock()
	if exists(bin) { // the other process was successful
		return bin, nil
	}
	return bin, buildAll(ctx, src, bin, progress)
}

// buildAll builds beside bin and renames, so that bin is complete whenever it exists.
func buildAll(ctx context.Context, src source, bin string, progress io.Writer) error {
	fmt.Fprintf(progress, "building Kubernetes %s and etcd %s into %s: once, 8 to 10 minutes on two cores\n",
		src.kubernetes, src.etcd, bin)
	tmp, err := os.MkdirTemp(filepath.Dir(bin), "build-") // unique: compilers of a killed build may still write to theirs
	if err != nil {
		return fmt.Errorf("make build directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	for i, component := range components {
		label := fmt.Sprintf("building %s (%d of %d)", component, i+1, len(components))
		stop := report(progress, label)
		err := buildOne(ctx, src, component, tmp)
		stop()
		if err != nil {
			return err
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return fmt.Errorf("keep the built components: %w", err)
	}
	if err := os.Rename(tmp, bin); err != nil {
		return fmt.Errorf("keep the built components: %w", err)
	}
	return nil
}

func buildOne(ctx context.Context, src source, component, out string) error {
	goCmd, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("build %s from source: the go command is needed: %w", component, err)
	}
	cmd := exec.CommandContext(ctx, goCmd, src.goArgs(component, filepath.Join(out, component))...)
	cmd.Dir = src.dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that Cancel reaches the compilers too
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("build %s: %w", component, context.Cause(ctx))
		}
		return fmt.Errorf("build %s in %s: %w\n%s", component, src.dir, err, bytes.TrimSpace(output.Bytes()))
	}
	return nil
}

// report writes a line at once and then every half minute, until stop is called, which writes the time it took.
func report(w io.Writer, label string) (stop func()) {
	start := time.Now()
	elapsed := func() time.Duration { return time.Since(start).Round(time.Second) }
	fmt.Fprintf(w, "%s ...\n", label)
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(30 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				fmt.Fprintf(w, "%s ... %s\n", label, elapsed())
			case <-quit:
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-done
		fmt.Fprintf(w, "%s: %s\n", label, elapsed())
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
