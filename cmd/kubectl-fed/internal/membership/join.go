package membership

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
)

// reach names the two clusters of a command, as KubeFed's flags do.
type reach struct {
	g                        *cli.Global
	member                   string
	clusterContext, hostName string
	dryRun                   bool
}

func (r *reach) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&r.clusterContext, "cluster-context", "", "context of the cluster in your kubeconfig (default: the member's name)")
	c.Flags().StringVar(&r.hostName, "host-cluster-name", "", "name of the host, a part of the names in the member (default: the host's context)")
	c.Flags().BoolVar(&r.dryRun, "dry-run", false, "check everything and write nothing")
}

// complete fills in the defaults.
func (r *reach) complete(member string) error {
	r.member = member
	if r.clusterContext == "" {
		r.clusterContext = member
	}
	if r.hostName == "" {
		r.hostName = r.g.ContextName()
	}
	if r.hostName == "" {
		r.hostName = "host"
	}
	if strings.ContainsAny(r.hostName, ":/") {
		return cli.Next(fmt.Errorf("the host's name %q has a : or /, which names of accounts cannot have", r.hostName), "give it another with --host-cluster-name")
	}
	return nil
}

func (r *reach) accountName() string { return r.member + "-" + r.hostName }

type joinOptions struct {
	reach

	secretName, fromSecret, credentials, endpoint, caFile string
	labels                                                map[string]string
	errorOnExisting, clusterAdmin, printRBAC, replace     bool
	wait                                                  time.Duration
}

func joinCommand(g *cli.Global) *cobra.Command {
	o := &joinOptions{reach: reach{g: g}}
	c := &cobra.Command{
		Use:   "join MEMBER",
		Short: "Register a cluster as a member",
		Long: `Register a cluster as a member of the federation.

In the cluster it makes an account with the rights that the enabled federated types need and no more, and a token for it; on the
host, a Secret with the token and the KubeFedCluster. Before it writes anything it asks both clusters who they are and whether you
may do this. Joining again renews the rights, for example after a type was enabled, and keeps the credentials that work and the way by
which the host reaches the member.`,
		Example: `  # join the cluster of the context member1 of your kubeconfig; the current context is the host's
  kubectl fed join member1 --labels region=eu,tier=production

  # see the rights that it would get
  kubectl fed join member1 --print-rbac

  # register a cluster whose credentials are in a Secret of the host already
  kubectl fed join member2 --from-secret member2-kubeconfig --api-endpoint https://member2.example.com:6443`,
		Args: exactlyOneMember,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.complete(args[0]); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.addFlags(c)
	f := c.Flags()
	f.StringVar(&o.secretName, "secret-name", "", "name of the Secret with the credentials on the host (default: MEMBER-credentials)")
	f.StringVar(&o.fromSecret, "from-secret", "", "a Secret of the host that holds credentials already: a token, tls.crt and tls.key, or a kubeconfig; nothing is written in the member")
	f.StringVar(&o.credentials, "credentials", "token", "token for an account that is made, or certificate for the client certificate of the member's context")
	f.StringVar(&o.endpoint, "api-endpoint", "", "URL by which the host reaches the member (default: the one in your kubeconfig)")
	f.StringVar(&o.caFile, "ca-bundle", "", "file with the certificates that sign the member's (default: those in your kubeconfig)")
	f.StringToStringVar(&o.labels, "labels", nil, "labels of the KubeFedCluster, by which placements select: KEY=VALUE,...")
	f.BoolVar(&o.errorOnExisting, "error-on-existing", false, "refuse if the member is registered already")
	f.BoolVar(&o.clusterAdmin, "cluster-admin", false, "grant all rights, as kubefedctl does")
	f.BoolVar(&o.printRBAC, "print-rbac", false, "print what would be made in the member, and do nothing")
	f.BoolVar(&o.replace, "replace-cluster", false, "let the name stand for another cluster than before")
	f.DurationVar(&o.wait, "wait", 30*time.Second, "how long to wait until fedsyncd calls the member ready; 0 for not at all")
	return c
}

func exactlyOneMember(c *cobra.Command, args []string) error {
	if len(args) == 1 && args[0] != "" {
		return nil
	}
	return cli.Next(errors.New("name one member"), "`%s --help` shows examples", c.CommandPath())
}

// joining is a join that is under way.
type joining struct {
	*joinOptions

	plane   *control.Plane
	config  *rest.Config // of the member
	who     types.UID    // the identity of the cluster of the member's context
	cluster client.Client
	account account
	before  *fedv1b1.KubeFedCluster // nil if it is new
	// clusters are all that are registered.
	clusters []fedv1b1.KubeFedCluster
}

func (o *joinOptions) run(ctx context.Context) error {
	plane, err := o.g.Plane()
	if err != nil {
		return err
	}
	j := &joining{joinOptions: o, plane: plane}
	if err := j.prepare(ctx); err != nil {
		return err
	}
	if o.printRBAC {
		return j.print()
	}
	progress := cli.StartProgress(o.g.ErrOut, "looking at host and member")
	err = j.check(ctx)
	progress.Stop()
	if err != nil {
		return err
	}
	if o.dryRun {
		fmt.Fprintf(o.g.Out, "%s can join (dry run)\n", o.member)
		return nil
	}
	progress = cli.StartProgress(o.g.ErrOut, "joining "+o.member)
	registered, notes, err := j.join(ctx)
	progress.Stop()
	if err != nil {
		return err
	}
	for _, note := range notes {
		fmt.Fprintln(o.g.ErrOut, "note: ", note)
	}
	return j.await(ctx, registered)
}

// prepare reads what the account depends on.
func (j *joining) prepare(ctx context.Context) error {
	list, err := j.plane.Types(ctx)
	if err != nil {
		return err
	}
	rules, err := j.plane.Rules(ctx)
	if err != nil {
		return err
	}
	j.account = account{name: j.accountName(), namespace: j.plane.Namespace, hostUID: rules.HostUID, limited: rules.Limited, rules: leastRules(list)}
	if j.clusterAdmin {
		j.account.rules = allRules()
	}
	return nil
}

func (j *joining) print() error {
	return cli.WriteDocuments(j.g.Out, j.account.objects())
}

// caBundle returns the certificates that sign the member's.
func (j *joining) caBundle() ([]byte, error) {
	if j.caFile != "" {
		bundle, err := os.ReadFile(j.caFile)
		if err != nil {
			return nil, fmt.Errorf("read --ca-bundle: %w", err)
		}
		return bundle, nil
	}
	if j.config == nil {
		return nil, nil
	}
	loaded := rest.CopyConfig(j.config)
	if err := rest.LoadTLSFiles(loaded); err != nil {
		return nil, fmt.Errorf("read the certificates of context %q: %w", j.clusterContext, err)
	}
	return loaded.CAData, nil
}
