package preview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
)

type planOptions struct {
	request

	output cli.Output
	diff   bool
}

func planCommand(g *cli.Global) *cobra.Command {
	o := &planOptions{request: request{g: g}}
	c := &cobra.Command{
		Use:   "plan -f FILE | -k DIR",
		Short: "Show what proposed objects would do to every copy in every member",
		Long: `Show what proposed federated objects, placements, overrides, FederatedNamespaces, or labels of KubeFedClusters would do to every copy
in every member, before anything is stored.

An object's spec would be the one of the file; labels and annotations of the file are laid over those stored, and null takes one away.
What would be done is worked out by fedsyncd's own code. Then one member of each group of copies with the same future is asked by a dry
run, and two of large groups, so that defaults, admission and immutable fields show. Each line is marked:

  exact      the member's API server was asked, or one with the same copy
  predicted  it follows from what the host stores; the member could not be asked
  unknown    the member does not say what it has

Exit status: 0 if nothing would change, 3 if something would, 1 if the plan could not be made.`,
		Example: `  kubectl fed plan -f web.yaml
  kubectl fed plan -k overlays/production --diff
  kubectl fed plan -f web.yaml -o json | jq .copies`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.output.Validate(); err != nil {
				return err
			}
			if !slices.Contains([]string{verifyAll, verifySample, verifyNone}, o.verify) {
				return cli.Next(fmt.Errorf("--verify %q is none of all, sample and none", o.verify), "leave it out to ask one or two of each group")
			}
			return o.run(c.Context())
		},
	}
	o.addFlags(c)
	o.output.AddFlag(c.Flags(), "json", "yaml")
	c.Flags().BoolVar(&o.diff, "diff", false, "show changes as unified diffs")
	c.Flags().StringVar(&o.verify, "verify", verifySample, "whom to ask by dry runs: all members, a sample of each group, or none")
	return c
}

func (o *planOptions) run(ctx context.Context) error {
	made, err := o.compute(ctx)
	if err != nil {
		return err
	}
	if o.output.Structured() {
		if err := o.output.Print(o.g.Out, made.schema()); err != nil {
			return err
		}
	} else {
		p := &printer{out: o.g.Out, colour: cli.ColourFor(o.g.Out), plan: made, diff: o.diff}
		p.print()
		if made.changed() {
			fmt.Fprintf(o.g.Out, "\nApply it with: %s apply %s --plan %s\n", o.g.Program, o.sourcesInWords(), made.read.Hash())
		}
	}
	if made.changed() {
		return &cli.ExitError{Status: cli.StatusChanges}
	}
	return nil
}

// sourcesInWords repeats the flags that name what is proposed.
func (r *request) sourcesInWords() string {
	var words []string
	for _, f := range r.sources.Files {
		words = append(words, "-f "+f)
	}
	if r.sources.Recursive {
		words = append(words, "-R")
	}
	if r.sources.Kustomize != "" {
		words = append(words, "-k "+r.sources.Kustomize)
	}
	if r.deleting {
		words = append(words, "--delete")
	}
	return strings.Join(words, " ")
}

type applyOptions struct {
	request

	plan string
	yes  bool
}

func applyCommand(g *cli.Global) *cobra.Command {
	o := &applyOptions{request: request{g: g, verify: verifyNone}}
	c := &cobra.Command{
		Use:   "apply -f FILE | -k DIR --plan HASH",
		Short: "Store what a plan showed, if nothing has moved since",
		Long: `Store proposed objects on the host, if everything that the plan read is still as it was: the objects themselves, the placements of
their namespaces, members and their labels, settings, and the copies in the members. Each object is written at the very version that
was looked at.`,
		Example: `  kubectl fed apply -f web.yaml --plan 3f1c0a9b2d4e5f60`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.plan == "" && !o.yes {
				return cli.Next(errors.New("which plan?"), "`%s plan %s` shows what would happen and names the plan; --yes goes without", g.Program, o.sourcesInWords())
			}
			return o.run(c.Context())
		},
	}
	o.addFlags(c)
	c.Flags().StringVar(&o.plan, "plan", "", "the hash that plan printed")
	c.Flags().BoolVar(&o.yes, "yes", false, "go without a plan")
	return c
}

func (o *applyOptions) run(ctx context.Context) error {
	made, err := o.compute(ctx)
	if err != nil {
		return err
	}
	if now := made.read.Hash(); o.plan != "" && now != o.plan {
		return cli.Next(fmt.Errorf("this is not plan %s any more: the host, a member or a file has changed since; nothing was written", o.plan),
			"look again: `%s plan %s`", o.g.Program, o.sourcesInWords())
	}
	return o.write(ctx, made)
}

// Commands returns the commands that preview changes.
func Commands(g *cli.Global) []*cobra.Command {
	return []*cobra.Command{planCommand(g), applyCommand(g)}
}
