package install

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

// TestInstall goes the whole way of a release: install, use, upgrade, uninstall. Each step builds on those before it.
func TestInstall(t *testing.T) {
	w := fleet
	steps := []struct {
		name string
		do   func(*testing.T, *world)
	}{
		{"install", install},
		{"join and propagate", propagate},
		{"webhooks", webhooks},
		{"limits", limits},
		{"nobody answers", silence},
		{"a member is taken away", leave},
		{"rights", rights},
		{"restore", restore},
		{"upgrade", upgrade},
		{"uninstall", uninstall},
		{"install with Helm 3", helm3},
		{"apply with kustomize", applyKustomize},
	}
	trouble := make(chan error, 10)
	pods, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	defer cancel()
	if _, err := w.host.CoreV1().Namespaces().Create(t.Context(), namespaceOf(namespace), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	go w.runPods(pods, trouble)
	defer w.stop(t)
	for _, step := range steps {
		if !t.Run(step.name, func(t *testing.T) { step.do(t, w) }) {
			break // the next ones stand on it
		}
	}
	select {
	case err := <-trouble:
		t.Error(err)
	default:
	}
}

func install(t *testing.T, w *world) {
	began := time.Now()
	said := w.must(t, "HELM", "install", "fedsync", chart(), "--namespace", namespace, "--set", "webhook.url=https://127.0.0.1:"+w.port)
	if !strings.Contains(said, "helm uninstall leaves in place") {
		t.Errorf("the notes do not say what an uninstall leaves:\n%s", said)
	}
	t.Logf("measured: helm install took %s", time.Since(began).Round(100*time.Millisecond))
	w.start(t)
}

func propagate(t *testing.T, w *world) {
	for _, m := range w.lab.Members() {
		said := w.must(t, "KUBECTL_FED", "join", m.Name, "--host-cluster-context", "host")
		if !strings.Contains(said, m.Name+" is ready") {
			t.Errorf("join: %s", said)
		}
	}
	w.apply(t, "fleet.yaml")
	w.settled(t, "member1", "member2")
	greeting := func(member string) string {
		o, err := w.in(w.members[member], kinds["federatedconfigmaps"]).Get(t.Context(), "one", metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		text, _, _ := unstructured.NestedString(o.Object, "data", "greeting")
		return text
	}
	if diff := cmp.Diff([]string{"hello", "hallo"}, []string{greeting("member1"), greeting("member2")}); diff != "" {
		t.Error(diff)
	}
	answer, err := http.Get(w.daemon.MetricsURL) //nolint:noctx // the test's own process
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("metrics: %v, %v", answer, err)
	}
	if err == nil {
		_ = answer.Body.Close()
	}
}

// webhooks asks for what must be refused, and what must be warned of.
func webhooks(t *testing.T, w *world) {
	author, heard := w.author(t)
	cases := map[string]struct {
		why, object string
		refused     string
		warned      []string
	}{
		"a type without a group": {
			why: "KubeFed refuses it", refused: "spec.federatedType.group: Required value",
			object: `{apiVersion: core.kubefed.io/v1beta1, kind: FederatedTypeConfig, metadata: {namespace: kube-federation-system, name: pods}, spec: {propagation: Enabled,
				targetType: {kind: Pod, pluralName: pods, scope: Namespaced, version: v1}, federatedType: {kind: FederatedPod, pluralName: federatedpods, scope: Namespaced, version: v1beta1}}}`,
		},
		"a member of nowhere": {
			why: "KubeFed refuses it", refused: "spec.apiEndpoint",
			object: `{apiVersion: core.kubefed.io/v1beta1, kind: KubeFedCluster, metadata: {namespace: kube-federation-system, name: x}, spec: {apiEndpoint: "", secretRef: {name: x}}}`,
		},
		"overrides": {
			why: "the author hears of it at once",
			object: `{apiVersion: types.kubefed.io/v1beta1, kind: FederatedConfigMap, metadata: {namespace: shop, name: faulty}, spec: {template: {}, placement: {clusters: [{name: member1}, {name: member1}]},
				overrides: [{clusterName: member1, clusterOverrides: [{path: /metadata/name, value: x}]}]}}`,
			warned: []string{
				`spec.placement.clusters[1].name: cluster "member1" is listed already, in spec.placement.clusters[0]`,
				`spec.overrides[0].clusterOverrides[0].path: path "/metadata/name" may not be overridden`,
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(c.object), &o.Object); err != nil {
				t.Fatal(err)
			}
			heard.said = nil
			of := federated("federatedconfigmaps")
			if o.GroupVersionKind().Group == "core.kubefed.io" {
				of = core(strings.ToLower(o.GetKind()) + "s")
			}
			made, err := author.Resource(of).Namespace(o.GetNamespace()).Create(t.Context(), o, metav1.CreateOptions{})
			if c.refused != "" {
				if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("%s: %v", c.why, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.warned, heard.said); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
			if diff := cmp.Diff([]string{"kubefed.io/sync-controller"}, made.GetFinalizers()); diff != "" {
				t.Errorf("the finalizer was not set on create: %s", diff)
			}
		})
	}
	w.repeatFault(t, "faulty")
}

// silence has no fedsyncd run while an author works: nothing waits for it, and nothing is lost.
func silence(t *testing.T, w *world) {
	w.stop(t)
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(`{apiVersion: types.kubefed.io/v1beta1, kind: FederatedConfigMap, metadata: {namespace: shop, name: unattended}, spec: {template: {}, placement: {clusterSelector: {}}}}`), &o.Object); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	made, err := w.in(w.objects, federated("federatedconfigmaps")).Create(t.Context(), o, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("a dead fedsyncd is in the way: %v", err)
	}
	t.Logf("measured: without a fedsyncd, a federated object was stored within %s", time.Since(began).Round(time.Millisecond))
	if len(made.GetFinalizers()) > 0 {
		t.Errorf("somebody answered: %v", made.GetFinalizers())
	}
	w.start(t)
	eventually(t, "what was made meanwhile is propagated", func() string {
		_, err := w.in(w.members["member2"], kinds["federatedconfigmaps"]).Get(t.Context(), "unattended", metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		return ""
	})
}

// refusals looks at who is refused what by a webhook with failurePolicy Fail that nobody serves: federated objects, and nothing else.
func (w *world) refusals(t *testing.T) {
	t.Helper()
	w.stop(t)
	_, err := w.in(w.objects, federated("federatedservices")).Patch(t.Context(), "one", types.MergePatchType, []byte(`{"spec": {"template": {"metadata": {"labels": {"c": "d"}}}}}`), metav1.PatchOptions{})
	if !apierrors.IsInternalError(err) {
		t.Errorf("with failurePolicy Fail an edit that nobody judges is refused: %v", err)
	}
	plain := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "plain"}}}
	if _, err := w.in(w.objects, kinds["federatedconfigmaps"]).Create(t.Context(), plain, metav1.CreateOptions{}); err != nil {
		t.Errorf("a dead fedsyncd is in the way of what does not concern it: %v", err)
	}
}

