package membership

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/federation/host"
)

// askTimeout bounds a request to a cluster that may not answer.
const askTimeout = 10 * time.Second

// connect makes a client for the cluster of the member's context.
func (r *reach) connect() (*rest.Config, client.Client, error) {
	config, err := r.g.ContextConfig(r.clusterContext)
	if err != nil {
		return nil, nil, cli.Instead(err, "name the member's context with --cluster-context; `kubectl config get-contexts` lists them")
	}
	config.Timeout = askTimeout
	scheme, err := control.Scheme()
	if err != nil {
		return nil, nil, err
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, nil, fmt.Errorf("connect to %q: %w", r.clusterContext, err)
	}
	return config, c, nil
}

// check asks everything that could make the join fail, before anything is written.
func (j *joining) check(ctx context.Context) error {
	clusters, err := j.plane.Clusters(ctx)
	if err != nil {
		return err
	}
	j.clusters = clusters
	for i := range clusters {
		if clusters[i].Name == j.member {
			j.before = &clusters[i]
		}
	}
	if j.before != nil && j.errorOnExisting {
		return cli.Next(fmt.Errorf("member %q is registered already", j.member), "leave out --error-on-existing to join again")
	}
	if err := may(ctx, j.plane.Client, "on the host", right{"core.kubefed.io", "kubefedclusters", "create", j.plane.Namespace}, right{"", "secrets", "create", j.plane.Namespace}); err != nil {
		return err
	}
	if j.fromSecret != "" {
		return j.checkSecret(ctx)
	}
	if j.config, j.cluster, err = j.connect(); err != nil {
		return err
	}
	if j.who, err = control.Identity(ctx, j.cluster); err != nil {
		return cli.Next(fmt.Errorf("member %q: %w", j.member, err), "see whether it answers: `kubectl --context %s version`", j.clusterContext)
	}
	if err := j.checkIdentity(clusters, j.who); err != nil {
		return err
	}
	if j.credentials == "certificate" {
		return j.checkCertificate()
	}
	if j.credentials != "token" {
		return cli.Next(fmt.Errorf("--credentials %q is neither token nor certificate", j.credentials), "`--from-secret` takes a kubeconfig")
	}
	return may(ctx, j.cluster, "in the member", right{"", "serviceaccounts", "create", j.account.namespace},
		right{"", "secrets", "create", j.account.namespace}, right{rbacGroup, "clusterroles", "create", ""}, right{rbacGroup, "clusterrolebindings", "create", ""})
}

// checkIdentity refuses a cluster that another name stands for, and a name that stands for another cluster.
func (j *joining) checkIdentity(clusters []fedv1b1.KubeFedCluster, uid types.UID) error {
	if j.who != "" && uid != "" && j.who != uid {
		return cli.Next(errors.New("the URL by which the host would reach the member leads to another cluster than its context"), "correct --api-endpoint or --cluster-context; nothing was written on the host")
	}
	for i := range clusters {
		c := &clusters[i]
		pin := types.UID(c.Annotations[host.MemberUIDAnnotation])
		if c.Name != j.member && pin != "" && pin == uid {
			return cli.Next(fmt.Errorf("this cluster is a member already, as %q", c.Name), "use that name, or `%s unjoin %s` first", j.g.Program, c.Name)
		}
		if c.Name == j.member && pin != "" && uid != "" && pin != uid && !j.replace {
			return cli.Next(fmt.Errorf("%q stands for another cluster: %s, and this one is %s", j.member, pin, uid),
				"choose another name, or let this name stand for the new cluster with --replace-cluster")
		}
	}
	return nil
}

func (j *joining) checkSecret(ctx context.Context) error {
	secret := &corev1.Secret{}
	err := j.plane.Client.Get(ctx, types.NamespacedName{Namespace: j.plane.Namespace, Name: j.fromSecret}, secret)
	if apierrors.IsNotFound(err) {
		return cli.Next(fmt.Errorf("there is no Secret %q in namespace %q of the host", j.fromSecret, j.plane.Namespace), "create it there, with the key token, tls.crt and tls.key, or kubeconfig")
	}
	if err == nil && j.endpoint == "" && (j.before == nil || j.before.Spec.APIEndpoint == "") {
		return cli.Next(errors.New("with --from-secret nobody knows where the member is"), "give its URL with --api-endpoint")
	}
	return err
}

func (j *joining) checkCertificate() error {
	loaded := rest.CopyConfig(j.config)
	if err := rest.LoadTLSFiles(loaded); err != nil {
		return fmt.Errorf("read the client certificate of context %q: %w", j.clusterContext, err)
	}
	if len(loaded.CertData) == 0 || len(loaded.KeyData) == 0 {
		return cli.Next(fmt.Errorf("context %q has no client certificate", j.clusterContext), "leave out --credentials to make an account with a token")
	}
	return nil
}

// right is what a person must be allowed to.
type right struct{ group, resource, verb, namespace string }

// may asks the cluster whether the caller has rights. A cluster that does not answer the question is no obstacle.
func may(ctx context.Context, c client.Client, where string, rights ...right) error {
	for _, r := range rights {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{Group: r.group, Resource: r.resource, Verb: r.verb, Namespace: r.namespace},
		}}
		if err := c.Create(ctx, review); err != nil || review.Status.Allowed {
			continue
		}
		what := r.resource
		if r.group != "" {
			what += "." + r.group
		}
		return cli.Next(fmt.Errorf("%s you may not %s %s", where, r.verb, what), "use an account that may; nothing was written")
	}
	return nil
}

// isLoopback tells that a URL leads to the machine itself.
func isLoopback(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
