package integration

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// message returns what the status says about a member beside the word.
func (s status) message(member string) string {
	for _, c := range s.Clusters {
		if c.Name == member {
			return c.Message
		}
	}
	return ""
}

// tryCreate creates an object and returns what went wrong.
func (c cluster) tryCreate(t *testing.T, kind, manifest string) string {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &o.Object); err != nil {
		t.Fatalf("read manifest: %v", err)
	}
	if _, err := c.of(kind).Create(t.Context(), o, metav1.CreateOptions{}); err != nil {
		return err.Error()
	}
	return ""
}

// wouldCreate asks whether a ConfigMap of the name would be let in, and gives the answer half a second.
func (c cluster) wouldCreate(t *testing.T, name string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name}}}
	_, err := c.of("configmap").Create(ctx, o, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

// deny makes member1 refuse to touch objects whose names end with "failed", each at the request that it is named after.
func (s scene) deny(t *testing.T) {
	t.Helper()
	m := s.m["member1"]
	m.global().create(t, "policy", fmt.Sprintf(`{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: words}, spec: {failurePolicy: Fail,
		matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], resources: [configmaps], operations: [CREATE, UPDATE, DELETE]}]},
		matchConditions: [{name: ours, expression: "request.namespace == '%s'"}],
		validations: [{message: no such thing, expression: "!(request.operation == 'CREATE' && request.name == 'clustercreationfailed'
			|| request.operation == 'UPDATE' && request.name in ['clusterupdatefailed', 'clusterlabelremovalfailed']
			|| request.operation == 'DELETE' && request.name == 'clusterdeletionfailed')"}]}}`, s.name))
	t.Cleanup(func() { m.global().remove(t, "policy", "words") })
	m.global().create(t, "policybinding", `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: words}, spec: {policyName: words, validationActions: [Deny]}}`)
	t.Cleanup(func() { m.global().remove(t, "policybinding", "words") })
	eventually(t, 30*time.Second, "the policy is in force", func() string {
		if err := m.wouldCreate(t, "clustercreationfailed"); err == nil || !strings.Contains(err.Error(), "no such thing") {
			return fmt.Sprintf("a create ends with %v", err)
		}
		return ""
	})
}

// neverAnswer makes member1 ask a webhook that never answers about objects whose names end with "timedout", longer than
// the daemon waits.
func (s scene) neverAnswer(t *testing.T) {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body) // only then the end of the connection is noticed
		<-r.Context().Done()
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	m := s.m["member1"]
	m.global().create(t, "webhook", fmt.Sprintf(`{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: words}, webhooks: [{name: words.example.com,
		admissionReviewVersions: [v1], sideEffects: None, timeoutSeconds: 30, failurePolicy: Fail, clientConfig: {url: %q, caBundle: %s},
		rules: [{apiGroups: [""], apiVersions: [v1], resources: [configmaps], operations: [CREATE, UPDATE, DELETE]}],
		matchConditions: [{name: ours, expression: "request.namespace == '%s' && request.name.endsWith('timedout')"}]}]}`,
		server.URL, base64.StdEncoding.EncodeToString(ca), s.name))
	t.Cleanup(func() { m.global().remove(t, "webhook", "words") })
	eventually(t, 30*time.Second, "the webhook is asked", func() string {
		if err := m.wouldCreate(t, "clustercreationtimedout"); asked.Load() == 0 {
			return fmt.Sprintf("a create ends with %v", err)
		}
		return ""
	})
}

// hide takes the rights from the daemon to look at single ConfigMaps of member3 and to delete them. It may still list and change
// them.
func (s scene) hide(t *testing.T) {
	t.Helper()
	const role = "kubefed-controller-manager:member3-host"
	m := s.m["member3"].global()
	before := m.get(t, "clusterrole", role).Object["rules"]
	t.Cleanup(func() {
		restored, err := yaml.Marshal(map[string]any{"rules": before})
		if err != nil {
			t.Fatal(err)
		}
		m.patch(t, "clusterrole", role, string(restored))
	})
	m.patch(t, "clusterrole", role, `{rules: [
		{apiGroups: [""], resources: [configmaps], verbs: [list, watch, create, update, patch]},
		{apiGroups: [""], resources: [namespaces, services, secrets, serviceaccounts], verbs: ["*"]},
		{apiGroups: [apps, batch, networking.k8s.io, rbac.authorization.k8s.io, example.com], resources: ["*"], verbs: ["*"]},
		{nonResourceURLs: ["*"], verbs: [get]}]}`)
	eventually(t, 10*time.Second, "the right is gone", func() string {
		answer := m.create(t, "accessreview", fmt.Sprintf(`{apiVersion: authorization.k8s.io/v1, kind: SubjectAccessReview, spec: {user: "system:serviceaccount:%s:member3-host",
			resourceAttributes: {namespace: %s, verb: get, resource: configmaps, version: v1}}}`, federation.Namespace, s.name))
		allowed, _, _ := unstructured.NestedBool(answer.Object, "status", "allowed")
		return is(fmt.Sprint(allowed), "false")
	})
}

// foreignObject makes an object of the same name, which the daemon may not adopt.
func foreignObject(t *testing.T, s scene, name string) {
	t.Helper()
	configure(t, `{syncController: {adoptResources: Disabled}}`, `{syncController: null}`)
	s.m["member1"].create(t, "configmap", fmt.Sprintf(`{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}}`, name))
}

// killMember2 ends member2 until the end of the test.
func killMember2(t *testing.T, _ scene, _ string) {
	t.Helper()
	down, err := fleet.lab.Cluster("member2")
	if err != nil {
		t.Fatal(err)
	}
	if err := down.Kill(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := down.Start(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
}

func holdCopy(t *testing.T, s scene, name string) {
	t.Helper()
	s.m["member1"].patch(t, "configmap", name, `{metadata: {finalizers: [example.com/hold]}}`)
}

func letCopyGo(t *testing.T, s scene, name string) {
	t.Helper()
	s.m["member1"].patch(t, "configmap", name, `{metadata: {finalizers: null}}`)
}

func deleteHeldCopy(t *testing.T, s scene, name string) {
	t.Helper()
	holdCopy(t, s, name)
	s.m["member1"].remove(t, "configmap", name)
}

func edit(t *testing.T, s scene, name string) {
	t.Helper()
	s.host.patch(t, "federatedconfigmap", name, `{spec: {template: {data: {a: edited}}}}`)
}

func deleteObject(t *testing.T, s scene, name string) {
	t.Helper()
	s.host.remove(t, "federatedconfigmap", name)
}

// loseCopy deletes the object, whose copy the daemon may not delete, and then the copy: the daemon must ask whether it is gone.
func loseCopy(t *testing.T, s scene, name string) {
	t.Helper()
	deleteObject(t, s, name)
	eventually(t, 30*time.Second, "the deletion of the copy is refused", func() string {
		return is(statusOf(s.host.get(t, "federatedconfigmap", name)).entry("member3"), "DeletionFailed")
	})
	s.m["member3"].remove(t, "configmap", name)
}

func orphanObject(t *testing.T, s scene, name string) {
	t.Helper()
	s.host.patch(t, "federatedconfigmap", name, `{metadata: {annotations: {kubefed.io/orphan: "true"}}}`)
	s.host.remove(t, "federatedconfigmap", name)
}

func removeWidget(t *testing.T, s scene, name string) {
	t.Helper()
	s.host.remove(t, "federatedwidget", name)
	eventually(t, 20*time.Second, "the widget is gone", func() string {
		if s.host.get(t, "federatedwidget", name) != nil {
			return "it is still there"
		}
		return ""
	})
}