// repeatFault has the same fault of an object come, go and come again: an event that is repeated is counted up, which is a right of its own.
func (w *world) repeatFault(t *testing.T, name string) {
	t.Helper()
	faulty := w.in(w.objects, federated("federatedconfigmaps"))
	for range 2 {
		for _, path := range []string{"/data", "/kind"} {
			patch := fmt.Sprintf(`{"spec": {"placement": {"clusters": [{"name": "member1"}]}, "overrides": [{"clusterName": "member1", "clusterOverrides": [{"op": "add", "path": %q, "value": {}}]}]}}`, path)
			changed, err := faulty.Patch(t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "the status follows", func() string {
				o, err := faulty.Get(t.Context(), name, metav1.GetOptions{})
				if err != nil {
					return err.Error()
				}
				if observed, _, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration"); observed < changed.GetGeneration() {
					return fmt.Sprint(o.Object["status"])
				}
				return ""
			})
		}
	}
}

// leave takes one member out of the fleet, and one object out of the other.
func leave(t *testing.T, w *world) {
	w.must(t, "KUBECTL_FED", "unjoin", "member2", "--host-cluster-context", "host")
	w.settled(t, "member1")
	for _, name := range []string{"one", "faulty"} {
		if err := w.in(w.objects, federated("federatedconfigmaps")).Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"one", "faulty"} {
		eventually(t, "the federated object goes", func() string {
			_, err := w.in(w.objects, federated("federatedconfigmaps")).Get(t.Context(), name, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return ""
			}
			return fmt.Sprint(err)
		})
	}
	if _, err := w.in(w.members["member1"], kinds["federatedconfigmaps"]).Get(t.Context(), "one", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the copy in member1 stays: %v", err)
	}
	if _, err := w.in(w.members["member2"], kinds["federatedconfigmaps"]).Get(t.Context(), "one", metav1.GetOptions{}); err != nil {
		t.Errorf("what a member had when it left is its own: %v", err)
	}
}

