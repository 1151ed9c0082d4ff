package membership

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/federation/host"
)

// What becomes of the copies in a member that leaves.
const (
	copiesKeep    = "keep"
	copiesRelease = "release"
	copiesDelete  = "delete"
)

type unjoinOptions struct {
	reach

	copies     string
	force, yes bool
}

func unjoinCommand(g *cli.Global) *cobra.Command {
	o := &unjoinOptions{reach: reach{g: g}}
	c := &cobra.Command{
		Use:   "unjoin MEMBER",
		Short: "Take a cluster out of the federation",
		Long: `Take a cluster out of the federation.

The KubeFedCluster goes first, so that fedsyncd lets go of the cluster. Then what join made there goes: account, rights and token.
The copies stay as they are, unless --copies says otherwise:

  keep     they stay, with their label; a member that joins again under this name takes them up
  release  they stay, and lose label and mark: nothing tells any more that they were copies
  delete   those go that a federated object of the host declares; others, and all namespaces, are released

A namespace of the control plane is deleted in the member only if join made it and nothing of anybody else is in it.`,
		Example: `  # see what would go and what would stay
  kubectl fed unjoin member1 --dry-run

  # leave nothing behind
  kubectl fed unjoin member1 --copies=delete --yes

  # forget a cluster that does not exist any more
  kubectl fed unjoin member1 --force`,
		Args:              exactlyOneMember,
		ValidArgsFunction: g.CompleteMembers,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.complete(args[0]); err != nil {
				return err
			}
			if o.copies != copiesKeep && o.copies != copiesRelease && o.copies != copiesDelete {
				return cli.Next(fmt.Errorf("--copies %q is none of keep, release and delete", o.copies), "leave it out to keep them")
			}
			return o.run(c.Context())
		},
	}
	o.addFlags(c)
	c.Flags().StringVar(&o.copies, "copies", copiesKeep, "what becomes of the copies: keep, release or delete")
	c.Flags().BoolVar(&o.force, "force", false, "go on after errors, and without the cluster if it does not answer")
	c.Flags().BoolVar(&o.yes, "yes", false, "do not ask")
	return c
}

// leaving is an unjoin that is under way.
type leaving struct {
	*unjoinOptions

	plane      *control.Plane
	registered *fedv1b1.KubeFedCluster // nil if it is gone already
	account    account
	config     *rest.Config // of the member, nil if it does not answer
	cluster    client.Client
	metadata   metadata.Interface
	problems   []error
}

func (o *unjoinOptions) run(ctx context.Context) error {
	plane, err := o.g.Plane()
	if err != nil {
		return err
	}
	l := &leaving{unjoinOptions: o, plane: plane}
	progress := cli.StartProgress(o.g.ErrOut, "looking at what "+o.member+" has")
	copies, err := l.look(ctx)
	progress.Stop()
	if err != nil {
		return err
	}
	l.show(copies)
	if o.dryRun {
		return nil
	}
	if o.copies == copiesDelete {
		if err := o.g.Confirm("Delete these copies?", o.yes); err != nil {
			return err
		}
	}
	progress = cli.StartProgress(o.g.ErrOut, "taking "+o.member+" out of the federation")
	err = l.leave(ctx, copies, progress)
	progress.Stop()
	if err != nil {
		return err
	}
	fmt.Fprintf(o.g.Out, "%s unjoined\n", o.member)
	return nil
}

// look finds out what there is, and whether it can be reached.
func (l *leaving) look(ctx context.Context) ([]managed, error) {
	registered, err := l.plane.Cluster(ctx, l.member)
	unknown, missing := errors.AsType[*control.UnknownError](err)
	switch {
	case missing && !l.force:
		return nil, cli.Next(unknown, "--force takes away what may be left in the cluster of context %q", l.clusterContext)
	case err != nil && !missing:
		return nil, err
	case !missing:
		l.registered = registered
	}
	uid, err := control.Identity(ctx, l.plane.Client)
	if err != nil {
		return nil, err
	}
	l.account = account{name: l.accountName(), namespace: l.plane.Namespace, hostUID: uid}
	var who types.UID
	if l.config, l.cluster, err = l.connect(); err == nil {
		who, err = control.Identity(ctx, l.cluster)
	}
	if err == nil {
		if err := l.checkCluster(who); err != nil {
			return nil, err
		}
	}
	if err != nil {
		l.config = nil
		if !l.force {
			return nil, cli.Instead(fmt.Errorf("the cluster of member %q: %w", l.member, err), "--cluster-context names its context; --force forgets the member without it")
		}
		fmt.Fprintf(l.g.ErrOut, "note:  the cluster does not answer, and keeps all it has: %v\n", err)
		return nil, nil
	}
	if l.metadata, err = metadata.NewForConfig(l.config); err != nil {
		return nil, err
	}
	return l.managed(ctx)
}

// checkCluster refuses a cluster that is not the member, and to delete copies in the host: they may be the very objects that were federated.
func (l *leaving) checkCluster(who types.UID) error {
	if l.registered != nil {
		if err := sameCluster(l.registered, who, l.clusterContext); err != nil {
			return err
		}
	}
	if l.copies == copiesDelete && who != "" && who == l.account.hostUID {
		return cli.Next(fmt.Errorf("%s is the host itself: its copies may be the objects that were federated", l.member), "use --copies=release, and delete by hand what is to go")
	}
	return nil
}

