package membership

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/fleet"
)

func enabled(group, plural string, on bool) control.Type {
	propagation := fedv1b1.PropagationEnabled
	if !on {
		propagation = fedv1b1.PropagationDisabled
	}
	t := control.Type{Config: &fedv1b1.FederatedTypeConfig{Spec: fedv1b1.FederatedTypeConfigSpec{Propagation: propagation}}}
	t.Name, t.Target = fleet.TypeName(plural), fleet.Resource{Group: group, Plural: plural}
	return t
}

func TestLeastRules(t *testing.T) {
	rule := func(group, plural string, verbs ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{plural}, Verbs: verbs}
	}
	health := rbacv1.PolicyRule{NonResourceURLs: []string{"/healthz", "/version"}, Verbs: []string{"get"}}
	all := []string{"get", "list", "watch", "create", "patch", "delete"}
	tests := map[string]struct {
		why   string
		types []control.Type
		want  []rbacv1.PolicyRule
	}{
		"no type":         {why: "identity and health are needed all the same", want: []rbacv1.PolicyRule{rule("", "namespaces", "get"), health}},
		"some":            {why: "each gets its own rule, sorted", types: []control.Type{enabled("apps", "deployments", true), enabled("", "namespaces", true)}, want: []rbacv1.PolicyRule{rule("", "namespaces", all...), rule("apps", "deployments", all...), health}},
		"one that is off": {why: "nobody needs it", types: []control.Type{enabled("", "secrets", false)}, want: []rbacv1.PolicyRule{rule("", "namespaces", "get"), health}},
		"one of roles":    {why: "else fedsync would need all that they grant", types: []control.Type{enabled("rbac.authorization.k8s.io", "clusterroles", true)}, want: []rbacv1.PolicyRule{rule("", "namespaces", "get"), rule("rbac.authorization.k8s.io", "clusterroles", append(all, "escalate")...), health}},
		"one of bindings": {why: "as above", types: []control.Type{enabled("rbac.authorization.k8s.io", "rolebindings", true)}, want: []rbacv1.PolicyRule{rule("", "namespaces", "get"), rule("rbac.authorization.k8s.io", "rolebindings", append(all, "bind")...), health}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, leastRules(tc.types)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

// A Secret that somebody else made is not deleted with the member.
func TestOurSecret(t *testing.T) {
	tests := map[string]struct {
		why    string
		secret corev1.Secret
		want   bool
	}{
		"made by join":       {why: "it says so", secret: corev1.Secret{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{memberLabel: "m"}}}, want: true},
		"for another member": {why: "that one needs it", secret: corev1.Secret{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{memberLabel: "n"}}}},
		"made by kubefedctl": {why: "its name is generated, and it holds a token", secret: corev1.Secret{ObjectMeta: metav1.ObjectMeta{GenerateName: "m-"}, Data: map[string][]byte{"token": nil}}, want: true},
		"somebody's":         {why: "join did not make it", secret: corev1.Secret{Data: map[string][]byte{"token": nil}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ourSecret(&tc.secret, "m"); got != tc.want {
				t.Errorf("%v, because %s", got, tc.why)
			}
		})
	}
}

func TestIsLoopback(t *testing.T) {
	for url, want := range map[string]bool{"https://127.0.0.1:6443": true, "https://[::1]:6443": true, "https://localhost": true, "https://10.0.0.1:6443": false, "https://member.example.com": false, "%": false} {
		if got := isLoopback(url); got != want {
			t.Errorf("%s: %v", url, got)
		}
	}
}
