package federation

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
)

// JoinOptions say which cluster becomes a member of which federation. Host and Name are required, for Join also
// Member.
type JoinOptions struct {
	// Host and Member are configurations with the rights of an administrator. They may be of the same cluster.
	Host, Member *rest.Config
	// Name is the member's name in the federation.
	Name string
	// HostName is the name of the host, a part of the names of what Join makes in the member; empty means "host".
	HostName string
	// Namespace is KubeFed's namespace, in both clusters; empty means kube-federation-system.
	Namespace string
	// Labels are set on the KubeFedCluster, for placement by selector. Joining again without a label removes it.
	Labels map[string]string
	// APIEndpoint and CABundle (PEM) are how the host reaches the member. Empty means what Member has.
	APIEndpoint string
	CABundle    []byte
}

// Join registers a cluster with the host. In the member it makes the namespace, the service account <name>-<host name>
// with all rights, and a token for it; on the host a Secret with that token and the KubeFedCluster that refers to it.
// The host needs the KubeFedCluster's CustomResourceDefinition.
func Join(ctx context.Context, o JoinOptions) error {
	o, err := o.complete()
	if err != nil {
		return err
	}
	member, err := newApplier(o.Member)
	if err != nil {
		return fmt.Errorf("join %q: %w", o.Name, err)
	}
	token, err := o.prepareMember(ctx, member)
	if err != nil {
		return fmt.Errorf("join %q: in the member: %w", o.Name, err)
	}
	host, err := newApplier(o.Host)
	if err != nil {
		return fmt.Errorf("join %q: %w", o.Name, err)
	}
	if err := o.register(ctx, host, token); err != nil {
		return fmt.Errorf("join %q: on the host: %w", o.Name, err)
	}
	return nil
}

// Unjoin removes the KubeFedCluster of a member and the Secret that it refers to from the host. Only Host, Name and
// Namespace are used. The member keeps what it has: without the KubeFedCluster nobody may touch it. It is no error
// when there is no such member.
func Unjoin(ctx context.Context, o JoinOptions) error {
	o = o.withDefaults()
	host, err := newApplier(o.Host)
	if err != nil {
		return fmt.Errorf("unjoin %q: %w", o.Name, err)
	}
	secret, err := o.secretName(ctx, host)
	if err != nil {
		return fmt.Errorf("unjoin %q: %w", o.Name, err)
	}
	err = errors.Join(
		ignoreNotFound(host.client.Resource(kubeFedClusters).Namespace(o.Namespace).Delete(ctx, o.Name, metav1.DeleteOptions{})),
		ignoreNotFound(host.client.Resource(secrets).Namespace(o.Namespace).Delete(ctx, secret, metav1.DeleteOptions{})),
	)
	if err != nil {
		return fmt.Errorf("unjoin %q: %w", o.Name, err)
	}
	return nil
}

func (o JoinOptions) withDefaults() JoinOptions {
	if o.HostName == "" {
		o.HostName = "host"
	}
	if o.Namespace == "" {
		o.Namespace = Namespace
	}
	return o
}

func (o JoinOptions) complete() (JoinOptions, error) {
	o = o.withDefaults()
	if o.Host == nil || o.Member == nil || o.Name == "" {
		return o, errors.New("join a cluster: host, member and name are required")
	}
	if o.APIEndpoint == "" {
		o.APIEndpoint = o.Member.Host
	}
	if len(o.CABundle) == 0 {
		loaded := rest.CopyConfig(o.Member)
		if err := rest.LoadTLSFiles(loaded); err != nil {
			return o, fmt.Errorf("join %q: read its certificate authority: %w", o.Name, err)
		}
		o.CABundle = loaded.CAData
	}
	return o, nil
}

// register writes the Secret first: a KubeFedCluster without one is reported as malformed.
func (o JoinOptions) register(ctx context.Context, host *applier, token []byte) error {
	name, err := o.secretName(ctx, host)
	if err != nil {
		return err
	}
	secret := newObject("v1", "Secret", o.Namespace, name, fields{
		"data": fields{"token": base64.StdEncoding.EncodeToString(token)},
	})
	cluster := newObject("core.kubefed.io/v1beta1", "KubeFedCluster", o.Namespace, o.Name, fields{
		"spec": fields{
			"apiEndpoint": o.APIEndpoint,
			"caBundle":    base64.StdEncoding.EncodeToString(o.CABundle),
			"secretRef":   fields{"name": name},
		},
	})
	cluster.SetLabels(o.Labels)
	for _, object := range []*unstructured.Unstructured{
		newObject("v1", "Namespace", "", o.Namespace, nil), secret, cluster,
	} {
		if err := host.apply(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

// secretName is the name of the Secret that the KubeFedCluster refers to, or will refer to when it is new.
// `kubefedctl join` makes names that nobody can guess.
func (o JoinOptions) secretName(ctx context.Context, host *applier) (string, error) {
	fresh := o.Name + "-token"
	cluster, err := host.client.Resource(kubeFedClusters).Namespace(o.Namespace).Get(ctx, o.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return fresh, nil
	}
	if err != nil {
		return "", fmt.Errorf("get KubeFedCluster %q: %w", o.Name, err)
	}
	name, _, err := unstructured.NestedString(cluster.Object, "spec", "secretRef", "name")
	if err != nil || name == "" {
		return fresh, nil //nolint:nilerr // a KubeFedCluster that names no Secret gets one
	}
	return name, nil
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