// rights is asked after everything has happened once, and a stray has been found in a member. API servers
// before Kubernetes 1.34 may not stream lists, so a second fedsyncd asks as it would there.
func rights(t *testing.T, w *world) {
	w.stray(t)
	t.Setenv("KUBE_FEATURE_WatchListClient", "false")
	w.start(t)
	w.edited(t, 2)
	w.rightsAreUsed(t, "fedsyncd", w.rights(t, "fedsyncd"))
}

// stray puts into member1 what seems to be a copy, and waits until it is released: before that, the host is asked by name.
func (w *world) stray(t *testing.T) {
	t.Helper()
	stray := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{
		"name": "stray", "namespace": w.objectsIn, "labels": map[string]any{"kubefed.io/managed": "true"},
	}}}
	strays := w.in(w.members["member1"], kinds["federatedconfigmaps"])
	if _, err := strays.Create(t.Context(), stray, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a stray is released", func() string {
		o, err := strays.Get(t.Context(), "stray", metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		return o.GetLabels()["kubefed.io/managed"]
	})
}

// upgrade brings back a CRD that is missing, as a new version would bring a new one, and changes values.
func upgrade(t *testing.T, w *world) {
	crd := "replicaschedulingpreferences.scheduling.kubefed.io"
	definitions := w.objects.Resource(definitionsResource)
	if err := definitions.Delete(t.Context(), crd, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the definition goes", func() string {
		if _, err := definitions.Get(t.Context(), crd, metav1.GetOptions{}); apierrors.IsNotFound(err) {
			return ""
		}
		return "it is there"
	})
	w.must(t, "HELM", "upgrade", "fedsync", chart(), "--namespace", namespace, "--reuse-values", "--set", "webhook.strict=true,webhook.failurePolicy=Fail,controllermanager.controller.replicaCount=3")
	if _, err := definitions.Get(t.Context(), crd, metav1.GetOptions{}); err != nil {
		t.Errorf("the upgrade did not bring the definition: %v", err)
	}
	w.rightsAreUsed(t, "fedsyncd-crds", w.hookRights(t)) // the one that was missing had to be created
	deployment, err := w.host.AppsV1().Deployments(namespace).Get(t.Context(), "fedsyncd", metav1.GetOptions{})
	if err != nil || *deployment.Spec.Replicas != 3 {
		t.Errorf("replicas: %v, %v", deployment.Spec.Replicas, err)
	}
	w.trusted(t)
	w.refusals(t)
	w.start(t)
	author, _ := w.author(t)
	faulty := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(`{apiVersion: types.kubefed.io/v1beta1, kind: FederatedConfigMap, metadata: {namespace: shop, name: strict},
		spec: {template: {}, placement: {clusters: [{name: member1}, {name: member1}]}}}`), &faulty.Object); err != nil {
		t.Fatal(err)
	}
	_, err = w.in(author, federated("federatedconfigmaps")).Create(t.Context(), faulty, metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "listed already") {
		t.Errorf("strict, a faulty object is refused: %v", err)
	}
	w.edited(t, 3)
}

// edited changes an object and waits until the member has the change.
func (w *world) edited(t *testing.T, replicas int64) {
	t.Helper()
	o := w.in(w.objects, federated("federateddeployments"))
	changed, err := o.Patch(t.Context(), "one", types.MergePatchType, fmt.Appendf(nil, `{"spec": {"template": {"spec": {"replicas": %d}}}}`, replicas), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "an edit reaches the member", func() string {
		copied, err := w.in(w.members["member1"], kinds["federateddeployments"]).Get(t.Context(), "one", metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if got, _, _ := unstructured.NestedInt64(copied.Object, "spec", "replicas"); got != replicas {
			return fmt.Sprintf("generation %d is not there: %d replicas", changed.GetGeneration(), got)
		}
		return ""
	})
}

// trusted fails unless Helm has left the authority of the certificate in place.
func (w *world) trusted(t *testing.T) {
	t.Helper()
	c, err := w.host.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), "fedsyncd", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Webhooks {
		if len(c.Webhooks[i].ClientConfig.CABundle) == 0 {
			t.Errorf("the upgrade has taken the authority out of %s", c.Webhooks[i].Name)
		}
	}
}

