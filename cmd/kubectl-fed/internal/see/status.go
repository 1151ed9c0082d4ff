package see

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
)

type statusOptions struct {
	g          *cli.Global
	output     cli.Output
	check, all bool
}

func statusCommand(g *cli.Global) *cobra.Command {
	o := &statusOptions{g: g}
	c := &cobra.Command{
		Use:   "status",
		Short: "Show the whole federation: members, objects, copies, and what is wrong",
		Long: `Show the whole federation: members and their health, objects and copies by how they stand, by type and by namespace, what is
out of step for the longest, and what to do about it. It shows what fedsyncd last wrote on the host.`,
		Example: `  kubectl fed status

  # one namespace; exit status 1 if anything is not as declared
  kubectl fed status -n demo --check`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.output.Validate(); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.output.AddFlag(c.Flags(), "json", "yaml", "wide")
	c.Flags().BoolVar(&o.check, "check", false, "exit with 1 if a member is not ready or an object not as declared")
	c.Flags().BoolVarP(&o.all, "all-namespaces", "A", false, "all namespaces, which is so without -n too")
	return c
}

func (o *statusOptions) run(ctx context.Context) error {
	plane, err := o.g.Plane()
	if err != nil {
		return err
	}
	namespace := ""
	if o.g.NamespaceGiven() && !o.all {
		if namespace, err = o.g.Namespace(); err != nil {
			return err
		}
	}
	members, w, err := gather(ctx, o.g, plane, namespace)
	if err != nil {
		return err
	}
	f := tally(w.types)
	f.Members = count(members)
	f.Warnings = append(f.Warnings, w.warnings...)
	if err := o.print(f, members); err != nil {
		return err
	}
	if o.check && (!f.InStep() || f.Members.Ready < f.Members.Total) {
		return cli.Next(errors.New("not everything is as declared"), "see NOT AS DECLARED above")
	}
	return nil
}

func (o *statusOptions) print(f *Fleet, members []Member) error {
	if o.output.Structured() {
		return o.output.Print(o.g.Out, f)
	}
	out := o.g.Out
	colour := cli.ColourFor(out)
	fmt.Fprintln(out, "Members: ", membersInWords(f.Members))
	for i := range members {
		if m := &members[i]; m.State != memberReady {
			fmt.Fprintf(out, "  %s  %s: %s\n", m.Name, colour.Red(m.State), cli.Clean(m.Message))
		}
	}
	fmt.Fprintf(out, "Objects:  %d of %d as declared", f.AsDeclared, f.Objects)
	if f.Unseen > 0 {
		fmt.Fprintf(out, ", %d changed and not looked at yet", f.Unseen)
	}
	fmt.Fprintln(out)
	fmt.Fprintln(out, "Copies:  ", copiesInWords(f.Copies))
	if f.Oldest != nil {
		fmt.Fprintf(out, "Oldest:   %s, for %s: %s\n", f.Oldest.Object, age(o.g.Clock.Now(), f.Oldest.Since), cli.Clean(f.Oldest.Why))
	}
	return errors.Join(
		printParts(out, "TYPE", f.Types, o.output.Wide()),
		printParts(out, "NAMESPACE", f.Namespaces, o.output.Wide()),
		o.printTroubles(f, colour),
	)
}

func membersInWords(c MemberCounts) string {
	parts := []string{fmt.Sprintf("%d of %d ready", c.Ready, c.Total)}
	for _, p := range []struct {
		n    int
		word string
	}{{c.NotReady, "not ready"}, {c.Malformed, "without a connection"}, {c.Unprobed, "not looked at yet"}, {c.Cordoned, "cordoned"}, {c.Drained, "drained"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	return strings.Join(parts, ", ")
}

func copiesInWords(t Tally) string {
	parts := []string{fmt.Sprintf("%d of %d in step", t.InStep, t.Total())}
	for _, p := range []struct {
		n    int
		word string
	}{{t.Pending, "pending"}, {t.Removing, "being removed"}, {t.Unreachable, "unreachable"}, {t.Failed, "failed"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	return strings.Join(parts, ", ")
}

// printParts prints what has objects; -o wide prints the rest too.
func printParts(out io.Writer, heading string, parts []Part, wide bool) error {
	var rows [][]string
	for _, p := range parts {
		if p.Objects > 0 || wide {
			c := p.Copies
			rows = append(rows, []string{
				p.Name, fmt.Sprintf("%d/%d", p.AsDeclared, p.Objects), fmt.Sprintf("%d/%d", c.InStep, c.Total()),
				fmt.Sprint(c.Pending), fmt.Sprint(c.Removing), fmt.Sprint(c.Unreachable), fmt.Sprint(c.Failed),
			})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintln(out)
	return cli.Table(out, []string{heading, "OBJECTS", "COPIES", "PENDING", "REMOVING", "UNREACHABLE", "FAILED"}, rows)
}

func (o *statusOptions) printTroubles(f *Fleet, colour cli.Colour) error {
	out := o.g.Out
	if len(f.Troubles) > 0 {
		rows, limit := make([][]string, 0, len(f.Troubles)), maxShown
		if o.output.Wide() {
			limit = 0
		}
		for _, t := range f.Troubles {
			first := t.First
			if t.Message != "" {
				first += ": " + cli.Shortened(t.Message, limit)
			}
			rows = append(rows, []string{t.Word, fmt.Sprint(t.Count), first, t.Next})
		}
		fmt.Fprintln(out)
		if err := cli.Table(out, []string{"NOT AS DECLARED", "COUNT", "FIRST", "NEXT"}, rows); err != nil {
			return err
		}
	}
	if f.Frozen > 0 {
		fmt.Fprintf(out, "\n%s: correct the placement; the events of the KubeFedConfig name the command that lets exactly these go\n",
			colour.Red(fmt.Sprintf("%d removals are held back by the budget", f.Frozen)))
	}
	warnings := slices.Sorted(slices.Values(f.Warnings))
	for i, warning := range warnings {
		if i == 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out, colour.Yellow("Warning:"), cli.Clean(warning))
	}
	return nil
}

// maxShown is how many bytes of a message a table shows.
const maxShown = 80

// since says how long ago a stored time is, or nothing if it is none.
func since(now time.Time, stored string) string {
	at, err := time.Parse(time.RFC3339, stored)
	if err != nil {
		return ""
	}
	return age(now, at)
}
