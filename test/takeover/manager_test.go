package takeover

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/daemon"
	"github.com/fedsync/fedsync/lab/federation"
)

// manager is a running KubeFed controller manager or fedsyncd.
type manager struct {
	*daemon.Process

	log     string
	started time.Time
}

// startKubeFed starts KubeFed's controller manager, which takes the name it is called by for the part that it plays.
func (w *world) startKubeFed(t *testing.T) {
	t.Helper()
	link := filepath.Join(t.TempDir(), "controller-manager")
	if err := os.Symlink(w.hyperfed, link); err != nil {
		t.Fatal(err)
	}
	w.manager = w.start(t, daemon.Options{Binary: link, ReadyPath: "/healthz"})
}

func (w *world) startFedsyncd(t *testing.T) *manager {
	t.Helper()
	return w.start(t, daemon.Options{Binary: w.fedsyncd, Args: []string{"-v=1", "--propagated-versions"}})
}

// start gives each run a log of its own.
func (w *world) start(t *testing.T, o daemon.Options) *manager {
	t.Helper()
	o.Kubeconfig = w.lab.Kubeconfig()
	o.Args = append(o.Args, "--kubefed-namespace="+federation.Namespace)
	log, err := os.CreateTemp(w.logs, filepath.Base(o.Binary)+"-*.log")
	if err == nil {
		o.Log, err = log.Name(), log.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	m := &manager{log: o.Log, started: time.Now()}
	if m.Process, err = daemon.Start(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return m
}

// stop ends the manager in order. KubeFed's own ends with status 1 even if it was asked to.
func (w *world) stop(t *testing.T) {
	t.Helper()
	if !w.manager.Running() {
		t.Fatalf("the manager ended by itself\n%s", w.lastWords())
	}
	_, err := w.manager.Stop()
	if _, byItself := errors.AsType[*exec.ExitError](err); err != nil && !(byItself && w.manager.logged("lost lease")) {
		t.Fatal(err)
	}
	w.manager = nil
}

// kill ends the manager if there is one.
func (m *manager) kill() {
	if m != nil && m.Process != nil {
		m.Kill()
	}
}

// logged tells whether the log holds the text.
func (m *manager) logged(text string) bool {
	log, err := os.ReadFile(m.log)
	return err == nil && strings.Contains(string(log), text)
}

// awaitLog waits for a text in the log.
func (w *world) awaitLog(t *testing.T, m *manager, timeout time.Duration, text string) time.Duration {
	t.Helper()
	return w.eventually(t, timeout, fmt.Sprintf("%s says %q", filepath.Base(m.log), text), func() string {
		if !m.logged(text) {
			return "it does not"
		}
		return ""
	})
}

// lastWords is the end of the managers' logs.
func (w *world) lastWords() string {
	words := ""
	for _, m := range []*manager{w.manager, w.waiting} {
		if m != nil {
			words += fmt.Sprintf("the last words of %s:\n%s\n", m.log, m.LogTail())
		}
	}
	return words
}
