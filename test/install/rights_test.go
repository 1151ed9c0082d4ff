package install

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// right is one of what a rule grants.
type right struct {
	role, group, resource, verb string
	names                       []string
}

func (r right) String() string {
	s := fmt.Sprintf("%s: %s of %s", r.role, r.verb, r.resource)
	if r.group != "" {
		s += "." + r.group
	}
	if len(r.names) > 0 {
		s += fmt.Sprint(r.names)
	}
	return s
}

// covers tells that the request needs the right. An apply of what is not there needs that to create, besides that to patch.
func (r right) covers(q *request) bool {
	applied := r.verb == "create" && q.Verb == "patch" && q.Response.Code == http.StatusCreated
	if q.Object == nil || q.Verb != r.verb && !applied || q.Object.Group != r.group {
		return false
	}
	resource := q.Object.Resource
	if q.Object.Subresource != "" {
		resource += "/" + q.Object.Subresource
	}
	all := r.resource == "*" && q.Object.Subresource == "" || r.resource == "*/"+q.Object.Subresource && q.Object.Subresource != ""
	return (all || r.resource == resource) && (len(r.names) == 0 || slices.Contains(r.names, q.Object.Name))
}

// rights returns everything that is granted to a ServiceAccount of the control plane.
func (w *world) rights(t *testing.T, name string) (granted []right) {
	t.Helper()
	is := func(subjects []rbacv1.Subject) bool {
		return slices.Contains(subjects, rbacv1.Subject{Kind: "ServiceAccount", Namespace: w.namespace, Name: name})
	}
	cluster, err := w.host.RbacV1().ClusterRoleBindings().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range cluster.Items {
		if b := &cluster.Items[i]; is(b.Subjects) {
			role, err := w.host.RbacV1().ClusterRoles().Get(t.Context(), b.RoleRef.Name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			granted = append(granted, each("ClusterRole "+role.Name, role.Rules)...)
		}
	}
	local, err := w.host.RbacV1().RoleBindings(metav1.NamespaceAll).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range local.Items {
		if b := &local.Items[i]; is(b.Subjects) {
			role, err := w.host.RbacV1().Roles(b.Namespace).Get(t.Context(), b.RoleRef.Name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			granted = append(granted, each("Role "+role.Name, role.Rules)...)
		}
	}
	return granted
}

func each(role string, rules []rbacv1.PolicyRule) (rights []right) {
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					rights = append(rights, right{role: role, group: group, resource: resource, verb: verb, names: rule.ResourceNames})
				}
			}
		}
	}
	return rights
}

// hookRights returns what the chart grants to the account of its hook, whose role is gone when the hook has ended.
func (w *world) hookRights(t *testing.T) []right {
	t.Helper()
	for document := range strings.SplitSeq(w.must(t, "HELM", "template", "fedsync", chart(), "--namespace", namespace, "--show-only", "templates/crds-job.yaml"), "\n---\n") {
		var role rbacv1.ClusterRole
		if err := yaml.Unmarshal([]byte(document), &role); err != nil {
			t.Fatal(err)
		}
		if role.Kind == "ClusterRole" {
			return each("ClusterRole "+role.Name, role.Rules)
		}
	}
	t.Fatal("the hook has no role")
	return nil
}

// rightsAreUsed fails for each request of the ServiceAccount that was forbidden, and for each right that no request needed.
func (w *world) rightsAreUsed(t *testing.T, name string, granted []right) {
	t.Helper()
	asked := w.requests(t, "host", "system:serviceaccount:"+w.namespace+":"+name)
	for i := range asked {
		if q := &asked[i]; q.forbidden() || q.Response.Code == http.StatusForbidden {
			t.Errorf("%s may not %s %s: the chart should allow it, or fedsyncd should not ask", name, q.Verb, q.URI)
		}
	}
	for _, r := range granted {
		if !slices.ContainsFunc(asked, func(q request) bool { return r.covers(&q) }) {
			t.Errorf("nothing needed %s", r)
		}
	}
	if len(granted) == 0 {
		t.Errorf("%s has no rights at all", name)
	}
	t.Logf("measured: %s made %d requests of the host and used all of its %d rights", name, len(asked), len(granted))
}
