package install

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

// TestNamespaced installs a control plane that is limited to its namespace, with what the defaults leave out, beside whatever else there is. Its
// rights outside of the namespace are two.
func TestNamespaced(t *testing.T) {
	limited := *fleet
	w := &limited
	w.namespace, w.objectsIn, w.daemon = ours, ours, nil
	if _, err := w.host.CoreV1().Namespaces().Create(t.Context(), namespaceOf(ours), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	w.must(t, "HELM", "install", "limited", chart(), "--namespace", ours, "--set", "global.scope=Namespaced,fedsyncd.propagatedVersions=true,crds.upgrade=false,webhook.failurePolicy=Fail,webhook.url=https://127.0.0.1:"+w.port)
	w.start(t)
	defer w.stop(t)
	w.must(t, "KUBECTL_FED", "join", "member1", "--host-cluster-context", "host", "--kubefed-namespace", ours)
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(`{apiVersion: types.kubefed.io/v1beta1, kind: FederatedConfigMap, metadata: {name: one}, spec: {template: {data: {a: b}}, placement: {clusterSelector: {}}}}`), &o.Object); err != nil {
		t.Fatal(err)
	}
	made, err := w.in(w.objects, federated("federatedconfigmaps")).Create(t.Context(), o, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(made.GetFinalizers()) != 1 {
		t.Errorf("the webhook has not answered: %v", made.GetFinalizers())
	}
	w.inStep(t, "federatedconfigmaps")
	w.repeatFault(t, "one")
	w.stray(t)
	// A record that belongs to nobody, as after a restoration, is made the object's own.
	orphan := []byte(`{"metadata": {"ownerReferences": null}}`)
	record := schema.GroupVersionResource{Group: "core.kubefed.io", Version: "v1alpha1", Resource: "propagatedversions"}
	if _, err := w.in(w.objects, record).Patch(t.Context(), "configmap-one", types.MergePatchType, orphan, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBE_FEATURE_WatchListClient", "false")
	w.start(t)
	w.repeatFault(t, "one")
	eventually(t, "the record has an owner", func() string {
		o, err := w.in(w.objects, record).Get(t.Context(), "configmap-one", metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if len(o.GetOwnerReferences()) == 0 {
			return "it has none"
		}
		return ""
	})
	if err := w.in(w.objects, federated("federatedconfigmaps")).Delete(t.Context(), "one", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the object goes", func() string {
		if _, err := w.in(w.objects, federated("federatedconfigmaps")).Get(t.Context(), "one", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return "it is there"
		}
		return ""
	})
	granted := w.rights(t, "fedsyncd")
	w.rightsAreUsed(t, "fedsyncd", granted)
	for _, r := range granted {
		if r.role == "ClusterRole fedsyncd-"+ours && len(r.names) == 0 {
			t.Errorf("a control plane of one namespace has a right over all of them: %s", r)
		}
	}
	w.must(t, "KUBECTL_FED", "unjoin", "member1", "--host-cluster-context", "host", "--kubefed-namespace", ours)
	w.must(t, "HELM", "uninstall", "limited", "--namespace", ours)
}
