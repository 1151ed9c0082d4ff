package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kubefed/pkg/apis/core/common"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/federation/resolve"
	"github.com/fedsync/fedsync/fleet"
)

// Plane is the control plane on the host.
type Plane struct {
	// Config is how the host is reached.
	Config *rest.Config
	// Client reads and writes the typed objects: core, RBAC, CRDs and core.kubefed.io.
	Client client.Client
	// Namespace is the control plane's.
	Namespace string

	rest *rest.RESTClient
	// watching has no time limit: a watch lasts.
	watching *rest.RESTClient
}

// FieldOwner is the field manager of what the commands write.
const FieldOwner = "kubectl-fed"

// Scheme returns the kinds that Plane.Client knows.
func Scheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	return s, errors.Join(corev1.AddToScheme(s), authenticationv1.AddToScheme(s), authorizationv1.AddToScheme(s), rbacv1.AddToScheme(s), apiextensionsv1.AddToScheme(s), fedv1b1.AddToScheme(s))
}

// Open prepares to talk to the host. It sends nothing yet.
func Open(config *rest.Config, namespace string) (*Plane, error) {
	scheme, err := Scheme()
	if err != nil {
		return nil, err
	}
	typed, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("connect to the host %s: %w", config.Host, err)
	}
	untyped, err := raw.NewClient(config)
	if err != nil {
		return nil, fmt.Errorf("connect to the host %s: %w", config.Host, err)
	}
	lasting := rest.CopyConfig(config)
	lasting.Timeout = 0
	watching, err := raw.NewClient(lasting)
	if err != nil {
		return nil, fmt.Errorf("connect to the host %s: %w", config.Host, err)
	}
	return &Plane{Config: config, Client: typed, Namespace: namespace, rest: untyped, watching: watching}, nil
}

// Clusters returns the registered members, sorted by name.
func (p *Plane) Clusters(ctx context.Context) ([]fedv1b1.KubeFedCluster, error) {
	list := &fedv1b1.KubeFedClusterList{}
	if err := p.Client.List(ctx, list, client.InNamespace(p.Namespace)); err != nil {
		return nil, fmt.Errorf("list KubeFedClusters in namespace %q: %w", p.Namespace, err)
	}
	slices.SortFunc(list.Items, func(a, b fedv1b1.KubeFedCluster) int { return strings.Compare(a.Name, b.Name) })
	return list.Items, nil
}

// Cluster returns one registered member. The error names those that there are.
func (p *Plane) Cluster(ctx context.Context, name string) (*fedv1b1.KubeFedCluster, error) {
	c := &fedv1b1.KubeFedCluster{}
	err := p.Client.Get(ctx, types.NamespacedName{Namespace: p.Namespace, Name: name}, c)
	if !apierrors.IsNotFound(err) {
		if err != nil {
			return nil, fmt.Errorf("get KubeFedCluster %q: %w", name, err)
		}
		return c, nil
	}
	names, err := p.MemberNames(ctx)
	if err != nil {
		return nil, err
	}
	return nil, &UnknownError{What: "member", Name: name, Known: names}
}

// MemberNames returns the names of the registered members, sorted.
func (p *Plane) MemberNames(ctx context.Context) ([]string, error) {
	clusters, err := p.Clusters(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(clusters))
	for i := range clusters {
		names = append(names, clusters[i].Name)
	}
	return names, nil
}

// UnknownError says that there is nothing of a name, and what there is.
type UnknownError struct {
	// What is the kind of thing, such as "member".
	What, Name string
	// Known are the names that there are, sorted.
	Known []string
}

// maxKnown bounds how many names an error lists.
const maxKnown = 10

// Error implements error.
func (e *UnknownError) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("there is no %s %q, and no other", e.What, e.Name)
	}
	known, more := e.Known, ""
	if len(known) > maxKnown {
		known, more = known[:maxKnown], fmt.Sprintf(" and %d more", len(known)-maxKnown)
	}
	return fmt.Sprintf("there is no %s %q; there are: %s%s", e.What, e.Name, strings.Join(known, ", "), more)
}

// SnapshotOf returns the clusters as the deciding stages see them; uid is the host's identity, "" if it is not known.
func SnapshotOf(clusters []fedv1b1.KubeFedCluster, uid types.UID) fleet.Snapshot {
	members := make([]fleet.Member, 0, len(clusters))
	for i := range clusters {
		c := &clusters[i]
		pin := types.UID(c.Annotations[host.MemberUIDAnnotation])
		members = append(members, fleet.Member{
			Name: fleet.Name(c.Name), Labels: c.Labels, UID: pin, Ready: Ready(c), Host: pin != "" && pin == uid,
			Cordoned: host.Marked(c, host.CordonedAnnotation), Drained: host.Marked(c, host.DrainedAnnotation),
		})
	}
	return fleet.NewSnapshot(members...)
}

// Ready tells what the daemon last wrote about the member.
func Ready(c *fedv1b1.KubeFedCluster) bool {
	return slices.ContainsFunc(c.Status.Conditions, func(o fedv1b1.ClusterCondition) bool {
		return o.Type == common.ClusterReady && o.Status == corev1.ConditionTrue
	})
}

// Identity returns what tells a cluster apart from others: the UID of its namespace kube-system. It is "" where that
// namespace may not be read.
func Identity(ctx context.Context, c client.Reader) (types.UID, error) {
	ns := &metav1.PartialObjectMetadata{}
	ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	err := c.Get(ctx, types.NamespacedName{Name: metav1.NamespaceSystem}, ns)
	if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the identity of the cluster: %w", err)
	}
	return ns.UID, nil
}

// Rules are what decides about all objects alike, as the daemon has it: what the KubeFedConfig says, and the defaults where there is none.
func (p *Plane) Rules(ctx context.Context) (resolve.Settings, error) {
	settings, err := p.settings(ctx)
	if err != nil {
		return resolve.Settings{}, err
	}
	uid, err := Identity(ctx, p.Client)
	return resolve.Settings{Namespace: p.Namespace, HostUID: uid, Limited: settings.Limited, Adopt: settings.Adopt}, err
}

func (p *Plane) settings(ctx context.Context) (host.Config, error) {
	stored, err := host.GetConfig(ctx, p.Client, p.Namespace)
	if apierrors.IsNotFound(err) {
		return host.DefaultConfig(), nil
	}
	if err != nil {
		return host.Config{}, err
	}
	settings, err := host.DecodeConfig(stored)
	if err != nil {
		return host.Config{}, fmt.Errorf("read KubeFedConfig %q, which fedsyncd does not take either: %w", host.ConfigName, err)
	}
	return settings, nil
}
