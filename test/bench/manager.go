package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/fedsync/fedsync/lab/daemon"
	"github.com/fedsync/fedsync/lab/federation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// contestant is what is measured: a manager, or the bare client, which is none.
type contestant struct {
	name string
	// binary is the manager's; empty for the bare client.
	binary string
	// ready is a path of its health address, see daemon.Options.
	ready string
	// reconciles is KubeFed's setting maxConcurrentReconciles.
	reconciles int
	// patience is how long a phase may take.
	patience time.Duration
	// latencies is how many single edits and drifts are timed.
	latencies int
}

func (c contestant) isBare() bool { return c.binary == "" }

func (w *world) contestants() (inTurn, peers []contestant, err error) {
	ours := contestant{name: fedsync, binary: w.options.fedsyncd, reconciles: 1, patience: 2 * time.Minute, latencies: w.options.latencies}
	inTurn = []contestant{{name: "limit", patience: 2 * time.Minute, latencies: w.options.latencies}, ours}
	if w.options.base != "" {
		base := ours
		base.name, base.binary = "base", w.options.base
		inTurn = append(inTurn, base)
	}
	if w.options.peer == "" {
		return inTurn, nil, nil
	}
	// KubeFed's program takes the name it is called by for the part that it plays.
	binary, err := filepath.Abs(w.options.hyperfed)
	if err != nil {
		return nil, nil, err
	}
	link := filepath.Join(w.lab.Dir(), "controller-manager")
	if err := os.Symlink(binary, link); err != nil {
		return nil, nil, fmt.Errorf("name KubeFed's manager: %w", err)
	}

	peers = []contestant{
		{name: "kubefed", binary: link, ready: "/healthz", reconciles: 1, patience: longPatience, latencies: peerLatencies},
		{name: "kubefed-10", binary: link, ready: "/healthz", reconciles: 10, patience: longPatience, latencies: peerLatencies},
	}
	return inTurn, peers, nil
}

// fedsync is the name of our contestant.
const fedsync = "fedsync"

// longPatience is how long a phase of KubeFed may take.
const longPatience = 10 * time.Minute

// peerLatencies is how many drifts of KubeFed's copies are timed, each of which takes ten seconds.
const peerLatencies = 10

var (
	kubeFedConfigs  = schema.GroupVersionResource{Group: "core.kubefed.io", Version: "v1beta1", Resource: "kubefedconfigs"}
	kubeFedClusters = schema.GroupVersionResource{Group: "core.kubefed.io", Version: "v1beta1", Resource: "kubefedclusters"}
	secrets         = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
)

// manager is a running contestant.
type manager struct {
	process *daemon.Process
	pprof   string // address of its profiles, if it serves any
}

func (m *manager) pid() int {
	if m == nil {
		return 0
	}
	return m.process.PID()
}

// start starts the contestant's manager and waits until it says that the members are ready.
func (w *world) start(ctx context.Context, c contestant) (*manager, error) {
	if c.isBare() {
		return nil, nil //nolint:nilnil // the bare client is no process
	}
	patch := fmt.Sprintf(`{"spec":{"syncController":{"maxConcurrentReconciles":%d}}}`, c.reconciles)
	if _, err := w.host.Resource(kubeFedConfigs).Namespace(federation.Namespace).Patch(ctx, "kubefed", types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		return nil, fmt.Errorf("configure %s: %w", c.name, err)
	}
	m, err := w.launch(ctx, c)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	names := make([]string, 0, len(w.members))
	for _, member := range w.members {
		names = append(names, member.name)
	}
	if err := federation.WaitReady(ctx, w.lab.Host().RESTConfig(), names...); err != nil {
		m.process.Kill()
		return nil, fmt.Errorf("start %s: %w\n%s", c.name, err, m.process.LogTail())
	}
	return m, nil
}

func (w *world) launch(ctx context.Context, c contestant) (*manager, error) {
	m := &manager{}
	args := []string{"--kubefed-namespace=" + federation.Namespace}
	if w.options.profiles != "" && c.name == fedsync {
		m.pprof = profileAddress
		args = append(args, "--pprof-addr="+profileAddress)
	}
	var err error
	m.process, err = daemon.Start(ctx, daemon.Options{
		Binary: c.binary, Kubeconfig: w.lab.Kubeconfig(), Log: filepath.Join(w.lab.Dir(), c.name+".log"), ReadyPath: c.ready, Args: args,
	})
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	return m, nil
}

// stop ends the manager in order. KubeFed's own ends with status 1 even if it was asked to.
func (m *manager) stop() error {
	if m == nil {
		return nil
	}
	if !m.process.Running() {
		return fmt.Errorf("it ended by itself:\n%s", m.process.LogTail())
	}
	_, err := m.process.Stop()
	if _, byItself := errors.AsType[*exec.ExitError](err); byItself {
		return nil
	}
	return err
}
