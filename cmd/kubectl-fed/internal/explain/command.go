package explain

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/federation/provenance"
)

type options struct {
	g      *cli.Global
	output cli.Output
	field  string
}

func explainCommand(g *cli.Global) *cobra.Command {
	o := &options{g: g}
	c := &cobra.Command{
		Use:   "explain TYPE/NAME MEMBER",
		Short: "Say why a copy is where and as it is",
		Long: `Say why a member has a copy or not, and where each field of the copy comes from: the template, an override and which, the member and
who set it there and when, or a default of the member's API server. If the member does not answer, it says what the host alone tells.`,
		Example: `  kubectl fed explain federateddeployments/web member1 -n demo
  kubectl fed explain federateddeployments/web member1 -n demo --field spec.replicas`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.output.Validate(); err != nil {
				return err
			}
			q, err := o.question(args)
			if err != nil {
				return err
			}
			return o.run(c.Context(), q)
		},
		ValidArgsFunction: func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return g.CompleteObjects(c, args, word)
			}
			return g.CompleteMembers(c, args, word)
		},
	}
	o.output.AddFlag(c.Flags(), "json", "yaml", "wide")
	c.Flags().StringVar(&o.field, "field", "", "only this field, and what is below it, such as spec.replicas")
	return c
}

func (o *options) question(args []string) (question, error) {
	word, name, rest, err := cli.Named(args)
	if err != nil {
		return question{}, err
	}
	if len(rest) != 1 {
		return question{}, cli.Next(errors.New("name one member, after the object"), "`%s members` lists them", o.g.Program)
	}
	return question{word: word, name: name, member: rest[0]}, nil
}

func (o *options) run(ctx context.Context, q question) error {
	e, err := gather(ctx, o.g, q)
	if err != nil {
		return err
	}
	if o.field != "" {
		if e.Fields, err = chosen(e.Fields, o.field); err != nil {
			return err
		}
	}
	if o.output.Structured() {
		return o.output.Print(o.g.Out, e)
	}
	return o.print(e)
}

// chosen returns the field and those below it. The error names the nearest that there are.
func chosen(fields []provenance.Field, path string) ([]provenance.Field, error) {
	var found []provenance.Field
	for _, f := range fields {
		if rest, below := strings.CutPrefix(f.Path, path); below && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			found = append(found, f)
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	parent := path
	for parent != "" {
		parent = parent[:max(strings.LastIndexAny(parent, ".["), 0)]
		for _, f := range fields {
			if parent != "" && strings.HasPrefix(f.Path, parent) {
				return nil, cli.Next(fmt.Errorf("the copy has no field %q", path), "below %s there is %s", parent, f.Path)
			}
		}
	}
	return nil, cli.Next(fmt.Errorf("the copy has no field %q", path), "without --field all fields are shown")
}

func (o *options) print(e *Explanation) error {
	out := o.g.Out
	name := e.Name
	if e.Namespace != "" {
		name = e.Namespace + "/" + name
	}
	fmt.Fprintf(out, "%s %s in %s\n", e.Kind, name, e.Member)
	fmt.Fprintf(out, "Selected: %s: %s\n", e.Selected, cli.Clean(e.Placement))
	for _, t := range e.Terms {
		met := "met"
		if !t.Met {
			met = "NOT met"
		}
		fmt.Fprintf(out, "          %s: %s, the member has %s\n", t.Text, met, t.Has)
	}
	fmt.Fprintf(out, "Member:   %s\n", cli.Clean(e.Health))
	fmt.Fprintf(out, "State:    %s\n", strings.TrimSuffix(e.State+": "+cli.Clean(e.Message), ": "))
	if e.Why != "" {
		fmt.Fprintf(out, "Note:     %s\n", cli.Clean(e.Why))
	}
	for _, w := range e.Warnings {
		fmt.Fprintf(out, "Warning:  %s\n", cli.Clean(w))
	}
	if len(e.Fields) == 0 {
		return nil
	}
	fmt.Fprintln(out)
	rows, limit := make([][]string, 0, len(e.Fields)), maxValue
	if o.output.Wide() || o.field != "" {
		limit = 0
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		rows = append(rows, []string{f.Path, cli.Value(f.Value, limit), origin(f, o.ago)})
	}
	return cli.Table(out, []string{"FIELD", "VALUE", "FROM"}, rows)
}

// ago says how long ago an owner last wrote.
func (o *options) ago(owner provenance.Owner) string {
	if owner.Since.IsZero() {
		return ""
	}
	return ", " + duration.HumanDuration(o.g.Clock.Now().Sub(owner.Since)) + " ago"
}

// maxValue is how many bytes of a value a table shows.
const maxValue = 60

// Commands returns the command that explains.
func Commands(g *cli.Global) []*cobra.Command { return []*cobra.Command{explainCommand(g)} }
