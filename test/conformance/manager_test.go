package conformance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fedsync/fedsync/lab/daemon"
)

// manager is a program that keeps a federation.
type manager struct {
	binary string
	// args are its flags wherever it runs; quiet those that keep it off ports, for what the suite starts itself.
	args, quiet []string
	// ready is a path of its health address, see daemon.Options.
	ready string
	// answers tells that it is a webhook too.
	answers bool
}

func fedsyncd(binary string) manager {
	return manager{
		binary: binary,
		args:   []string{"--propagated-versions"},
		quiet:  []string{"--metrics-addr=0", "--healthz-addr=0"}, answers: true,
	}
}

// kubefed is KubeFed's own manager. Its program takes the name it is called by for the part that it plays.
func kubefed(t *testing.T, hyperfed string) manager {
	t.Helper()
	link := filepath.Join(t.TempDir(), "controller-manager")
	if err := os.Symlink(hyperfed, link); err != nil {
		t.Fatal(err)
	}
	return manager{
		binary: link,
		quiet:  []string{"--metrics-addr=127.0.0.1:0", "--healthz-addr=127.0.0.1:0"},
		ready:  "/healthz",
	}
}

// start starts the manager of a federation in a namespace of the host, until the end of the test.
func (m manager) start(t *testing.T, kubeconfig, namespace, log string, more ...string) {
	t.Helper()
	process, err := daemon.Start(context.WithoutCancel(t.Context()), daemon.Options{
		Binary: m.binary, Kubeconfig: kubeconfig, Log: log, ReadyPath: m.ready,
		Args: slices.Concat([]string{"--kubefed-namespace=" + namespace}, m.args, more),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !process.Running() {
			t.Error("the manager ended before the suite")
		}
		if t.Failed() {
			t.Logf("the end of %s:\n%s", log, process.LogTail())
		}
		process.Kill()
	})
}

// directory makes a directory with a program controller-manager, as the suite looks for it: the manager, with the flags
// that let several of them run on one machine. The shell makes way for it, so that a signal reaches the manager.
func (m manager) directory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' \"$@\" %s\n", m.binary, strings.Join(append(m.quiet, m.args...), " "))
	if err := os.WriteFile(filepath.Join(dir, "controller-manager"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
