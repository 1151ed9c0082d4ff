package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/member"
	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/fleet"
)

// Member is a connection to a member, with the daemon's own credentials.
type Member struct {
	Name fleet.Name
	// Pin is the identity that the daemon knows the member by, "" before the first contact.
	Pin      types.UID
	Config   *rest.Config
	HTTP     *http.Client
	Dynamic  dynamic.Interface
	Metadata metadata.Interface
	// REST decodes nothing.
	REST *rest.RESTClient
	// Close cuts the connections. It is for the time after the last request.
	Close func()
}

// Connect makes a connection to a registered member from its KubeFedCluster and Secret, as the daemon does. It sends
// nothing to the member yet.
func (p *Plane) Connect(ctx context.Context, c *fedv1b1.KubeFedCluster) (*Member, error) {
	secret := &corev1.Secret{}
	err := p.Client.Get(ctx, types.NamespacedName{Namespace: c.Namespace, Name: c.Spec.SecretRef.Name}, secret)
	switch {
	case apierrors.IsNotFound(err):
		secret = nil
	case err != nil:
		return nil, fmt.Errorf("read the credentials of member %q: %w", c.Name, err)
	}
	credentials, err := member.NewCredentials(c, secret)
	if err != nil {
		return nil, fmt.Errorf("connect to member %q: %w", c.Name, err)
	}
	m := &Member{Name: fleet.Name(c.Name), Pin: types.UID(c.Annotations[host.MemberUIDAnnotation]), Config: credentials.Config}
	if m.HTTP, m.Close, err = credentials.HTTPClient(); err != nil {
		return nil, fmt.Errorf("connect to member %q: %w", c.Name, err)
	}
	if m.Dynamic, err = dynamic.NewForConfigAndClient(m.Config, m.HTTP); err != nil {
		return nil, fmt.Errorf("connect to member %q: %w", c.Name, err)
	}
	if m.Metadata, err = metadata.NewForConfigAndClient(m.Config, m.HTTP); err != nil {
		return nil, fmt.Errorf("connect to member %q: %w", c.Name, err)
	}
	if m.REST, err = raw.NewClientFor(m.Config, m.HTTP); err != nil {
		return nil, fmt.Errorf("connect to member %q: %w", c.Name, err)
	}
	return m, nil
}

// ErrStranger says that another cluster answers than the one that joined under the member's name.
var ErrStranger = errors.New("another cluster answers than the one that joined")

// CheckIdentity asks who answers. ErrStranger says that it is not the member; a member that does not let fedsync see its identity passes,
// as it does for the daemon.
func (m *Member) CheckIdentity(ctx context.Context) error {
	ns, err := m.Metadata.Resource(corev1.SchemeGroupVersion.WithResource("namespaces")).Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	switch {
	case apierrors.IsForbidden(err):
		return nil
	case err != nil:
		return err
	case m.Pin != "" && m.Pin != ns.UID:
		return ErrStranger
	}
	return nil
}
