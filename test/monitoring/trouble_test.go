package monitoring

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// The second half of the story: trouble of members and of the host.

// throttling has member1 answer 429 to every write of a ConfigMap by fedsync. An admission webhook says so: priority and fairness does
// it only to many requests at once, even if there is no seat at all for them.
func throttling(t *testing.T, s *story) {
	m := s.members["member1"]
	hook := httptest.NewTLSServer(http.HandlerFunc(slowDown))
	t.Cleanup(hook.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: hook.Certificate().Raw})
	m.create(t, fmt.Sprintf(`{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: story}, webhooks: [{name: slow.example.com,
		clientConfig: {url: %q, caBundle: %s}, sideEffects: None, admissionReviewVersions: [v1], failurePolicy: Fail,
		rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}],
		matchConditions: [{name: fedsync, expression: 'request.userInfo.username == "system:serviceaccount:%s:%s"'}]}]}`,
		hook.URL, base64.StdEncoding.EncodeToString(authority), federation.Namespace, account("member1")))
	s.eventually(t, patience, "member1 throttles", func() string {
		code, err := s.answerTo(t, "member1")
		if err != nil {
			return err.Error()
		}
		if code != http.StatusTooManyRequests {
			return fmt.Sprintf("it answers %d", code)
		}
		return ""
	})
	s.edit(t, "few")
	s.tell(t, throttled)
	m.remove(t, named{"", "ValidatingWebhookConfiguration", "story"})
	s.tell(t, unthrottled)
}

