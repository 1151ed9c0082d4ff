package install

import (
	"fmt"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// question is whether a user may do something.
type question struct {
	user, verb, group, resource, namespace, name string
}

func (q question) String() string {
	return fmt.Sprintf("%s: %s %s.%s %s/%s", q.user, q.verb, q.resource, q.group, q.namespace, q.name)
}

// may asks the host's API server.
func (w *world) may(t *testing.T, q question) bool {
	t.Helper()
	review, err := w.host.AuthorizationV1().SubjectAccessReviews().Create(t.Context(), &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: q.user,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Verb: q.verb, Group: q.group, Resource: q.resource, Namespace: q.namespace, Name: q.name,
		},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return review.Status.Allowed
}

// limits asks what nobody may do who should not, as docs/operations.md says under "Who may do what".
func limits(t *testing.T, w *world) {
	const fed, rbac = "types.kubefed.io", "rbac.authorization.k8s.io"
	for user, role := range map[string]string{"an-editor": "edit", "a-viewer": "view", "an-admin": "admin"} {
		binding := &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: user},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbac, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{APIGroup: rbac, Kind: "User", Name: user}},
		}
		if _, err := w.host.RbacV1().RoleBindings("shop").Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	allowed := map[string]question{
		"an author writes federated objects":       {"an-editor", "create", fed, "federatedconfigmaps", "shop", ""},
		"and Secrets, as in the namespace itself":  {"an-editor", "create", fed, "federatedsecrets", "shop", ""},
		"who may look at a namespace may see them": {"a-viewer", "list", fed, "federatedconfigmaps", "shop", ""},
		"and where the namespace is":               {"a-viewer", "get", fed, "federatednamespaces", "shop", "shop"},
	}
	for name, q := range allowed {
		t.Run(name, func(t *testing.T) {
			eventually(t, q.String(), func() string { // roles are aggregated by a controller
				if w.may(t, q) {
					return ""
				}
				return "is not allowed"
			})
		})
	}
	forbidden := map[string]question{
		"fedsyncd reads no Secrets of others":             {account, "get", "", "secrets", "shop", "one"},
		"nor lists them":                                  {account, "list", "", "secrets", "", ""},
		"nor writes its members' credentials":             {account, "update", "", "secrets", namespace, "member1-credentials"},
		"nor makes Secrets":                               {account, "create", "", "secrets", namespace, ""},
		"it makes no federated objects":                   {account, "create", fed, "federatedconfigmaps", "shop", ""},
		"nor deletes any":                                 {account, "delete", fed, "federatedconfigmaps", "shop", "one"},
		"nor members":                                     {account, "delete", "core.kubefed.io", "kubefedclusters", namespace, "member1"},
		"it makes nothing else on the host":               {account, "create", "apps", "deployments", namespace, ""},
		"it grants no rights":                             {account, "create", rbac, "clusterrolebindings", "", ""},
		"it changes no webhooks but its own":              {account, "update", "admissionregistration.k8s.io", "validatingwebhookconfigurations", "", "theirs"},
		"it deletes no namespace":                         {account, "delete", "", "namespaces", "", "shop"},
		"an author stays in the namespace":                {"an-editor", "create", fed, "federatedconfigmaps", "other", ""},
		"an author does not say where the namespace goes": {"an-editor", "update", fed, "federatednamespaces", "shop", "shop"},
		"nor does its administrator":                      {"an-admin", "update", fed, "federatednamespaces", "shop", "shop"},
		"an author gives no rights in members":            {"an-editor", "create", fed, "federatedclusterroles", "", ""},
		"nor does a namespace's administrator":            {"an-admin", "create", fed, "federatedclusterroles", "", ""},
		"nobody sees Secrets by looking":                  {"a-viewer", "get", fed, "federatedsecrets", "shop", "one"},
		"an author reads no credentials":                  {"an-editor", "get", "", "secrets", namespace, "member1-credentials"},
		"an author joins no members":                      {"an-editor", "create", "core.kubefed.io", "kubefedclusters", namespace, ""},
	}
	for name, q := range forbidden {
		t.Run(name, func(t *testing.T) {
			if w.may(t, q) {
				t.Errorf("%s is allowed", q)
			}
		})
	}
	t.Run("what a member's credential is worth elsewhere", func(t *testing.T) { stolen(t, w) })
}

// stolen takes the credential of one member to the host and to another member.
func stolen(t *testing.T, w *world) {
	secret, err := w.host.CoreV1().Secrets(namespace).Get(t.Context(), "member1-credentials", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range w.lab.Clusters() {
		config := rest.AnonymousClientConfig(c.RESTConfig())
		config.BearerToken = string(secret.Data["token"])
		client, err := kubernetes.NewForConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.CoreV1().ConfigMaps("default").List(t.Context(), metav1.ListOptions{})
		if own := c.Name == "member1"; own && err != nil || !own && !apierrors.IsUnauthorized(err) {
			t.Errorf("%s answers the credential of member1: %v", c.Name, err)
		}
		if c.Name != "member1" {
			continue
		}
		if _, err := client.RbacV1().ClusterRoleBindings().List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
			t.Errorf("in its own member it may do more than the types need: %v", err)
		}
	}
}
