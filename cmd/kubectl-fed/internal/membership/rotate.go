package membership

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
)

type rotateOptions struct {
	reach

	wait time.Duration
}

func rotateCommand(g *cli.Global) *cobra.Command {
	o := &rotateOptions{reach: reach{g: g}}
	c := &cobra.Command{
		Use:   "rotate MEMBER",
		Short: "Renew the credentials of a member without a gap",
		Long: `Renew the credentials of a member without a gap.

A new token is issued beside the old one, tried, and given to fedsyncd. Once fedsyncd finds the member ready with it, the old tokens
are deleted in the member, and are worth nothing from then on.`,
		Example:           "  kubectl fed rotate member1",
		Args:              exactlyOneMember,
		ValidArgsFunction: g.CompleteMembers,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.complete(args[0]); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.addFlags(c)
	c.Flags().DurationVar(&o.wait, "wait", time.Minute, "how long fedsyncd may take to call the member ready with the new credentials, before the old ones are kept")
	return c
}

func (o *rotateOptions) run(ctx context.Context) error {
	plane, err := o.g.Plane()
	if err != nil {
		return err
	}
	cluster, err := plane.Cluster(ctx, o.member)
	if err != nil {
		return cli.Next(err, "`%s join %s` registers it", o.g.Program, o.member)
	}
	secret := &corev1.Secret{}
	key := types.NamespacedName{Namespace: plane.Namespace, Name: cluster.Spec.SecretRef.Name}
	if err := plane.Client.Get(ctx, key, secret); err != nil {
		return fmt.Errorf("on the host: get Secret %q: %w", key.Name, err)
	}
	if _, token := secret.Data[corev1.ServiceAccountTokenKey]; !token {
		return cli.Next(fmt.Errorf("member %q has no token that could be renewed", o.member), "write the new certificate or kubeconfig into Secret %s: fedsyncd takes it up by itself", key.Name)
	}
	_, member, err := o.connect()
	if err != nil {
		return err
	}
	who, err := control.Identity(ctx, member)
	if err != nil {
		return cli.Next(fmt.Errorf("member %q: %w", o.member, err), "see whether it answers: `kubectl --context %s version`", o.clusterContext)
	}
	if err := sameCluster(cluster, who, o.clusterContext); err != nil {
		return err
	}
	a := &account{name: o.accountName(), namespace: plane.Namespace}
	err = member.Get(ctx, types.NamespacedName{Namespace: a.namespace, Name: a.name}, &corev1.ServiceAccount{})
	if apierrors.IsNotFound(err) {
		return cli.Next(fmt.Errorf("the member has no ServiceAccount %q", a.name), "`%s join %s` makes it; --host-cluster-name says how the host was called then", o.g.Program, o.member)
	}
	if err != nil {
		return cli.Next(fmt.Errorf("member %q: %w", o.member, err), "see whether it answers: `kubectl --context %s version`", o.clusterContext)
	}
	if o.dryRun {
		fmt.Fprintf(o.g.Out, "%s can be rotated (dry run)\n", o.member)
		return nil
	}
	progress := cli.StartProgress(o.g.ErrOut, "renewing the credentials of "+o.member)
	revoked, err := o.rotate(ctx, plane, &rotation{account: a, member: member, cluster: cluster, secret: secret})
	progress.Stop()
	if err != nil {
		return err
	}
	fate := "the old token is worth nothing any more"
	if !revoked {
		fate = "the old token was issued for a time, and is good until it expires"
	}
	fmt.Fprintf(o.g.Out, "%s rotated: %s\n", o.member, fate)
	return nil
}

// rotation is what a rotation works on.
type rotation struct {
	account *account
	member  client.Client
	cluster *fedv1b1.KubeFedCluster
	secret  *corev1.Secret // on the host
}

// rotate tells whether the token that was in use could be revoked: one that an API server issued without a Secret cannot.
func (o *rotateOptions) rotate(ctx context.Context, plane *control.Plane, r *rotation) (revoked bool, err error) {
	old := &corev1.SecretList{}
	if err := r.member.List(ctx, old, client.InNamespace(r.account.namespace)); err != nil {
		return false, fmt.Errorf("in the member: list Secrets in %q: %w", r.account.namespace, err)
	}
	fresh := r.account.name + "-" + strconv.FormatInt(o.g.Clock.Now().Unix(), 36)
	token, _, err := r.account.token(ctx, r.member, fresh)
	if err != nil {
		return false, fmt.Errorf("in the member: %w", err)
	}
	changed := r.secret.DeepCopy()
	changed.Data[corev1.ServiceAccountTokenKey] = token
	who, err := verify(ctx, r.cluster, changed)
	if err != nil {
		return false, err
	}
	if err := sameCluster(r.cluster, who, o.clusterContext); err != nil {
		return false, err
	}
	if err := plane.Client.Update(ctx, changed, client.FieldOwner(control.FieldOwner)); err != nil {
		return false, fmt.Errorf("on the host: write Secret %q: %w", changed.Name, err)
	}
	if err := o.awaitTaken(ctx, plane, r.cluster); err != nil {
		return false, err
	}
	for i := range old.Items {
		s := &old.Items[i]
		if s.Type != corev1.SecretTypeServiceAccountToken || s.Annotations[corev1.ServiceAccountNameKey] != r.account.name || s.Name == fresh {
			continue
		}
		revoked = revoked || bytes.Equal(s.Data[corev1.ServiceAccountTokenKey], r.secret.Data[corev1.ServiceAccountTokenKey])
		if err := client.IgnoreNotFound(r.member.Delete(ctx, s, client.Preconditions{UID: &s.UID})); err != nil {
			return false, fmt.Errorf("in the member: delete Secret %q: %w", s.Name, err)
		}
	}
	return revoked, nil
}

// awaitTaken waits until fedsyncd is known to work with the new credentials. It probes a member as soon as its credentials change,
// and writes when it learns something new; so what shows is that the member is ready a while after.
func (o *rotateOptions) awaitTaken(ctx context.Context, plane *control.Plane, c *fedv1b1.KubeFedCluster) error {
	began := o.g.Clock.Now()
	now := &fedv1b1.KubeFedCluster{}
	err := cli.Until(ctx, o.wait, func(ctx context.Context) (bool, error) {
		if err := plane.Client.Get(ctx, client.ObjectKeyFromObject(c), now); err != nil {
			return false, err
		}
		return control.Ready(now) && o.g.Clock.Since(began) > takeUp, nil
	})
	if errors.Is(err, cli.ErrStillWaiting) {
		return cli.Next(fmt.Errorf("fedsyncd does not call %q ready: its old credentials stay good", o.member), "see `%s members`, and run the command again", o.g.Program)
	}
	return err
}

// takeUp is how long fedsyncd takes at most to notice a Secret and to probe with it, in good times; its requests with the old
// token end within its deadline of 15 s and are repeated with the new one.
const takeUp = 3 * time.Second
