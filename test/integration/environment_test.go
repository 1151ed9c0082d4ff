package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab"
	"github.com/fedsync/fedsync/lab/daemon"
	"github.com/fedsync/fedsync/lab/federation"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/fedsync/fedsync/test/await"
)

// environment is a lab with a running daemon.
type environment struct {
	root, binary, raceBinary string
	lab                      *lab.Lab
	daemon                   *daemon.Process
	host                     dynamic.Interface
	members                  map[string]dynamic.Interface
}

func (e *environment) connect() error {
	client := func(c *rest.Config) (dynamic.Interface, error) {
		c.Timeout = 20 * time.Second
		return dynamic.NewForConfig(c)
	}
	var err error
	if e.host, err = client(e.lab.Host().RESTConfig()); err != nil {
		return err
	}
	e.members = map[string]dynamic.Interface{}
	for _, m := range e.lab.Members() {
		if e.members[m.Name], err = client(m.RESTConfig()); err != nil {
			return err
		}
	}
	return nil
}

func (e *environment) startDaemon(ctx context.Context, binary string, args ...string) error {
	var err error
	e.daemon, err = daemon.Start(ctx, daemon.Options{
		Binary: binary, Kubeconfig: e.lab.Kubeconfig(), Log: filepath.Join(e.lab.Dir(), "fedsyncd.log"), Args: append([]string{"-v=1"}, args...),
	})
	return err
}

// withDaemon runs the test with another binary or other flags, and goes back to the usual daemon after it.
func (e *environment) withDaemon(t *testing.T, binary string, args ...string) {
	t.Helper()
	e.restart(t, binary, args...)
	t.Cleanup(func() { e.restart(t, e.raceBinary) })
}

func (e *environment) restart(t *testing.T, binary string, args ...string) {
	t.Helper()
	e.restartAfter(t, func() {}, binary, args...)
}

// whileStopped does something while no daemon runs.
func (e *environment) whileStopped(t *testing.T, do func()) {
	t.Helper()
	e.restartAfter(t, do, e.raceBinary)
}

func (e *environment) restartAfter(t *testing.T, do func(), binary string, args ...string) {
	t.Helper()
	if _, err := e.daemon.Stop(); err != nil {
		t.Errorf("stop the daemon: %v", err)
	}
	do()
	if err := e.startDaemon(context.WithoutCancel(t.Context()), binary, args...); err != nil {
		t.Fatalf("start the daemon: %v", err)
	}
}

