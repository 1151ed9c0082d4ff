package takeover

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab"
	"github.com/fedsync/fedsync/lab/federation"
)

// namespace is the federated namespace that the fleet lives in.
const namespace = "shop"

// The KubeFedConfig's words on KubeFed's lock.
const (
	leaseDuration = 15 * time.Second
	retryPeriod   = 5 * time.Second
)

// world is a lab with a federation, and the manager that keeps it at the time.
type world struct {
	root, fedsyncd, hyperfed, chart, logs string

	lab     *lab.Lab
	host    cluster
	members map[string]cluster
	manager *manager // nil if none
	waiting *manager // a second one that waits for the first to end

	// before and after are what the members held when fedsyncd took over: as KubeFed left it, and once all was settled.
	before, after snapshot
	cost          counts // of the first takeover
}

// bringUp makes the federation, without a manager, until the end of the test.
func bringUp(t *testing.T) *world {
	t.Helper()
	w := &world{fedsyncd: os.Getenv("FEDSYNCD"), hyperfed: os.Getenv("HYPERFED"), chart: os.Getenv("KUBEFED_CHART"), logs: os.Getenv("TAKEOVER_LOGS")}
	if w.fedsyncd == "" || w.hyperfed == "" || w.chart == "" {
		t.Fatal("FEDSYNCD, HYPERFED and KUBEFED_CHART must be set; `make takeover` does")
	}
	if w.logs == "" {
		w.logs = t.TempDir()
	}
	var err error
	if w.root, err = filepath.Abs(filepath.Join("..", "..")); err != nil {
		t.Fatal(err)
	}
	if w.lab, err = lab.Up(t.Context(), lab.Options{Members: 2, Progress: os.Stderr}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.lab.Down(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { w.waiting.kill(); w.manager.kill() })
	if err := w.federate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// federate installs KubeFed's own CRDs, the ten types and a configuration, and joins the members, each with labels.
func (w *world) federate(ctx context.Context) error {
	host := w.lab.Host().RESTConfig()
	err := federation.Install(ctx, host, filepath.Join(w.chart, "charts", "controllermanager", "crds"), filepath.Join(w.chart, "crds"),
		filepath.Join(w.root, "charts", "fedsync", "types"))
	if err != nil {
		return err
	}
	if err := federation.Apply(ctx, host, federation.KubeFedConfig(federation.Namespace, "Cluster", false)); err != nil {
		return err
	}
	if w.host, err = connect(host, namespace); err != nil {
		return err
	}
	w.members = map[string]cluster{}
	for i, m := range w.lab.Members() {
		err := federation.Join(ctx, federation.JoinOptions{
			Host: host, Member: m.RESTConfig(), Name: m.Name, Labels: map[string]string{"region": []string{"east", "west"}[i]},
		})
		if err != nil {
			return err
		}
		if w.members[m.Name], err = connect(m.RESTConfig(), namespace); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) waitMembersReady(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := federation.WaitReady(ctx, w.lab.Host().RESTConfig(), "member1", "member2"); err != nil {
		t.Fatalf("%v\n%s", err, w.lastWords())
	}
}
