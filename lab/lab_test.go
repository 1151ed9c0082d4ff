package lab

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

var (
	configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
)

// TestLab walks one lab through its life; each step finds what the one before has left.
func TestLab(t *testing.T) {
	l := up(t, Options{Members: 1})
	refs := allRefs(t, l)
	t.Run("clusters are named and running", func(t *testing.T) { checkClusters(t, l) })
	t.Run("the server proves who it is", func(t *testing.T) { checkTLS(t, l) })
	t.Run("the server asks for a token", func(t *testing.T) { checkTokens(t, l.Host()) })
	t.Run("the kubeconfig leads to each cluster", func(t *testing.T) { checkKubeconfig(t, l) })
	t.Run("metrics count writes", func(t *testing.T) { checkMetrics(t, l.Host()) })
	t.Run("the controller manager ends namespaces", func(t *testing.T) { checkNamespaceEnds(t, l.Host()) })
	t.Run("a paused cluster is silent until it resumes", func(t *testing.T) { checkPause(t, l.Members()[0]) })
	t.Run("a killed cluster keeps its data", func(t *testing.T) { checkKill(t, l.Members()[0]) })
	t.Run("a crashed component is replaced", func(t *testing.T) { checkCrash(t, l.Members()[0]) })
	t.Run("another handle sees the same lab", func(t *testing.T) { checkOpen(t, l) })
	refs = append(refs, allRefs(t, l)...)
	t.Run("down leaves nothing", func(t *testing.T) {
		if err := l.Down(t.Context()); err != nil {
			t.Fatal(err)
		}
		checkGone(t, l.Name(), l.Dir(), refs)
		if err := l.Down(t.Context()); err != nil {
			t.Errorf("Down() again: %v", err)
		}
	})
}

func checkClusters(t *testing.T, l *Lab) {
	var names []string
	for _, c := range l.Clusters() {
		names = append(names, c.Name)
		wantState(t, c, Running)
	}
	if diff := cmp.Diff([]string{"host", "member1"}, names); diff != "" {
		t.Error(diff)
	}
	if c, err := l.Cluster("member1"); err != nil || c != l.Members()[0] {
		t.Errorf("Cluster() = %v, %v", c, err)
	}
	if _, err := l.Cluster("member2"); err == nil {
		t.Error("Cluster() found a cluster that is not there")
	}
	if _, err := Up(t.Context(), Options{Name: l.Name()}); !errors.Is(err, ErrExists) {
		t.Errorf("Up() of the same name: %v, want %v", err, ErrExists)
	}
}

func checkTLS(t *testing.T, l *Lab) {
	if err := ping(t, l.Host().RESTConfig()); err != nil {
		t.Fatal(err)
	}
	wrong := l.Host().RESTConfig()
	wrong.CAData = l.Members()[0].CA
	if _, ok := errors.AsType[x509.UnknownAuthorityError](ping(t, wrong)); !ok {
		t.Error("the host is trusted by the authority of the member")
	}
}

func checkTokens(t *testing.T, c *Cluster) {
	cases := map[string]struct {
		token string
		is    func(error) bool
	}{
		"a wrong token is refused":     {"wrong", apierrors.IsUnauthorized},
		"without a token nobody reads": {"", apierrors.IsForbidden},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			cfg := c.RESTConfig()
			cfg.BearerToken = tc.token
			if err := ping(t, cfg); !tc.is(err) {
				t.Errorf("list namespaces: %v", err)
			}
		})
	}
}

func checkKubeconfig(t *testing.T, l *Lab) {
	for _, c := range l.Clusters() {
		rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: l.Kubeconfig()}
		cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules,
			&clientcmd.ConfigOverrides{CurrentContext: c.Name}).ClientConfig()
		if err != nil {
			t.Fatal(err)
		}
		if err := ping(t, cfg); err != nil || cfg.Host != c.URL {
			t.Errorf("context %q leads to %s, %v; want %s", c.Name, cfg.Host, err, c.URL)
		}
	}
}