// sameCluster refuses a cluster that is not the one that fedsyncd knows under the member's name.
func sameCluster(c *fedv1b1.KubeFedCluster, who types.UID, clusterContext string) error {
	pin := types.UID(c.Annotations[host.MemberUIDAnnotation])
	if pin == "" || who == "" || pin == who {
		return nil
	}
	return cli.Next(fmt.Errorf("the cluster of context %q is not member %q: it is %s, and the member is %s", clusterContext, c.Name, who, pin), "name the member's context with --cluster-context")
}

// leave does it. Rights go before copies: nobody then writes again what is taken away.
func (l *leaving) leave(ctx context.Context, copies []managed, progress *cli.Progress) error {
	steps := []func(context.Context) error{l.unregister}
	if l.config != nil {
		steps = append(steps, l.revoke, func(ctx context.Context) error { return l.settle(ctx, copies, progress) }, l.removeAccount)
	}
	steps = append(steps, l.removeSecret)
	for _, step := range steps {
		if err := step(ctx); err != nil {
			if !l.force {
				return cli.Next(err, "mend this and run the command again; --force goes on without it")
			}
			l.problems = append(l.problems, err)
		}
	}
	for _, p := range l.problems {
		fmt.Fprintf(l.g.ErrOut, "note:  left behind: %v\n", p)
	}
	return nil
}

// unregister deletes the KubeFedCluster: without it fedsyncd may touch nothing in the cluster.
func (l *leaving) unregister(ctx context.Context) error {
	if l.registered == nil {
		return nil
	}
	if err := client.IgnoreNotFound(l.plane.Client.Delete(ctx, l.registered)); err != nil {
		return fmt.Errorf("on the host: delete KubeFedCluster %q: %w", l.member, err)
	}
	return nil
}

// removeSecret deletes the member's credentials on the host if join or kubefedctl made them. Those of join are found by their label, also
// when the KubeFedCluster went at an earlier try.
func (l *leaving) removeSecret(ctx context.Context) error {
	list := &corev1.SecretList{}
	if err := l.plane.Client.List(ctx, list, client.InNamespace(l.plane.Namespace), client.MatchingLabels{memberLabel: l.member}); err != nil {
		return fmt.Errorf("on the host: list Secrets of %q: %w", l.member, err)
	}
	secrets := list.Items
	if l.registered != nil && l.registered.Spec.SecretRef.Name != "" {
		named := corev1.Secret{}
		key := client.ObjectKey{Namespace: l.plane.Namespace, Name: l.registered.Spec.SecretRef.Name}
		switch err := l.plane.Client.Get(ctx, key, &named); {
		case client.IgnoreNotFound(err) != nil:
			return fmt.Errorf("on the host: get Secret %q: %w", key.Name, err)
		case err == nil && !ourSecret(&named, l.member):
			fmt.Fprintf(l.g.ErrOut, "note:  Secret %s stays on the host: join did not make it\n", key.Name)
		case err == nil:
			secrets = append(secrets, named)
		}
	}
	for i := range secrets {
		s := &secrets[i]
		if err := client.IgnoreNotFound(l.plane.Client.Delete(ctx, s, client.Preconditions{UID: &s.UID})); err != nil {
			return fmt.Errorf("on the host: delete Secret %q: %w", s.Name, err)
		}
	}
	return nil
}

// ourSecret tells that join made the Secret, or kubefedctl did: that gives generated names, and only a token.
func ourSecret(s *corev1.Secret, member string) bool {
	if s.Labels[memberLabel] == member {
		return true
	}
	_, token := s.Data[corev1.ServiceAccountTokenKey]
	return s.GenerateName == member+"-" && token && len(s.Data) == 1
}

// revoke takes the account's rights away.
func (l *leaving) revoke(ctx context.Context) error {
	for _, limited := range []bool{true, false} {
		a := l.account
		a.limited = limited
		for _, o := range a.grants() {
			if err := client.IgnoreNotFound(l.cluster.Delete(ctx, o)); err != nil {
				return fmt.Errorf("in the member: delete %s %q: %w", o.GetObjectKind().GroupVersionKind().Kind, o.GetName(), err)
			}
		}
	}
	return nil
}

// removeAccount deletes the account, its tokens and, if it may, their namespace.
func (l *leaving) removeAccount(ctx context.Context) error {
	secrets := &corev1.SecretList{}
	if err := l.cluster.List(ctx, secrets, client.InNamespace(l.account.namespace)); err != nil {
		return fmt.Errorf("in the member: list Secrets in %q: %w", l.account.namespace, err)
	}
	for i := range secrets.Items {
		s := &secrets.Items[i]
		if s.Type != corev1.SecretTypeServiceAccountToken || s.Annotations[corev1.ServiceAccountNameKey] != l.account.name {
			continue
		}
		if err := client.IgnoreNotFound(l.cluster.Delete(ctx, s)); err != nil {
			return fmt.Errorf("in the member: delete Secret %q: %w", s.Name, err)
		}
	}
	a := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: l.account.namespace, Name: l.account.name}}
	if err := client.IgnoreNotFound(l.cluster.Delete(ctx, a)); err != nil {
		return fmt.Errorf("in the member: delete ServiceAccount %q: %w", a.Name, err)
	}
	return l.removeNamespace(ctx)
}
