package see

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

type getOptions struct {
	g          *cli.Global
	output     cli.Output
	all, watch bool
	selector   string
}

func getCommand(g *cli.Global) *cobra.Command {
	o := &getOptions{g: g}
	c := &cobra.Command{
		Use:   "get TYPE [NAME...]",
		Short: "List federated objects with a column for each member",
		Long: `List federated objects with a column for each member: "ok" where the copy is as declared, else the word of the status, and
nothing where there is no copy. With more than 8 members their number is shown instead, unless -o wide is given.`,
		Example: `  kubectl fed get federateddeployments -A
  kubectl fed get deployments web -w
  kubectl fed get configmaps/settings -o yaml`,
		ValidArgsFunction: func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 && !strings.Contains(word, "/") {
				return g.CompleteTypes(c, args, word)
			}
			return g.CompleteObjects(c, args, word)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.output.Validate(); err != nil {
				return err
			}
			if len(args) == 0 {
				return cli.Next(errors.New("name a federated type"), "such as federateddeployments; `%s status` lists those that have objects", g.Program)
			}
			if kind, name, both := strings.Cut(args[0], "/"); both {
				args = append([]string{kind, name}, args[1:]...)
			}
			return o.run(c.Context(), args[0], args[1:])
		},
	}
	o.output.AddFlag(c.Flags(), "json", "yaml", "wide", "name")
	c.Flags().BoolVarP(&o.all, "all-namespaces", "A", false, "objects of all namespaces")
	c.Flags().BoolVarP(&o.watch, "watch", "w", false, "go on, and print an object when it changes")
	c.Flags().StringVarP(&o.selector, "selector", "l", "", "only objects with these labels, such as app=web")
	return c
}

// query is what is asked for.
type query struct {
	kind      fleet.Type
	namespace string
	names     []string
	selector  labels.Selector
}

func (q *query) matches(o *control.Object) bool {
	return (len(q.names) == 0 || slices.Contains(q.names, o.Key.Name)) && q.selector.Matches(labels.Set(o.Stored.Labels))
}

func (o *getOptions) run(ctx context.Context, word string, names []string) error {
	q := &query{names: names}
	var err error
	if q.selector, err = labels.Parse(o.selector); err != nil {
		return fmt.Errorf("--selector: %w", err)
	}
	t, err := o.g.FindType(ctx, word)
	if err != nil {
		return err
	}
	q.kind = t.Type
	if !o.all {
		if q.namespace, err = o.g.Namespace(); err != nil {
			return err
		}
	}
	if o.watch {
		return o.follow(ctx, t.Plane, q)
	}
	return o.list(ctx, t.Plane, q)
}

func (o *getOptions) list(ctx context.Context, plane *control.Plane, q *query) error {
	var objects []control.Object
	if len(q.names) > 0 && !o.all {
		for _, name := range q.names {
			one, err := plane.Object(ctx, q.kind, q.namespace, name)
			if err != nil {
				return err
			}
			objects = append(objects, one)
		}
	} else {
		var err error
		if objects, err = plane.Objects(ctx, q.kind, q.namespace); err != nil {
			return err
		}
	}
	objects = slices.DeleteFunc(objects, func(one control.Object) bool { return !q.matches(&one) })
	return o.print(q, objects)
}

func (o *getOptions) print(q *query, objects []control.Object) error {
	switch {
	case o.output.Structured():
		return o.printStored(q, objects)
	case len(objects) == 0:
		where := " in namespace " + q.namespace
		if o.all {
			where = ""
		}
		fmt.Fprintf(o.g.ErrOut, "no %s%s\n", q.kind.Federated.Plural, where)
		return nil
	case o.output.Format == "name":
		for i := range objects {
			fmt.Fprintf(o.g.Out, "%s.%s/%s\n", strings.ToLower(q.kind.Federated.Kind), q.kind.Federated.Group, objects[i].Key.Name)
		}
		return nil
	}
	grid := newGrid(objects, o.all, o.output.Wide())
	rows := make([][]string, 0, len(objects))
	for i := range objects {
		rows = append(rows, grid.row(&objects[i], o.g.Clock.Now()))
	}
	return cli.Table(o.g.Out, grid.headings(), rows)
}

