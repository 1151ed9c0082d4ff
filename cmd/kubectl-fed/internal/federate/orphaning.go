package federate

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/federation/host"
)

func orphaningCommand(g *cli.Global) *cobra.Command {
	c := &cobra.Command{
		Use:   "orphaning-deletion",
		Short: "Say whether copies stay in the members when their federated object is deleted",
		Long: `Say whether copies stay in the members when their federated object is deleted. Enabled, they are released: they stay, and are
nobody's copies any more. Disabled, as it is without a word, they are deleted with it.`,
	}
	for _, sub := range []struct{ use, short, example, value string }{
		{"enable", "Let copies stay when the federated object is deleted", "  kubectl fed orphaning-deletion enable deployments/web -n demo", `"true"`},
		{"disable", "Let copies go with the federated object", "  kubectl fed orphaning-deletion disable deployments/web -n demo", "null"},
		{"status", "Print Enabled or Disabled", "  kubectl fed orphaning-deletion status deployments/web -n demo", ""},
	} {
		dryRun := false
		one := &cobra.Command{
			Use: sub.use + " TYPE NAME", Short: sub.short, Example: sub.example, ValidArgsFunction: g.CompleteObjects,
			RunE: func(c *cobra.Command, args []string) error {
				word, name, _, err := cli.Named(args)
				if err != nil {
					return err
				}
				return orphaning(c.Context(), &orphanable{g: g, word: word, name: name, dryRun: dryRun}, sub.value)
			},
		}
		if sub.value != "" {
			one.Flags().BoolVar(&dryRun, "dry-run", false, "check everything and write nothing")
		}
		c.AddCommand(one)
	}
	return c
}

// orphanable is an object that somebody named.
type orphanable struct {
	g          *cli.Global
	word, name string
	dryRun     bool
}

// orphaning sets the annotation to a JSON value, or prints how it is if there is none.
func orphaning(ctx context.Context, named *orphanable, value string) error {
	g := named.g
	t, err := g.FindObject(ctx, named.word, named.name)
	if err != nil {
		return err
	}
	o := t.Object
	if value == "" {
		now := "Disabled"
		if o.Orphan {
			now = "Enabled"
		}
		fmt.Fprintln(g.Out, now)
		return nil
	}
	client, err := dynamic.NewForConfig(t.Plane.Config)
	if err != nil {
		return err
	}
	patch := fmt.Sprintf(`{"metadata":{"uid":%q,"annotations":{%q:%s}}}`, o.UID, host.OrphanAnnotation, value)
	options, suffix := metav1.PatchOptions{FieldManager: control.FieldOwner}, ""
	if named.dryRun {
		options.DryRun, suffix = []string{metav1.DryRunAll}, " (dry run)"
	}
	if _, err = client.Resource(t.Type.Federated.GVR()).Namespace(o.Key.Namespace).Patch(ctx, named.name, types.MergePatchType, []byte(patch), options); err != nil {
		return fmt.Errorf("annotate %s %q: %w", t.Type.Federated.Kind, named.name, err)
	}
	fmt.Fprintf(g.Out, "%s annotated%s\n", named.name, suffix)
	return nil
}

// Commands returns the commands that make federated objects.
func Commands(g *cli.Global) []*cobra.Command {
	return []*cobra.Command{federateCommand(g), orphaningCommand(g)}
}
