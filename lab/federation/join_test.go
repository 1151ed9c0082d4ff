package federation

import (
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/lab"
)

const chart = "../../charts/fedsync/"

var namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

func TestMain(m *testing.M) {
	flag.Parse()
	if !testing.Short() { // outside of the tests' own time limit
		if _, err := lab.Build(context.Background(), os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// TestFederation makes a federation of the host itself, whose controller manager issues the token, and of a member
// that has none; each step finds what the one before has left.
func TestFederation(t *testing.T) {
	if testing.Short() {
		t.Skip("needs clusters")
	}
	l, err := lab.Up(t.Context(), lab.Options{Members: 1, Controllers: lab.ControllersOnHost})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Down(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	host := l.Host().RESTConfig()
	t.Run("types are installed", func(t *testing.T) { checkInstall(t, host) })
	t.Run("types are installed in a namespace of choice", func(t *testing.T) { checkInstallIn(t, host) })
	t.Run("objects are applied together with their type", func(t *testing.T) { checkApply(t, host) })
	for _, c := range l.Clusters() {
		t.Run(c.Name+" joins", func(t *testing.T) { checkJoin(t, l, c) })
	}
	t.Run("readiness is waited for", func(t *testing.T) { checkWaitReady(t, host) })
	t.Run("a member leaves", func(t *testing.T) { checkUnjoin(t, host) })
}

func checkInstall(t *testing.T, host *rest.Config) {
	for range 2 { // it can be repeated
		if err := Install(t.Context(), host, chart+"crds", chart+"types"); err != nil {
			t.Fatal(err)
		}
	}
	expectTypes(t, host, Namespace)
}

func checkInstallIn(t *testing.T, host *rest.Config) {
	if err := InstallIn(t.Context(), host, "limited", chart+"crds", chart+"types"); err != nil {
		t.Fatal(err)
	}
	expectTypes(t, host, "limited")
}

func expectTypes(t *testing.T, host *rest.Config, namespace string) {
	t.Helper()
	types := kubeFedClusters
	types.Resource = "federatedtypeconfigs"
	list, err := newClient(t, host).Resource(types).Namespace(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(list.Items) == 0 {
		t.Errorf("namespace %q has no types: %v", namespace, err)
	}
}

// mixed has its objects in an order in which they cannot be made.
const mixed = `
apiVersion: lab.test/v1
kind: Widget
metadata: {name: one, namespace: widgets}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.lab.test}
spec:
  group: lab.test
  names: {kind: Widget, listKind: WidgetList, plural: widgets, singular: widget}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: v1
kind: Namespace
metadata: {name: widgets}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: without-namespace}
`

func checkApply(t *testing.T, host *rest.Config) {
	if err := Apply(t.Context(), host, []byte(mixed)); err != nil {
		t.Fatal(err)
	}
	client := newClient(t, host)
	widgets := schema.GroupVersionResource{Group: "lab.test", Version: "v1", Resource: "widgets"}
	if _, err := client.Resource(widgets).Namespace("widgets").Get(t.Context(), "one", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
	lost := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: nowhere}\n"
	start := time.Now()
	if err := Apply(t.Context(), host, []byte(lost)); !apierrors.IsNotFound(err) || time.Since(start) > settleTime/2 {
		t.Errorf("Apply() to a namespace that is not there: %v after %s", err, time.Since(start))
	}
}

func checkJoin(t *testing.T, l *lab.Lab, member *lab.Cluster) {
	o := JoinOptions{
		Host: l.Host().RESTConfig(), Member: member.RESTConfig(), Name: member.Name, Labels: map[string]string{"region": "eu"},
	}
	if err := Join(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	first := getCluster(t, o.Host, o.Name)
	if err := Join(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if again := getCluster(t, o.Host, o.Name); again.GetResourceVersion() != first.GetResourceVersion() {
		t.Error("joining again changed the KubeFedCluster")
	}
	if diff := cmp.Diff(o.Labels, first.GetLabels()); diff != "" {
		t.Error(diff)
	}
	// The KubeFedCluster must be all that a daemon needs.
	client := newClient(t, memberConfig(t, o.Host, first))
	if _, err := client.Resource(namespaces).List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("use the credentials on the host: %v", err)
	}
	made := newObject("v1", "Namespace", "", "made-by-the-host", nil)
	if _, err := client.Resource(namespaces).Create(t.Context(), made, metav1.CreateOptions{}); err != nil {
		t.Errorf("use the rights on the host: %v", err)
	}
}

// memberConfig does what a daemon does with a KubeFedCluster.
func memberConfig(t *testing.T, host *rest.Config, cluster *unstructured.Unstructured) *rest.Config {
	t.Helper()
	field := func(path ...string) string {
		s, found, err := unstructured.NestedString(cluster.Object, append([]string{"spec"}, path...)...)
		if err != nil || !found {
			t.Fatalf("spec.%s: %v", strings.Join(path, "."), err)
		}
		return s
	}
	secret, err := newClient(t, host).Resource(secrets).Namespace(Namespace).
		Get(t.Context(), field("secretRef", "name"), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	data, _, err := unstructured.NestedStringMap(secret.Object, "data")
	if err != nil || len(data) != 1 {
		t.Fatalf("the secret has the keys %v, %v; want only token", data, err)
	}
	return &rest.Config{
		Host: field("apiEndpoint"), BearerToken: decode(t, data["token"]),
		TLSClientConfig: rest.TLSClientConfig{CAData: []byte(decode(t, field("caBundle")))},
	}
}

func checkWaitReady(t *testing.T, host *rest.Config) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := WaitReady(ctx, host, "member1", "member7")
	if err == nil || !strings.Contains(err.Error(), "member1: not ready, member7: no KubeFedCluster") {
		t.Errorf("WaitReady() without a daemon: %v", err)
	}
	done := make(chan error)
	go func() { done <- WaitReady(t.Context(), host, "member1", "host") }()
	setReady(t, host, "member1")
	setReady(t, host, "host")
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// setReady does the daemon's part.
func setReady(t *testing.T, host *rest.Config, name string) {
	t.Helper()
	cluster := getCluster(t, host, name)
	cluster.Object["status"] = fields{"conditions": []any{
		fields{"type": "Ready", "status": "True", "lastProbeTime": "2026-01-01T00:00:00Z"},
	}}
	_, err := newClient(t, host).Resource(kubeFedClusters).Namespace(Namespace).
		UpdateStatus(t.Context(), cluster, metav1.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func checkUnjoin(t *testing.T, host *rest.Config) {
	for range 2 { // it can be repeated
		if err := Unjoin(t.Context(), JoinOptions{Host: host, Name: "member1"}); err != nil {
			t.Fatal(err)
		}
	}
	client := newClient(t, host)
	_, err := client.Resource(kubeFedClusters).Namespace(Namespace).Get(t.Context(), "member1", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("get KubeFedCluster: %v, want not found", err)
	}
	_, err = client.Resource(secrets).Namespace(Namespace).Get(t.Context(), "member1-token", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("get Secret: %v, want not found", err)
	}
	getCluster(t, host, "host") // the others stay
}

func TestJoinNeedsItsOptions(t *testing.T) {
	cfg := &rest.Config{Host: "https://127.0.0.1:1"}
	for name, o := range map[string]JoinOptions{
		"no host":   {Member: cfg, Name: "a"},
		"no member": {Host: cfg, Name: "a"},
		"no name":   {Host: cfg, Member: cfg},
	} {
		if err := Join(t.Context(), o); err == nil {
			t.Errorf("%s: Join() gave no error", name)
		}
	}
}

func getCluster(t *testing.T, host *rest.Config, name string) *unstructured.Unstructured {
	t.Helper()
	cluster, err := newClient(t, host).Resource(kubeFedClusters).Namespace(Namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

func newClient(t *testing.T, cfg *rest.Config) dynamic.Interface {
	t.Helper()
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func decode(t *testing.T, s string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
