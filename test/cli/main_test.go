package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab"
	"github.com/fedsync/fedsync/lab/daemon"
	"github.com/fedsync/fedsync/lab/federation"
	"k8s.io/client-go/dynamic"
)

const members = 3

// world is what all scripts share.
type world struct {
	lab      *lab.Lab
	daemon   *daemon.Process
	clusters map[string]dynamic.Interface
	// plugin is the directory that the plugin lies in under all of its names.
	plugin string
}

// fleet is set up by TestMain.
var fleet *world

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx := context.Background()
	var err error
	fleet, err = setUp(ctx)
	if fleet != nil {
		defer fleet.tearDown(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "set up:", err)
		return 1
	}
	return m.Run()
}

func setUp(ctx context.Context) (*world, error) {
	binary, plugin := os.Getenv("FEDSYNCD"), os.Getenv("KUBECTL_FED")
	if binary == "" || plugin == "" {
		return nil, errors.New("FEDSYNCD and KUBECTL_FED must name the binaries; `make cli` builds them")
	}
	w := &world{clusters: map[string]dynamic.Interface{}, plugin: filepath.Dir(plugin)}
	var err error
	if w.lab, err = lab.Up(ctx, lab.Options{Members: members, Progress: os.Stderr}); err != nil {
		return nil, err
	}
	for _, c := range w.lab.Clusters() {
		if w.clusters[c.Name], err = dynamic.NewForConfig(c.RESTConfig()); err != nil {
			return w, err
		}
	}
	charts := filepath.Join("..", "..", "charts", "fedsync")
	if err := federation.Install(ctx, w.lab.Host().RESTConfig(), filepath.Join(charts, "crds"), filepath.Join(charts, "types")); err != nil {
		return w, err
	}
	w.daemon, err = daemon.Start(ctx, daemon.Options{
		Binary: binary, Kubeconfig: w.lab.Kubeconfig(), Log: filepath.Join(w.lab.Dir(), "fedsyncd.log"), Args: []string{"-v=1"},
	})
	if err != nil {
		return w, err
	}
	return w, w.join(ctx, "member1", "member2")
}

// join registers members with the plugin, as a person would.
func (w *world) join(ctx context.Context, names ...string) error {
	for _, name := range names {
		join := exec.CommandContext(ctx, filepath.Join(w.plugin, "kubectl-fed"), "join", name, "--kubeconfig", w.lab.Kubeconfig(), "--context", "host", "--labels", "tier=production")
		if said, err := join.CombinedOutput(); err != nil {
			return fmt.Errorf("join %s: %w\n%s", name, err, said)
		}
	}
	waiting, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return federation.WaitReady(waiting, w.lab.Host().RESTConfig(), names...)
}

func (w *world) tearDown(ctx context.Context) {
	if w.daemon != nil {
		if _, err := w.daemon.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	if keep := os.Getenv("FEDSYNC_KEEP_LOG"); keep != "" {
		if log, err := os.ReadFile(filepath.Join(w.lab.Dir(), "fedsyncd.log")); err == nil {
			_ = os.WriteFile(keep, log, 0o600)
		}
	}
	if err := w.lab.Down(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