// uninstall leaves everything that copies hang on.
func uninstall(t *testing.T, w *world) {
	said := w.must(t, "HELM", "uninstall", "fedsync", "--namespace", namespace)
	for _, kept := range []string{"[KubeFedConfig] kubefed", "[FederatedTypeConfig] deployments.apps"} {
		if !strings.Contains(said, kept) {
			t.Errorf("helm does not say that it keeps %s:\n%s", kept, said)
		}
	}
	if _, err := w.host.AppsV1().Deployments(namespace).Get(t.Context(), "fedsyncd", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the Deployment stays: %v", err)
	}
	for plural, target := range kinds {
		if plural == "federatedconfigmaps" {
			continue // deleted above
		}
		if _, err := w.in(w.objects, federated(plural)).Get(t.Context(), named(plural), metav1.GetOptions{}); err != nil {
			t.Errorf("after the uninstall: %v", err)
		}
		if _, err := w.in(w.members["member1"], target).Get(t.Context(), named(plural), metav1.GetOptions{}); err != nil {
			t.Errorf("after the uninstall, in member1: %v", err)
		}
	}
	// With failurePolicy Fail a webhook that stayed behind would refuse this.
	if _, err := w.in(w.objects, federated("federatedservices")).Patch(t.Context(), "one", types.MergePatchType, []byte(`{"metadata": {"labels": {"a": "b"}}}`), metav1.PatchOptions{}); err != nil {
		t.Errorf("a webhook stays: %v", err)
	}
}

// helm3 installs once more, over what the uninstall left, with the older Helm: the first release of the chart, and then this one in its place.
func helm3(t *testing.T, w *world) {
	w.must(t, "HELM3", "install", "fedsync", filepath.Join("testdata", "fedsync-0.1.0.tgz"), "--namespace", namespace, "--set", "webhook.url=https://127.0.0.1:"+w.port)
	w.start(t)
	w.edited(t, 4)
	w.must(t, "HELM3", "upgrade", "fedsync", chart(), "--namespace", namespace, "--set", "webhook.url=https://127.0.0.1:"+w.port+",webhook.strict=true")
	w.start(t)
	w.edited(t, 5)
	var release []map[string]any
	if err := json.Unmarshal([]byte(w.must(t, "HELM3", "list", "--namespace", namespace, "--output", "json")), &release); err != nil || len(release) != 1 || release[0]["revision"] != "2" {
		t.Errorf("releases: %v, %v", release, err)
	}
	w.must(t, "HELM3", "uninstall", "fedsync", "--namespace", namespace)
}

// applyKustomize brings each environment's fedsyncd in place of the one before, as a pipeline would.
func applyKustomize(t *testing.T, w *world) {
	w.must(t, "KUBECTL", "--context", "host", "apply", "--server-side", "--force-conflicts", "-k", filepath.Join(kustomize(), "crds"))
	for _, environment := range []struct {
		name     string
		replicas int32
		flag     string
	}{
		{"dev", 1, "--log-format=text"},
		{"staging", 2, "--tracing-sample-ratio=0.1"},
		{"production", 3, "--removal-budget-percent=5"},
	} {
		w.must(t, "KUBECTL", "--context", "host", "apply", "-k", overlay(environment.name))
		deployment, err := w.host.AppsV1().Deployments(namespace).Get(t.Context(), "fedsyncd", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		args := deployment.Spec.Template.Spec.Containers[0].Args
		if *deployment.Spec.Replicas != environment.replicas || !slices.Contains(args, environment.flag) {
			t.Errorf("%s: %d replicas with %v", environment.name, *deployment.Spec.Replicas, args)
		}
		w.start(t)
		w.edited(t, int64(5+environment.replicas))
	}
}