// printStored prints the objects as the API server has them: one as itself if one was asked for, else a list.
func (o *getOptions) printStored(q *query, objects []control.Object) error {
	items := make([]any, 0, len(objects))
	for i := range objects {
		stored := *objects[i].Stored
		stored.APIVersion, stored.Kind = q.kind.Federated.APIVersion(), q.kind.Federated.Kind
		stored.ManagedFields = nil
		items = append(items, &stored)
	}
	if len(q.names) == 1 && len(items) == 1 {
		return o.output.Print(o.g.Out, items[0])
	}
	return o.output.Print(o.g.Out, map[string]any{"apiVersion": "v1", "kind": "List", "items": items})
}

// follow prints objects as they change.
func (o *getOptions) follow(ctx context.Context, plane *control.Plane, q *query) error {
	objects, err := plane.Objects(ctx, q.kind, q.namespace)
	if err != nil {
		return err
	}
	names, err := plane.MemberNames(ctx)
	if err != nil {
		return err
	}
	grid := newGrid(objects, o.all, o.output.Wide())
	if len(objects) == 0 { // whom objects will go to is not known yet
		grid = &layout{members: names, namespaced: o.all, counts: len(names) > maxColumns && !o.output.Wide()}
	}
	columns := cli.NewColumns(o.g.Out, grid.headings())
	told := map[string]string{}
	return plane.Follow(ctx, q.kind.Federated, q.namespace, func(change control.Change) error {
		one := control.DecodeObject(q.kind, change.Object)
		if !q.matches(&one) {
			return nil
		}
		row := grid.row(&one, o.g.Clock.Now())
		if change.Deleted {
			row[len(row)-1] = "gone"
		}
		if now := fmt.Sprint(row[:len(row)-1], change.Deleted); told[one.Key.String()] != now {
			told[one.Key.String()] = now
			return columns.Write(row)
		}
		return nil
	})
}

// maxColumns is how many members have a column of their own.
const maxColumns = 8

// layout lays objects and members out as a table.
type layout struct {
	members            []string
	namespaced, counts bool
}

// newGrid has a column for each member that any of the objects names.
func newGrid(objects []control.Object, namespaced, wide bool) *layout {
	g := &layout{namespaced: namespaced}
	for i := range objects {
		for _, entry := range objects[i].Status.Clusters {
			g.members = append(g.members, string(entry.Name))
		}
	}
	slices.Sort(g.members)
	g.members = slices.Compact(g.members)
	g.counts = len(g.members) > maxColumns && !wide
	return g
}

func (g *layout) headings() []string {
	var headings []string
	if g.namespaced {
		headings = append(headings, "NAMESPACE")
	}
	headings = append(headings, "NAME", "AS DECLARED")
	if g.counts {
		headings = append(headings, "COPIES", "PENDING", "REMOVING", "UNREACHABLE", "FAILED")
	} else {
		for _, m := range g.members {
			headings = append(headings, strings.ToUpper(m))
		}
	}
	return append(headings, "AGE")
}

func (g *layout) row(o *control.Object, now time.Time) []string {
	var row []string
	if g.namespaced {
		row = append(row, orDash(o.Key.Namespace))
	}
	row = append(row, o.Key.Name, declared(o))
	if g.counts {
		var t Tally
		for _, entry := range o.Status.Clusters {
			t.add(entry.Status)
		}
		row = append(row, fmt.Sprintf("%d/%d", t.InStep, t.Total()), fmt.Sprint(t.Pending), fmt.Sprint(t.Removing), fmt.Sprint(t.Unreachable), fmt.Sprint(t.Failed))
	} else {
		for _, m := range g.members {
			row = append(row, cell(o, m))
		}
	}
	return append(row, age(now, o.Stored.CreationTimestamp.Time))
}

// declared says whether the object is as declared in every member, as far as fedsyncd has looked at it.
func declared(o *control.Object) string {
	condition, told := propagation(o)
	switch {
	case !told:
		return "not looked at yet"
	case o.Deleting:
		return "being deleted"
	case o.Status.ObservedGeneration != o.Generation:
		return "changed"
	case condition.Status == "True":
		return "yes"
	}
	return "no: " + condition.Reason
}

func cell(o *control.Object, member string) string {
	i := slices.IndexFunc(o.Status.Clusters, func(c report.Cluster) bool { return string(c.Name) == member })
	if i < 0 {
		return ""
	}
	return cmp.Or(o.Status.Clusters[i].Status, "ok")
}
