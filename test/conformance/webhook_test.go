package conformance

import (
	"context"
	"net"
	"os/exec"
	"testing"

	"github.com/fedsync/fedsync/lab"
	"github.com/fedsync/fedsync/lab/federation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// installWebhook has the host ask the manager, by the configuration that the chart makes, for the time of the test. It returns the flags that
// let the manager answer. In a lab there are no Services: the host asks an address on loopback.
func (s settings) installWebhook(t *testing.T, l *lab.Lab, p plane) (flags []string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	rendered, err := exec.CommandContext(t.Context(), s.helm, "template", "fedsync", s.charts, "--namespace", p.namespace, "--show-only", "templates/webhook.yaml",
		"--set", "webhook.url=https://"+address+",global.scope="+p.scope+",webhook.failurePolicy=Fail").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, rendered)
	}
	host := l.Host().RESTConfig()
	if err := federation.Apply(t.Context(), host, rendered); err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(host)
	if err != nil {
		t.Fatal(err)
	}
	name := "fedsyncd"
	if p.scope == "Namespaced" {
		name += "-" + p.namespace
	}
	t.Cleanup(func() {
		ctx, configurations := context.WithoutCancel(t.Context()), client.AdmissionregistrationV1()
		if err := configurations.ValidatingWebhookConfigurations().Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		if err := configurations.MutatingWebhookConfigurations().Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return []string{"--webhook-addr=" + address, "--webhook-names=127.0.0.1", "--webhook-configuration=" + name}
}
