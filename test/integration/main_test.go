package integration

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/fedsync/fedsync/lab"
	"github.com/fedsync/fedsync/lab/federation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// fleet is what all tests share. Tests run one after another: some stop members or the daemon.
var fleet *environment

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx := context.Background()
	var err error
	if fleet, err = setUp(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "set up:", err)
		return 1
	}
	defer fleet.tearDown(ctx)
	return m.Run()
}

const members = 3

func setUp(ctx context.Context) (*environment, error) {
	e := &environment{root: repository(), binary: os.Getenv("FEDSYNCD"), raceBinary: os.Getenv("FEDSYNCD_RACE")}
	if e.binary == "" || e.raceBinary == "" {
		return nil, fmt.Errorf("FEDSYNCD and FEDSYNCD_RACE must name the binaries; `make integration` builds them")
	}
	var err error
	if e.lab, err = lab.Up(ctx, lab.Options{Members: members, Progress: os.Stderr}); err != nil {
		return nil, err
	}
	if err := e.federate(ctx); err != nil {
		e.tearDown(ctx)
		return nil, err
	}
	return e, nil
}

// federate installs what the daemon needs, and joins the members while it runs.
func (e *environment) federate(ctx context.Context) error {
	charts := filepath.Join(e.root, "charts", "fedsync")
	if err := federation.Install(ctx, e.lab.Host().RESTConfig(), filepath.Join(charts, "crds"), filepath.Join(charts, "types")); err != nil {
		return err
	}
	if err := e.connect(); err != nil {
		return err
	}
	if err := e.writeConfig(ctx); err != nil {
		return err
	}
	if err := e.startDaemon(ctx, e.raceBinary); err != nil {
		return err
	}
	names := []string{}
	for i, m := range e.lab.Members() {
		err := federation.Join(ctx, federation.JoinOptions{
			Host: e.lab.Host().RESTConfig(), Member: m.RESTConfig(), Name: m.Name,
			Labels: map[string]string{"tier": "production", "index": fmt.Sprint(i + 1)},
		})
		if err != nil {
			return err
		}
		names = append(names, m.Name)
	}
	return federation.WaitReady(ctx, e.lab.Host().RESTConfig(), names...)
}

// writeConfig makes the KubeFedConfig that tests change while the daemon runs.
func (e *environment) writeConfig(ctx context.Context) error {
	config := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "core.kubefed.io/v1beta1", "kind": "KubeFedConfig",
		"metadata": map[string]any{"name": "kubefed"}, "spec": map[string]any{"scope": "Cluster"},
	}}
	_, err := e.host.Resource(kinds["kubefedconfig"]).Namespace(federation.Namespace).Create(ctx, config, metav1.CreateOptions{})
	return err
}

// repository returns the root of the repository, two directories up from this package.
func repository() string {
	wd, err := os.Getwd()
	if err != nil {
		return "../.."
	}
	return filepath.Join(wd, "..", "..")
}
