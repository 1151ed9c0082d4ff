package install

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fedsync/fedsync/lab/daemon"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

func freePort(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "", err
	}
	return port, l.Close()
}

// local has the addresses of a pod's arguments on loopback, at ports that are free here.
func (w *world) local(args []string) (changed []string) {
	for _, arg := range args {
		switch name, _, _ := strings.Cut(arg, "="); name {
		case "--metrics-addr", "--healthz-addr": // the lab gives them
		case "--webhook-addr":
			changed = append(changed, "--webhook-addr=127.0.0.1:"+w.port)
		default:
			changed = append(changed, arg)
		}
	}
	return changed
}

// start runs fedsyncd as a pod of the chart's Deployment would, in place of the one that ran before.
func (w *world) start(t *testing.T) {
	t.Helper()
	w.stop(t)
	deployment, err := w.host.AppsV1().Deployments(w.namespace).Get(t.Context(), "fedsyncd", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod := deployment.Spec.Template.Spec
	kubeconfig, err := w.asAccount(t.Context(), pod.ServiceAccountName)
	if err != nil {
		t.Fatal(err)
	}
	w.daemon, err = daemon.Start(context.WithoutCancel(t.Context()), daemon.Options{
		Binary: w.tool["FEDSYNCD"], Kubeconfig: kubeconfig, Log: filepath.Join(w.lab.Dir(), "fedsyncd.log"), Args: w.local(pod.Containers[0].Args),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// stop ends fedsyncd, if it runs.
func (w *world) stop(t *testing.T) {
	t.Helper()
	if w.daemon == nil || !w.daemon.Running() {
		return
	}
	if _, err := w.daemon.Stop(); err != nil {
		t.Error(err)
	}
}

// runPods runs the pods of Jobs until the context ends: each one's program with its arguments and the token of its ServiceAccount. Errors are
// sent to the channel.
func (w *world) runPods(ctx context.Context, trouble chan<- error) {
	pods := w.host.CoreV1().Pods(namespace)
	events, err := pods.Watch(ctx, metav1.ListOptions{LabelSelector: "batch.kubernetes.io/job-name"})
	if err != nil {
		trouble <- err
		return
	}
	defer events.Stop()
	ran := map[string]bool{}
	for event := range events.ResultChan() {
		pod, ok := event.Object.(*corev1.Pod)
		if !ok || event.Type == watch.Deleted || ran[string(pod.UID)] {
			continue
		}
		ran[string(pod.UID)] = true
		if err := w.runPod(ctx, pod); err != nil {
			trouble <- fmt.Errorf("pod %s: %w", pod.Name, err)
		}
	}
}

func (w *world) runPod(ctx context.Context, pod *corev1.Pod) error {
	kubeconfig, err := w.asAccount(ctx, pod.Spec.ServiceAccountName)
	if err != nil {
		return err
	}
	container := pod.Spec.Containers[0]
	cmd := exec.CommandContext(ctx, w.tool["FEDSYNCD"], slices.Concat(container.Args, []string{"--kubeconfig", kubeconfig})...)
	out, err := cmd.CombinedOutput()
	phase, code := corev1.PodSucceeded, int32(0)
	if err != nil {
		phase, code = corev1.PodFailed, 1
		err = fmt.Errorf("%w: %s", err, out)
	}
	pod = pod.DeepCopy()
	pod.Status.Phase = phase
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: container.Name, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, FinishedAt: metav1.Now()}},
	}}
	if _, wrong := w.host.CoreV1().Pods(namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{}); wrong != nil {
		return wrong
	}
	return err
}
