package membership

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/fleet"
)

func cordonCommand(g *cli.Global) *cobra.Command {
	return &cobra.Command{
		Use:   "cordon MEMBER",
		Short: "Keep new copies out of a member",
		Long: `Keep new copies out of a member.

What the member has is kept in step as before. What is missing there is not created, whether it is new or somebody deleted it.`,
		Example:           "  kubectl fed cordon member1",
		Args:              exactlyOneMember,
		ValidArgsFunction: g.CompleteMembers,
		RunE: func(c *cobra.Command, args []string) error {
			return mark(c.Context(), g, args[0], "cordoned", map[string]string{host.CordonedAnnotation: "true"})
		},
	}
}

func uncordonCommand(g *cli.Global) *cobra.Command {
	return &cobra.Command{
		Use:               "uncordon MEMBER",
		Short:             "Give a member copies again that was cordoned or drained",
		Example:           "  kubectl fed uncordon member1",
		Args:              exactlyOneMember,
		ValidArgsFunction: g.CompleteMembers,
		RunE: func(c *cobra.Command, args []string) error {
			return mark(c.Context(), g, args[0], "uncordoned", map[string]string{host.CordonedAnnotation: "", host.DrainedAnnotation: ""})
		},
	}
}

// mark sets annotations of the KubeFedCluster, and removes those with an empty value.
func mark(ctx context.Context, g *cli.Global, member, done string, marks map[string]string) error {
	plane, err := g.Plane()
	if err != nil {
		return err
	}
	changed, err := setMarks(ctx, plane, member, marks)
	if err != nil {
		return err
	}
	if !changed {
		done = "already " + done
	}
	fmt.Fprintf(g.Out, "%s %s\n", member, done)
	return nil
}

func setMarks(ctx context.Context, plane *control.Plane, member string, marks map[string]string) (changed bool, err error) {
	before, err := plane.Cluster(ctx, member)
	if err != nil {
		return false, err
	}
	after := before.DeepCopy()
	for _, key := range slices.Sorted(maps.Keys(marks)) {
		if value := marks[key]; value == "" {
			delete(after.Annotations, key)
		} else {
			metav1.SetMetaDataAnnotation(&after.ObjectMeta, key, value)
		}
	}
	if maps.Equal(before.Annotations, after.Annotations) {
		return false, nil
	}
	if err := plane.Client.Patch(ctx, after, client.MergeFrom(before), client.FieldOwner(control.FieldOwner)); err != nil {
		return false, fmt.Errorf("mark KubeFedCluster %q: %w", member, err)
	}
	return true, nil
}

type drainOptions struct {
	g           *cli.Global
	yes, dryRun bool
	wait        time.Duration
}

func drainCommand(g *cli.Global) *cobra.Command {
	o := &drainOptions{g: g}
	c := &cobra.Command{
		Use:   "drain MEMBER",
		Short: "Move everything off a member, and keep it off",
		Long: `Move everything off a member, and keep it off.

All copies but namespaces are deleted in the member, whatever their placements say; namespaces stay, because what is in them may be
anybody's. "uncordon" brings everything back. The budget on removals does not hold these back: you name the member.`,
		Example: `  # see what would go
  kubectl fed drain member1 --dry-run

  kubectl fed drain member1 --yes`,
		Args:              exactlyOneMember,
		ValidArgsFunction: g.CompleteMembers,
		RunE:              func(c *cobra.Command, args []string) error { return o.run(c.Context(), args[0]) },
	}
	c.Flags().BoolVar(&o.yes, "yes", false, "do not ask")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would go, and do nothing")
	c.Flags().DurationVar(&o.wait, "wait", 10*time.Minute, "how long to wait until all is off; 0 for not at all")
	return c
}

func (o *drainOptions) run(ctx context.Context, member string) error {
	plane, err := o.g.Plane()
	if err != nil {
		return err
	}
	cluster, err := plane.Cluster(ctx, member)
	if err != nil {
		return err
	}
	uid, err := control.Identity(ctx, plane.Client)
	if err != nil {
		return err
	}
	if pin := cluster.Annotations[host.MemberUIDAnnotation]; pin != "" && pin == string(uid) {
		fmt.Fprintf(o.g.ErrOut, "note:  %s is the host itself: its copies may be the objects that were federated\n", member)
	}
	there, err := contentsOf(ctx, plane, fleet.Name(member))
	if err != nil {
		return err
	}
	there.show(o.g)
	if o.dryRun {
		return nil
	}
	if there.moving > 0 {
		if err := o.g.Confirm(fmt.Sprintf("Delete %d copies in %s?", there.moving, member), o.yes); err != nil {
			return err
		}
	}
	if _, err := setMarks(ctx, plane, member, map[string]string{host.CordonedAnnotation: "true", host.DrainedAnnotation: "true"}); err != nil {
		return err
	}
	return o.await(ctx, plane, member)
}

// lookEvery is how often all statuses are read while a member is drained.
const lookEvery = 2 * time.Second

// await waits until no status names the member any more, but those of namespaces.
func (o *drainOptions) await(ctx context.Context, plane *control.Plane, member string) error {
	if o.wait <= 0 {
		fmt.Fprintf(o.g.Out, "%s is being drained\n", member)
		return nil
	}
	progress := cli.StartProgress(o.g.ErrOut, "waiting until all is off "+member)
	defer progress.Stop()
	left := 0
	err := cli.UntilEvery(ctx, lookEvery, o.wait, func(ctx context.Context) (bool, error) {
		there, err := contentsOf(ctx, plane, fleet.Name(member))
		left = there.moving
		progress.Sayf("%d copies are still in %s", left, member)
		return left == 0, err
	})
	if errors.Is(err, cli.ErrStillWaiting) {
		return cli.Next(fmt.Errorf("%d copies are still in %s after %s; it stays marked, and fedsyncd goes on", left, member, o.wait), "`%s status` says what holds them", o.g.Program)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(o.g.Out, "%s drained\n", member)
	return nil
}

// contents is what the published statuses say of a member.
type contents struct {
	member fleet.Name
	rows   [][]string
	// moving are copies that a drain moves off.
	moving int
}

func contentsOf(ctx context.Context, plane *control.Plane, member fleet.Name) (contents, error) {
	c := contents{member: member}
	list, err := plane.Types(ctx)
	if err != nil {
		return c, err
	}
	for i := range list {
		t := &list[i]
		if !t.Enabled() {
			continue
		}
		objects, err := plane.Objects(ctx, t.Type, "")
		if err != nil {
			return c, err
		}
		n := 0
		for j := range objects {
			if objects[j].Journaled(member) {
				n++
			}
		}
		switch {
		case n == 0:
		case t.IsNamespace():
			c.rows = append(c.rows, []string{t.Target.Plural, fmt.Sprint(n), "stay"})
		default:
			c.moving += n
			c.rows = append(c.rows, []string{t.Target.Plural, fmt.Sprint(n), "DELETED"})
		}
	}
	return c, nil
}

func (c *contents) show(g *cli.Global) {
	if len(c.rows) == 0 {
		fmt.Fprintf(g.ErrOut, "%s has no copies\n", c.member)
		return
	}
	_ = cli.Table(g.ErrOut, []string{"COPIES", "COUNT", "THEN"}, c.rows) // the stream of notes: nobody reads its errors
}
