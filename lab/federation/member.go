package federation

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	// tokenWait is how long a controller manager may take to issue a token.
	tokenWait = 30 * time.Second
	// requestedSeconds is the life of a token where there is no controller manager: a year, for the host does not
	// renew it.
	requestedSeconds = 365 * 24 * 3600
)

// prepareMember makes the service account in the member and returns a token for it. Names and rights are those that
// `kubefedctl join` uses.
func (o JoinOptions) prepareMember(ctx context.Context, member *applier) ([]byte, error) {
	for _, object := range o.memberObjects() {
		if err := member.apply(ctx, object); err != nil {
			return nil, err
		}
	}
	controllers, err := hasControllers(ctx, member)
	if err != nil {
		return nil, err
	}
	if !controllers {
		return o.requestToken(ctx, member)
	}
	return o.waitToken(ctx, member)
}

func (o JoinOptions) accountName() string { return o.Name + "-" + o.HostName }

func (o JoinOptions) memberObjects() []*unstructured.Unstructured {
	account := o.accountName()
	role := "kubefed-controller-manager:" + account
	all := []any{"*"}
	secret := newObject("v1", "Secret", o.Namespace, account, fields{"type": "kubernetes.io/service-account-token"})
	secret.SetAnnotations(map[string]string{"kubernetes.io/service-account.name": account})
	const rbac = "rbac.authorization.k8s.io"
	return []*unstructured.Unstructured{
		newObject("v1", "Namespace", "", o.Namespace, nil),
		newObject("v1", "ServiceAccount", o.Namespace, account, nil),
		newObject(rbac+"/v1", "ClusterRole", "", role, fields{"rules": []any{
			fields{"apiGroups": all, "resources": all, "verbs": all},
			fields{"nonResourceURLs": all, "verbs": []any{"get"}},
		}}),
		newObject(rbac+"/v1", "ClusterRoleBinding", "", role, fields{
			"roleRef":  fields{"apiGroup": rbac, "kind": "ClusterRole", "name": role},
			"subjects": []any{fields{"kind": "ServiceAccount", "name": account, "namespace": o.Namespace}},
		}),
		secret,
	}
}

// hasControllers tells whether a controller manager works in the cluster, by what it does first: it makes the service
// account "default" in every namespace.
func hasControllers(ctx context.Context, member *applier) (bool, error) {
	_, err := member.client.Resource(serviceAccounts).Namespace(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for a controller manager: %w", err)
	}
	return true, nil
}

// waitToken waits until the controller manager has written a token into the Secret. Such a token does not expire.
func (o JoinOptions) waitToken(ctx context.Context, member *applier) ([]byte, error) {
	var token []byte
	err := until(ctx, tokenWait, func(ctx context.Context) (bool, error) {
		secret, err := member.client.Resource(secrets).Namespace(o.Namespace).Get(ctx, o.accountName(), metav1.GetOptions{})
		if err != nil {
			return true, err
		}
		encoded, _, err := unstructured.NestedString(secret.Object, "data", "token")
		if err != nil {
			return true, err
		}
		token, err = base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return true, err
		}
		if len(token) == 0 {
			return false, errors.New("it has no token: does the controller manager run?")
		}
		return true, nil
	})
	if err != nil {
		return nil, fmt.Errorf("wait for token in secret %q: %w", o.accountName(), err)
	}
	return token, nil
}

// requestToken asks the API server itself for a token.
func (o JoinOptions) requestToken(ctx context.Context, member *applier) ([]byte, error) {
	request := newObject("authentication.k8s.io/v1", "TokenRequest", "", o.accountName(), fields{
		"spec": fields{"expirationSeconds": int64(requestedSeconds)},
	})
	answer, err := member.client.Resource(serviceAccounts).Namespace(o.Namespace).
		Create(ctx, request, metav1.CreateOptions{}, "token")
	if err != nil {
		return nil, fmt.Errorf("request token for service account %q: %w", o.accountName(), err)
	}
	token, _, err := unstructured.NestedString(answer.Object, "status", "token")
	if err != nil || token == "" {
		return nil, fmt.Errorf("request token for service account %q: none in the answer", o.accountName())
	}
	return []byte(token), nil
}