func (e *environment) tearDown(ctx context.Context) {
	if e.daemon != nil && e.daemon.Running() {
		if _, err := e.daemon.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	if log, err := os.ReadFile(filepath.Join(e.lab.Dir(), "fedsyncd.log")); err == nil && strings.Contains(string(log), "DATA RACE") {
		fmt.Fprintf(os.Stderr, "the daemon has a data race:\n%s\n", log)
		os.Exit(1)
	}
	if keep := os.Getenv("FEDSYNC_KEEP_LOG"); keep != "" {
		if log, err := os.ReadFile(filepath.Join(e.lab.Dir(), "fedsyncd.log")); err == nil {
			_ = os.WriteFile(keep, log, 0o600)
		}
	}
	if err := e.lab.Down(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// kinds the tests speak of, by the word they use.
var kinds = map[string]schema.GroupVersionResource{
	"event":                {Version: "v1", Resource: "events"},
	"configmap":            {Version: "v1", Resource: "configmaps"},
	"namespace":            {Version: "v1", Resource: "namespaces"},
	"service":              {Version: "v1", Resource: "services"},
	"secret":               {Version: "v1", Resource: "secrets"},
	"deployment":           {Group: "apps", Version: "v1", Resource: "deployments"},
	"clusterrole":          {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
	"crd":                  {Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"},
	"replicaset":           {Group: "apps", Version: "v1", Resource: "replicasets"},
	"lease":                {Group: "coordination.k8s.io", Version: "v1", Resource: "leases"},
	"policy":               {Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicies"},
	"policybinding":        {Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicybindings"},
	"webhook":              {Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingwebhookconfigurations"},
	"accessreview":         {Group: "authorization.k8s.io", Version: "v1", Resource: "subjectaccessreviews"},
	"kubefedconfig":        {Group: "core.kubefed.io", Version: "v1beta1", Resource: "kubefedconfigs"},
	"kubefedcluster":       {Group: "core.kubefed.io", Version: "v1beta1", Resource: "kubefedclusters"},
	"federatedtypeconfig":  {Group: "core.kubefed.io", Version: "v1beta1", Resource: "federatedtypeconfigs"},
	"federatednamespace":   {Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatednamespaces"},
	"federatedconfigmap":   {Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedconfigmaps"},
	"federateddeployment":  {Group: "types.kubefed.io", Version: "v1beta1", Resource: "federateddeployments"},
	"federatedservice":     {Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedservices"},
	"federatedclusterrole": {Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedclusterroles"},
	"federatedwidget":      {Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedwidgets"},
	"widget":               {Group: "example.com", Version: "v1", Resource: "widgets"},
}

// cluster is one cluster with the shorthands of the tests.
type cluster struct {
	client    dynamic.Interface
	namespace string
}

func (c cluster) of(kind string) dynamic.ResourceInterface {
	r := c.client.Resource(kinds[kind])
	if c.namespace == "" {
		return r
	}
	return r.Namespace(c.namespace)
}

// in returns the cluster's cluster-scoped view.
func (c cluster) global() cluster { return cluster{client: c.client} }

func (c cluster) get(t *testing.T, kind, name string) *unstructured.Unstructured {
	t.Helper()
	o, err := c.of(kind).Get(context.WithoutCancel(t.Context()), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatalf("get %s %q: %v", kind, name, err)
	}
	return o
}

func (c cluster) create(t *testing.T, kind, manifest string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &o.Object); err != nil {
		t.Fatalf("read manifest: %v", err)
	}
	made, err := c.of(kind).Create(t.Context(), o, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("create %s: %v", kind, err)
	}
	return made
}

// patch changes an object by a JSON merge patch, written as YAML.
func (c cluster) patch(t *testing.T, kind, name, patch string) *unstructured.Unstructured {
	t.Helper()
	body, err := yaml.YAMLToJSON([]byte(patch))
	if err != nil {
		t.Fatalf("read patch: %v", err)
	}
	o, err := c.of(kind).Patch(context.WithoutCancel(t.Context()), name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: "somebody"})
	if err != nil {
		t.Fatalf("patch %s %q: %v", kind, name, err)
	}
	return o
}

func (c cluster) remove(t *testing.T, kind, name string) {
	t.Helper()
	if err := c.of(kind).Delete(context.WithoutCancel(t.Context()), name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		t.Fatalf("delete %s %q: %v", kind, name, err)
	}
}

// scene is one test's namespace, federated to all members.
type scene struct {
	name string
	host cluster
	m    map[string]cluster
}

// newScene makes a federated namespace of the test's own, and removes it after the test.
func newScene(t *testing.T, name string) scene {
	t.Helper()
	s := scene{name: name, host: cluster{fleet.host, name}, m: map[string]cluster{}}
	for member, client := range fleet.members {
		s.m[member] = cluster{client, name}
	}
	s.host.global().create(t, "namespace", fmt.Sprintf(`{apiVersion: v1, kind: Namespace, metadata: {name: %s}}`, name))
	s.host.create(t, "federatednamespace", fmt.Sprintf(
		`{apiVersion: types.kubefed.io/v1beta1, kind: FederatedNamespace, metadata: {name: %s}, spec: {placement: {clusterSelector: {matchLabels: {tier: production}}}}}`, name))
	t.Cleanup(func() { s.host.global().remove(t, "namespace", name) }) // which takes its time: quiet waits for it
	s.settled(t, "federatednamespace", name)
	return s
}

// quiet waits until nothing is left of earlier tests, anywhere.
func quiet(t *testing.T) {
	t.Helper()
	eventually(t, 2*time.Minute, "nothing is left of earlier tests", func() string {
		for member, client := range fleet.members {
			list, err := client.Resource(kinds["namespace"]).List(t.Context(), metav1.ListOptions{LabelSelector: "kubefed.io/managed"})
			if err != nil || len(list.Items) > 0 {
				return fmt.Sprintf("%s: %d namespaces, %v", member, len(list.Items), err)
			}
		}
		list, err := fleet.host.Resource(kinds["federatednamespace"]).List(t.Context(), metav1.ListOptions{})
		if err != nil || len(list.Items) > 0 {
			return fmt.Sprintf("host: %d federated namespaces, %v", len(list.Items), err)
		}
		return ""
	})
}

// configMap creates a FederatedConfigMap with the rest of its spec as YAML flow.
func (s scene) configMap(t *testing.T, name, rest string) {
	t.Helper()
	s.host.create(t, "federatedconfigmap", fmt.Sprintf(
		`{apiVersion: types.kubefed.io/v1beta1, kind: FederatedConfigMap, metadata: {name: %s}, spec: {%s}}`, name, rest))
}

// status is the part of a federated object's status that the tests read.
type status struct {
	ObservedGeneration int64 `json:"observedGeneration"`
	Conditions         []struct {
		Type, Status, Reason, Message, LastUpdateTime string
	} `json:"conditions"`
	Clusters []struct{ Name, Status, Message string } `json:"clusters"`
}

func statusOf(o *unstructured.Unstructured) status {
	var s status
	raw, err := json.Marshal(o.Object["status"])
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil {
		return status{}
	}
	return s
}

// entry returns what the status says about a member: "absent" without an entry, "ok" for an empty one.
func (s status) entry(member string) string {
	for _, c := range s.Clusters {
		if c.Name == member && c.Status == "" {
			return "ok"
		}
		if c.Name == member {
			return c.Status
		}
	}
	return "absent"
}

func (s status) reason() string {
	if len(s.Conditions) == 0 {
		return "none"
	}
	return s.Conditions[0].Status + " " + s.Conditions[0].Reason
}

// settled waits until the status of the object speaks of its present generation and says that all is well.
func (s scene) settled(t *testing.T, kind, name string) status {
	t.Helper()
	return s.reports(t, kind, name, "True ")
}

// reports waits until the status speaks of the present generation, with that status and reason of the condition.
func (s scene) reports(t *testing.T, kind, name, want string) status {
	t.Helper()
	var got status
	eventually(t, 30*time.Second, fmt.Sprintf("%s %s reports %q", kind, name, want), func() string {
		o := s.host.get(t, kind, name)
		if o == nil {
			return "it does not exist"
		}
		got = statusOf(o)
		if got.ObservedGeneration != o.GetGeneration() || got.reason() != want {
			return fmt.Sprintf("status %+v, generation %d", got, o.GetGeneration())
		}
		return ""
	})
	return got
}

// configure changes the spec of the KubeFedConfig by a merge patch, waits until the running daemon works by it, and undoes
// it by another one after the test.
func configure(t *testing.T, patch, undo string) {
	t.Helper()
	apply := func(patch string) {
		before := fleet.logged(t, "settings changed")
		cluster{fleet.host, federation.Namespace}.patch(t, "kubefedconfig", "kubefed", fmt.Sprintf(`{spec: %s}`, patch))
		eventually(t, 10*time.Second, "the daemon works by "+patch, func() string {
			if fleet.logged(t, "settings changed") == before {
				return "it did not say so"
			}
			return ""
		})
	}
	apply(patch)
	t.Cleanup(func() { apply(undo) })
}

// logged counts the lines of the daemon's log that hold the text.
func (e *environment) logged(t *testing.T, text string) int {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(e.lab.Dir(), "fedsyncd.log"))
	if err != nil {
		t.Fatalf("read the daemon's log: %v", err)
	}
	return strings.Count(string(log), text)
}

// data returns a key of a ConfigMap, "absent" without the ConfigMap.
func (c cluster) data(t *testing.T, name, key string) string {
	t.Helper()
	o := c.get(t, "configmap", name)
	if o == nil {
		return "absent"
	}
	value, _, _ := unstructured.NestedString(o.Object, "data", key)
	return value
}

// eventually polls until the function returns "", or fails the test with what it last said. It returns how long it took.
func eventually(t *testing.T, timeout time.Duration, what string, check func() string) time.Duration {
	t.Helper()
	took, problem := await.Until(10*time.Millisecond, timeout, check)
	if problem != "" {
		t.Fatalf("%s: not within %s: %s\nthe daemon's last words:\n%s", what, timeout, problem, fleet.daemon.LogTail())
	}
	return took
}

// is returns "" if both are equal, else what differs.
func is(got, want string) string {
	if got == want {
		return ""
	}
	return fmt.Sprintf("got %q, want %q", got, want)
}

// clusterCondition returns status, reason and message of a condition of a KubeFedCluster.
func clusterCondition(t *testing.T, name, conditionType string) string {
	t.Helper()
	kfc := cluster{fleet.host, federation.Namespace}.get(t, "kubefedcluster", name)
	if kfc == nil {
		return "no KubeFedCluster"
	}
	conditions, _, _ := unstructured.NestedSlice(kfc.Object, "status", "conditions")
	for _, raw := range conditions {
		c, _ := raw.(map[string]any)
		if c["type"] == conditionType {
			return fmt.Sprintf("%v %v %v", c["status"], c["reason"], c["message"])
		}
	}
	return "no condition"
}