// slowDown is a webhook that denies everything, and asks to come back in a second.
func slowDown(w http.ResponseWriter, r *http.Request) {
	var review map[string]any
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	uid, _, _ := unstructured.NestedString(review, "request", "uid")
	answer := map[string]any{"apiVersion": review["apiVersion"], "kind": review["kind"], "response": map[string]any{"uid": uid, "allowed": false, "status": map[string]any{
		"code": http.StatusTooManyRequests, "reason": metav1.StatusReasonTooManyRequests, "message": "later", "details": map[string]any{"retryAfterSeconds": 1},
	}}}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// answerTo is what a member answers when fedsync's account asks whether it could create a ConfigMap. Kubernetes' own client would try
// again by itself.
func (s *story) answerTo(t *testing.T, member string) (code int, err error) {
	t.Helper()
	config := s.member(t, member).RESTConfig()
	config.BearerToken = s.token(t, member)
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return 0, err
	}
	const configMap = `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "probe"}}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, config.Host+"/api/v1/namespaces/story/configmaps?dryRun=All", strings.NewReader(configMap))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

// account is the service account that Join makes in a member.
func account(member string) string { return member + "-host" }

// rejection makes the host refuse the status of one object.
func rejection(t *testing.T, s *story) {
	s.host.create(t, `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: story}, spec: {failurePolicy: Fail,
		matchConstraints: {resourceRules: [{apiGroups: [types.kubefed.io], apiVersions: ["*"], operations: [UPDATE], resources: [federatedconfigmaps/status]}]},
		validations: [{expression: 'object.metadata.name != "stubborn"', message: "not this one"}]}}`)
	s.host.create(t, `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: story}, spec: {policyName: story, validationActions: [Deny]}}`)
	o := named{"story", "FederatedConfigMap", "stubborn"}
	s.host.create(t, federated(o, `{data: {a: b}}`, everyMember))
	s.eventually(t, patience, "the policy works", func() string {
		if s.takesStatus(t, o) == nil {
			return "a status is taken"
		}
		return ""
	})
	s.host.patch(t, o, `{spec: {template: {data: {a: c}}}}`)
	s.tell(t, rejecting)
	s.host.remove(t, named{"", "ValidatingAdmissionPolicyBinding", "story"})
	s.host.remove(t, named{"", "ValidatingAdmissionPolicy", "story"})
	s.eventually(t, patience, "the policy is gone", func() string {
		if err := s.takesStatus(t, o); err != nil {
			return err.Error()
		}
		return ""
	})
	s.host.patch(t, o, `{spec: {template: {data: {a: d}}}}`)
	s.settled(t, o)
}

// takesStatus returns why the host would refuse a status, nil if it would not.
func (s *story) takesStatus(t *testing.T, o named) error {
	t.Helper()
	_, err := s.host.of(o.namespace, o.kind).Patch(t.Context(), o.name, types.MergePatchType, []byte(`{"status": {"observedGeneration": 0}}`),
		metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}, "status")
	return err
}

const (
	longLife  = 2 * 24 * 3600 // seconds: a token that ends within a week
	shortLife = 700           // and one that ends within a day: the API server gives none for less than ten minutes
)

// credentials gives members other tokens.
func credentials(t *testing.T, s *story) {
	s.setToken(t, "member1", s.newToken(t, "member1", longLife))
	s.tell(t, expiring)
	s.setToken(t, "member1", s.newToken(t, "member1", 365*24*3600))
	s.setToken(t, "member3", s.newToken(t, "member3", shortLife))
	s.tell(t, endingSoon)
	s.setToken(t, "member3", s.hideText("a.bad-token.of-nobody"))
	s.tell(t, barred)
	s.setToken(t, "member3", "")
	s.tell(t, malformed)
	s.setToken(t, "member3", s.newToken(t, "member3", 365*24*3600))
	if err := federation.WaitReady(t.Context(), s.lab.Host().RESTConfig(), memberNames()...); err != nil {
		t.Fatal(err)
	}
}

// newToken asks the member's API server for a token of fedsync's account.
func (s *story) newToken(t *testing.T, member string, seconds int64) string {
	t.Helper()
	request := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": map[string]any{"expirationSeconds": seconds},
	}}
	request.SetName(account(member))
	answer, err := s.members[member].of(federation.Namespace, "ServiceAccount").Create(t.Context(), request, metav1.CreateOptions{}, "token")
	if err != nil {
		t.Fatal(err)
	}
	token, _, _ := unstructured.NestedString(answer.Object, "status", "token")
	return s.hideText(token)
}

func (s *story) setToken(t *testing.T, member, token string) {
	t.Helper()
	s.host.patch(t, named{federation.Namespace, "Secret", member + "-token"},
		fmt.Sprintf(`{data: {token: %q}}`, base64.StdEncoding.EncodeToString([]byte(token))))
}

func farewell(t *testing.T, s *story) {
	if err := federation.Unjoin(t.Context(), federation.JoinOptions{Host: s.lab.Host().RESTConfig(), Name: "member3"}); err != nil {
		t.Fatal(err)
	}
	s.tell(t, unjoined)
	s.pageIsGood(t, s.first)
}

// succession kills the leader; the other one has to wait until its Lease is over.
func succession(t *testing.T, s *story) {
	s.readPage(t, s.first)
	s.first.Kill()
	s.tell(t, leaderless)
	s.tell(t, succeeded)
	s.readPage(t, s.second)
}

func end(t *testing.T, s *story) {
	if took, err := s.second.Stop(); err != nil {
		t.Error(err)
	} else {
		t.Logf("measured: the daemon stopped within %s", took.Round(time.Millisecond))
	}
	s.tell(t, disappeared)
	s.logsAreGood(t)
	s.nothingShows(t)
}

// fight is somebody who keeps changing a copy.
type fight struct {
	stop   context.CancelFunc
	over   chan struct{}
	undone atomic.Int64 // changes
	err    error        // what ended it before it was stopped; read it when it is over
}

// startFight changes a copy in member3, waits until that was undone, and does it again.
func (s *story) startFight(ctx context.Context) *fight {
	f := &fight{over: make(chan struct{})}
	stopped, stop := context.WithCancel(ctx)
	f.stop = stop
	go func() {
		defer close(f.over)
		for stopped.Err() == nil && f.err == nil {
			f.err = s.quarrel(ctx)
			f.undone.Add(1)
		}
	}()
	return f
}

// end stops the fight, and is harmless if it is over.
func (f *fight) end(t *testing.T) {
	t.Helper()
	f.stop()
	<-f.over
	if f.err != nil {
		t.Error(f.err)
	}
}

// quarrelPause lets the copy be in step most of the time.
const quarrelPause = 300 * time.Millisecond

func (s *story) quarrel(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	m, o := s.members["member3"], named{"story", "ConfigMap", "c01"}
	if err := m.tryPatch(ctx, o, `{data: {tone: hostile}}`); err != nil {
		return err
	}
	for tick := time.NewTicker(quarrelPause); ; {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until a change is undone: %w", ctx.Err())
		case <-tick.C:
		}
		found, err := m.of(o.namespace, o.kind).Get(ctx, o.name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if tone, _, _ := unstructured.NestedString(found.Object, "data", "tone"); tone == "friendly" {
			tick.Stop()
			return nil
		}
	}
}
