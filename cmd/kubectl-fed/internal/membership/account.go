package membership

import (
	"context"
	"errors"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
)

// createdByJoin on a namespace in a member tells that join made it, for the host with this identity.
const createdByJoin = "fedsync.io/created-by-join"

// account is the service account of fedsync in a member, with what belongs to it. Names are those of kubefedctl.
type account struct {
	name, namespace string
	// hostUID is the identity of the host.
	hostUID types.UID
	// limited tells that the control plane, and so the account, is limited to the namespace.
	limited bool
	rules   []rbacv1.PolicyRule
}

func (a *account) role() string { return "kubefed-controller-manager:" + a.name }

func (a *account) subjects() []rbacv1.Subject {
	return []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: a.name, Namespace: a.namespace}}
}

// grants are the roles and bindings of the account. A control plane that is limited to its namespace has rights there, and
// cluster-wide only what health and identity need.
func (a *account) grants() []client.Object {
	meta := metav1.ObjectMeta{Name: a.role()}
	wide, local := a.rules, []rbacv1.PolicyRule(nil)
	if a.limited {
		wide, local = nil, nil
		for _, r := range a.rules {
			if len(r.NonResourceURLs) > 0 {
				wide = append(wide, r)
			} else {
				local = append(local, r)
			}
		}
		wide = append(wide, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"get"}})
	}
	objects := []client.Object{
		&rbacv1.ClusterRole{TypeMeta: typeMeta("ClusterRole"), ObjectMeta: meta, Rules: wide},
		&rbacv1.ClusterRoleBinding{
			TypeMeta: typeMeta("ClusterRoleBinding"), ObjectMeta: meta, Subjects: a.subjects(),
			RoleRef: rbacv1.RoleRef{APIGroup: rbacGroup, Kind: "ClusterRole", Name: a.role()},
		},
	}
	if !a.limited {
		return objects
	}
	meta.Namespace = a.namespace
	return append(objects,
		&rbacv1.Role{TypeMeta: typeMeta("Role"), ObjectMeta: meta, Rules: local},
		&rbacv1.RoleBinding{
			TypeMeta: typeMeta("RoleBinding"), ObjectMeta: meta, Subjects: a.subjects(),
			RoleRef: rbacv1.RoleRef{APIGroup: rbacGroup, Kind: "Role", Name: a.role()},
		})
}

func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: kind}
}

// objects are the account and its rights, without the namespace and the token.
func (a *account) objects() []client.Object {
	never := false
	return append([]client.Object{&corev1.ServiceAccount{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"}, ObjectMeta: metav1.ObjectMeta{Name: a.name, Namespace: a.namespace},
		AutomountServiceAccountToken: &never,
	}}, a.grants()...)
}

// tokenSecret asks the member's controllers for a token that does not expire.
func (a *account) tokenSecret(name string) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: a.namespace, Annotations: map[string]string{corev1.ServiceAccountNameKey: a.name},
		},
		Type: corev1.SecretTypeServiceAccountToken,
	}
}

// ensure makes the account in the member.
func (a *account) ensure(ctx context.Context, member client.Client) error {
	if err := a.ensureNamespace(ctx, member); err != nil {
		return fmt.Errorf("create namespace %q: %w", a.namespace, err)
	}
	for _, o := range a.objects() {
		if err := replaceOf(ctx, member, o); err != nil {
			return err
		}
	}
	return nil
}

// namespacePatience is how long a namespace that is being deleted may take to be gone.
const namespacePatience = 30 * time.Second

// ensureNamespace makes the namespace, and marks it as made here. One that is on its way out, since the member has just left, is
// waited for.
func (a *account) ensureNamespace(ctx context.Context, member client.Client) error {
	return cli.Until(ctx, namespacePatience, func(ctx context.Context) (bool, error) {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: a.namespace, Annotations: map[string]string{createdByJoin: string(a.hostUID)}}}
		err := member.Create(ctx, ns)
		if !apierrors.IsAlreadyExists(err) {
			return err == nil, err
		}
		if err := member.Get(ctx, client.ObjectKeyFromObject(ns), ns); err != nil {
			return false, client.IgnoreNotFound(err)
		}
		return ns.DeletionTimestamp == nil, nil
	})
}

// replaceOf makes the object what it should be. A binding to another role is made anew, because that cannot be changed.
func replaceOf(ctx context.Context, member client.Client, o client.Object) error {
	what := fmt.Sprintf("%s %q", o.GetObjectKind().GroupVersionKind().Kind, o.GetName())
	err := apply(ctx, member, o)
	if apierrors.IsInvalid(err) && isBinding(o) {
		if err = member.Delete(ctx, o); err == nil {
			err = apply(ctx, member, o)
		}
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", what, err)
	}
	return nil
}

func isBinding(o client.Object) bool {
	switch o.(type) {
	case *rbacv1.ClusterRoleBinding, *rbacv1.RoleBinding:
		return true
	}
	return false
}

const (
	// tokenPatience is how long the member's controllers may take to issue a token, before the API server is asked for one.
	tokenPatience = 10 * time.Second
	// tokenLife of one that the API server issues: it is not renewed by itself.
	tokenLife = 365 * 24 * time.Hour
)

// token returns a token of the account from the Secret of the name. Where no controllers fill the Secret it is one that
// expires; then expires is not zero.
func (a *account) token(ctx context.Context, member client.Client, secret string) (token []byte, expires time.Time, err error) {
	if err := apply(ctx, member, a.tokenSecret(secret)); err != nil {
		return nil, time.Time{}, fmt.Errorf("write Secret %q: %w", secret, err)
	}
	stored := &corev1.Secret{}
	err = cli.Until(ctx, tokenPatience, func(ctx context.Context) (bool, error) {
		if err := member.Get(ctx, types.NamespacedName{Namespace: a.namespace, Name: secret}, stored); err != nil {
			return false, err
		}
		return len(stored.Data[corev1.ServiceAccountTokenKey]) > 0, nil
	})
	switch {
	case err == nil:
		return stored.Data[corev1.ServiceAccountTokenKey], time.Time{}, nil
	case !errors.Is(err, cli.ErrStillWaiting):
		return nil, time.Time{}, fmt.Errorf("get Secret %q: %w", secret, err)
	}
	seconds := int64(tokenLife.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	owner := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: a.name, Namespace: a.namespace}}
	if err := member.SubResource("token").Create(ctx, owner, request); err != nil {
		return nil, time.Time{}, fmt.Errorf("ask for a token of ServiceAccount %q: %w", a.name, err)
	}
	return []byte(request.Status.Token), request.Status.ExpirationTimestamp.Time, nil
}
