package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/fedsync/fedsync/lab"
	"github.com/fedsync/fedsync/lab/daemon"
	"github.com/fedsync/fedsync/lab/federation"
	"github.com/fedsync/fedsync/lab/simfleet"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/fedsync/fedsync/test/measure"
)

// namespace holds all objects.
const namespace = "scale"

// pprofAddress is where the daemon serves its heap profile.
const pprofAddress = "127.0.0.1:16061"

var (
	namespaces          = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	federatedNamespaces = schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatednamespaces"}
	federatedConfigMaps = schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedconfigmaps"}
)

// world is a host, a fleet and a daemon.
type world struct {
	options  options
	began    time.Time
	lab      *lab.Lab
	host     dynamic.Interface
	process  *exec.Cmd // of the fleet
	fleet    simfleet.Endpoint
	daemon   *daemon.Process
	findings []finding
	machine  string // as it was at the beginning
}

func bringUp(ctx context.Context, o options) (*world, error) {
	w := &world{options: o, began: time.Now(), machine: measure.Machine()}
	var err error
	if w.lab, err = lab.Up(ctx, lab.Options{Progress: os.Stderr}); err != nil {
		return nil, err
	}
	if err := w.prepare(ctx); err != nil {
		w.takeDown(context.WithoutCancel(ctx))
		return nil, err
	}
	return w, nil
}

func (w *world) takeDown(ctx context.Context) {
	if w.daemon != nil {
		w.daemon.Kill()
	}
	if w.process != nil {
		_ = w.process.Process.Kill() // it keeps nothing
		_ = w.process.Wait()         // as above
	}
	if err := w.lab.Down(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// prepare installs two types, for scenario metrics all that members serve: each costs a watch in every member.
func (w *world) prepare(ctx context.Context) error {
	host := w.lab.Host().RESTConfig()
	charts := filepath.Join(w.options.repository, "charts", "fedsync")
	types := []string{filepath.Join(charts, "types", "namespaces.yaml"), filepath.Join(charts, "types", "configmaps.yaml")}
	if w.options.scenario == scenarioMetrics {
		types = []string{filepath.Join(charts, "types")}
	}
	if err := federation.Install(ctx, host, append(types, filepath.Join(charts, "crds"))...); err != nil {
		return err
	}
	if w.options.scenario == scenarioMetrics {
		if err := federation.Apply(ctx, host, moreTypes()); err != nil {
			return err
		}
	}
	var err error
	if w.host, err = dynamic.NewForConfig(host); err != nil {
		return err
	}
	spare := map[string]int{"join": newcomers, scenarioMetrics: replaced(w.options.members)}[w.options.scenario]
	return w.startFleet(ctx, w.options.members+spare)
}

func (w *world) startFleet(ctx context.Context, members int) error {
	w.process = exec.CommandContext(ctx, w.options.simfleet, fmt.Sprintf("--members=%d", members))
	w.process.Stderr = os.Stderr
	out, err := w.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := w.process.Start(); err != nil {
		return fmt.Errorf("start the fleet: %w", err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("start the fleet: %w", err)
	}
	return json.Unmarshal(line, &w.fleet)
}

// register makes the members known to the host.
func (w *world) register(ctx context.Context, members ...string) error {
	return w.fleet.Register(ctx, w.lab.Host().RESTConfig(), map[string]string{"tier": "production"}, members...)
}

// startDaemon starts fedsyncd and waits until it calls all members ready.
func (w *world) startDaemon(ctx context.Context, members ...string) error {
	if err := w.launch(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, w.options.patience)
	defer cancel()
	return federation.WaitReady(ctx, w.lab.Host().RESTConfig(), members...)
}

func (w *world) launch(ctx context.Context) error {
	var err error
	w.daemon, err = daemon.Start(ctx, daemon.Options{
		Binary: w.options.fedsyncd, Kubeconfig: w.lab.Kubeconfig(), Log: filepath.Join(w.lab.Dir(), "fedsyncd.log"),
		Args: []string{"--pprof-addr=" + pprofAddress},
	})
	return err
}

// makeNamespace makes the federated namespace and waits until every member has it.
func (w *world) makeNamespace(ctx context.Context, members int) error {
	before, err := w.applies(ctx, "namespaces")
	if err != nil {
		return err
	}
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace}}}
	if _, err := w.host.Resource(namespaces).Create(ctx, o, metav1.CreateOptions{}); err != nil {
		return err
	}
	o = &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "types.kubefed.io/v1beta1", "kind": "FederatedNamespace", "metadata": map[string]any{"name": namespace},
		"spec": map[string]any{"placement": everywhere()},
	}}
	if _, err := w.host.Resource(federatedNamespaces).Namespace(namespace).Create(ctx, o, metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err = w.awaitApplies(ctx, "namespaces", before+members)
	return err
}