func checkMetrics(t *testing.T, c *Cluster) {
	posts := func() float64 {
		n, err := c.Metric(t.Context(), "apiserver_request_total",
			map[string]string{"resource": "configmaps", "verb": "POST", "subresource": ""})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := posts()
	for i := range 3 {
		create(t, c, configMaps.Resource, "counted"+strconv.Itoa(i))
	}
	if got := posts() - before; got < 3 || got > 5 { // the controller manager writes some too
		t.Errorf("metrics counted %v writes, want 3", got)
	}
}

func checkNamespaceEnds(t *testing.T, c *Cluster) {
	create(t, c, namespaces.Resource, "ends")
	client := client(t, c.RESTConfig()).Resource(namespaces)
	if err := client.Delete(t.Context(), "ends", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the namespace ends", func() bool {
		_, err := client.Get(t.Context(), "ends", metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}

func checkPause(t *testing.T, c *Cluster) {
	if err := c.Pause(); err != nil {
		t.Fatal(err)
	}
	wantState(t, c, Paused)
	cfg := c.RESTConfig()
	cfg.Timeout = 2 * time.Second
	if err := ping(t, cfg); !errors.Is(err, context.DeadlineExceeded) && !os.IsTimeout(err) {
		t.Errorf("list namespaces of a paused cluster: %v, want a timeout", err)
	}
	if err := c.Start(t.Context()); err == nil {
		t.Error("a paused cluster could be started")
	}
	if err := c.Resume(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cluster answers again", func() bool { return ping(t, c.RESTConfig()) == nil })
	wantState(t, c, Running)
}

func checkKill(t *testing.T, c *Cluster) {
	create(t, c, configMaps.Resource, "kept")
	url := c.URL
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	wantState(t, c, Stopped)
	if err := ping(t, c.RESTConfig()); err == nil {
		t.Error("a killed cluster answers")
	}
	if err := c.Pause(); err == nil {
		t.Error("a killed cluster could be paused")
	}
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantState(t, c, Running)
	_, err := client(t, c.RESTConfig()).Resource(configMaps).Namespace("default").Get(t.Context(), "kept", metav1.GetOptions{})
	if err != nil || c.URL != url {
		t.Errorf("after start at %s (was %s): %v", c.URL, url, err)
	}
}

func checkCrash(t *testing.T, c *Cluster) {
	before := status(t, c)
	p, err := os.FindProcess(before.Process(APIServer).PID)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the crash is noticed", func() bool { return status(t, c).State == Broken })
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantState(t, c, Running)
	if after := status(t, c); after.Process(Etcd).PID != before.Process(Etcd).PID {
		t.Error("Start() replaced a component that was alive")
	}
}

func checkOpen(t *testing.T, l *Lab) {
	other, err := Open(l.Name())
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range other.Clusters() {
		ours := l.Clusters()[i]
		if c.URL != ours.URL || c.Token != ours.Token || string(c.CA) != string(ours.CA) {
			t.Errorf("Open() has %s at %s, Up had %s at %s", c.Name, c.URL, ours.Name, ours.URL)
		}
	}
	if err := other.Members()[0].Pause(); err != nil {
		t.Fatal(err)
	}
	wantState(t, l.Members()[0], Paused)
	if err := l.Members()[0].Resume(); err != nil {
		t.Fatal(err)
	}
}

// TestTakenPorts: another program got the ports after they were picked.
func TestTakenPorts(t *testing.T) {
	skipShort(t)
	opts, err := Options{Controllers: ControllersNowhere}.complete()
	if err != nil {
		t.Fatal(err)
	}
	progress := &lineWriter{w: testWriter{t}}
	bin, err := Build(t.Context(), progress)
	if err != nil {
		t.Fatal(err)
	}
	l, err := register(t.Context(), opts, bin, progress)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { down(t, l) })
	etcd, api := l.Host().etcdPort, l.Host().apiPort
	for _, port := range []int{etcd, api} {
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = listener.Close() }()
	}
	if err := l.startAll(t.Context(), opts.StartTimeout, progress); err != nil {
		t.Fatal(err)
	}
	if l.Host().etcdPort == etcd || l.Host().apiPort == api {
		t.Errorf("ports are %d and %d, others listen on %d and %d", l.Host().etcdPort, l.Host().apiPort, etcd, api)
	}
	reopened, err := Open(l.Name())
	if err != nil || reopened.Host().URL != l.Host().URL {
		t.Errorf("Open() = %v; the new ports are not remembered", err)
	}
	if err := ping(t, l.Host().RESTConfig()); err != nil {
		t.Error(err)
	}
}

// ping asks for something that needs a connection, a certificate, a token and rights.
func ping(t *testing.T, cfg *rest.Config) error {
	t.Helper()
	_, err := client(t, cfg).Resource(namespaces).List(t.Context(), metav1.ListOptions{})
	return err
}

func client(t *testing.T, cfg *rest.Config) dynamic.Interface {
	t.Helper()
	http := &http.Client{Timeout: cfg.Timeout}
	transport, err := rest.TransportFor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	http.Transport = transport
	c, err := dynamic.NewForConfigAndClient(cfg, http)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// create makes a namespace, or a ConfigMap in the namespace default.
func create(t *testing.T, c *Cluster, resource, name string) {
	t.Helper()
	o := &unstructured.Unstructured{}
	o.SetAPIVersion("v1")
	o.SetName(name)
	var err error
	if resource == namespaces.Resource {
		o.SetKind("Namespace")
		_, err = client(t, c.RESTConfig()).Resource(namespaces).Create(t.Context(), o, metav1.CreateOptions{})
	} else {
		o.SetKind("ConfigMap")
		_, err = client(t, c.RESTConfig()).Resource(configMaps).Namespace("default").Create(t.Context(), o, metav1.CreateOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
}