func everywhere() map[string]any {
	return map[string]any{"clusterSelector": map[string]any{"matchLabels": map[string]any{"tier": "production"}}}
}

// inFlight is how many requests of the user are under way.
const inFlight = 16

// createAll creates the objects.
func (w *world) createAll(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for i := range w.options.objects {
		group.Go(func() error {
			o := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "types.kubefed.io/v1beta1", "kind": "FederatedConfigMap", "metadata": map[string]any{"name": nameOf(i)},
				"spec": map[string]any{"placement": everywhere(), "template": map[string]any{"data": map[string]any{"value": "0", "payload": payload}}},
			}}
			_, err := w.host.Resource(federatedConfigMaps).Namespace(namespace).Create(ctx, o, metav1.CreateOptions{})
			return err
		})
	}
	return group.Wait()
}

const payload = "some configuration that is about as long as a line of a real file, to be carried to every member"

func nameOf(i int) string { return fmt.Sprintf("o%d", i) }

func (w *world) edit(ctx context.Context, name, value string) error {
	patch := fmt.Appendf(nil, `{"spec":{"template":{"data":{"value":%q}}}}`, value)
	_, err := w.host.Resource(federatedConfigMaps).Namespace(namespace).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// applies counts the applies that the members have served.
func (w *world) applies(ctx context.Context, resource string) (int, error) {
	c, err := w.fleet.Counts(ctx, "")
	return c.Requests["APPLY "+resource], err
}

// manyApplies take so long that a tenth of a second does not matter.
const manyApplies = 2000

// awaitApplies waits until that many were served, and returns when that was seen.
func (w *world) awaitApplies(ctx context.Context, resource string, count int) (time.Time, error) {
	// To look costs the machine something too: what lasts long is looked at rarely.
	look := 2 * time.Millisecond
	if have, err := w.applies(ctx, resource); err != nil {
		return time.Time{}, err
	} else if count-have > manyApplies {
		look = 100 * time.Millisecond
	}
	expired := time.NewTimer(w.options.patience)
	defer expired.Stop()
	tick := time.NewTicker(look)
	defer tick.Stop()
	told := time.Now()
	for {
		served, err := w.applies(ctx, resource)
		if err != nil || served >= count {
			return time.Now(), err
		}
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			w.sayf("… %d of %d %s", served, count, resource)
		}
		select {
		case <-tick.C:
		case <-expired.C:
			return time.Time{}, fmt.Errorf("only %d of %d %s after %s", served, count, resource, w.options.patience)
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}

// awaitSettled waits until the host calls every object propagated in its present generation.
func (w *world) awaitSettled(ctx context.Context, members int) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, w.options.patience)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		list, err := w.host.Resource(federatedConfigMaps).Namespace(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return time.Time{}, err
		}
		left := 0
		for i := range list.Items {
			if !settled(&list.Items[i], members) {
				left++
			}
		}
		if left == 0 {
			return time.Now(), nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return time.Time{}, errors.Join(fmt.Errorf("%d objects are not settled", left), ctx.Err())
		}
	}
}

func settled(o *unstructured.Unstructured, members int) bool {
	observed, _, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration")
	clusters, _, _ := unstructured.NestedSlice(o.Object, "status", "clusters")
	for _, c := range clusters {
		if entry, ok := c.(map[string]any); !ok || entry["status"] != nil {
			return false
		}
	}
	return observed == o.GetGeneration() && len(clusters) == members
}
