package see

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

func treeCommand(g *cli.Global) *cobra.Command {
	return &cobra.Command{
		Use:   "tree TYPE/NAME",
		Short: "Show an object, its members, and how its copy stands in each",
		Long: `Show an object, its members, and how its copy stands in each: the word of the status with what to do next, and the last time that
somebody changed a declared field there, and who. Drift is told by events, which the host keeps for an hour unless it is told otherwise.`,
		Example:           "  kubectl fed tree federateddeployments/web -n demo",
		ValidArgsFunction: g.CompleteObjects,
		RunE: func(c *cobra.Command, args []string) error {
			kind, name, rest, err := cli.Named(args)
			if err == nil && len(rest) > 0 {
				err = cli.Next(fmt.Errorf("%s is too much", rest[0]), "name one object")
			}
			if err != nil {
				return err
			}
			return tree(c.Context(), g, kind, name)
		},
	}
}

func tree(ctx context.Context, g *cli.Global, word, name string) error {
	t, err := g.FindObject(ctx, word, name)
	if err != nil {
		return err
	}
	b := &treeBuilder{g: g, kind: t.Type, object: &t.Object, drift: driftOf(ctx, t.Plane, &t.Object)}
	root := b.root()
	b.addPlacement(root)
	if err := b.addNamespace(ctx, t.Plane, t.Types, root); err != nil {
		return err
	}
	b.addMembers(root)
	root.Draw(g.Out)
	return nil
}

// drift is the last time that somebody's change of a copy was undone.
type drift struct {
	event corev1.Event
	what  string
	times int
}

// driftOf returns the last drift of each member that the host still has an event of. Without the right to read events there is none.
func driftOf(ctx context.Context, plane *control.Plane, o *control.Object) map[fleet.Name]drift {
	events := &corev1.EventList{}
	if err := plane.Client.List(ctx, events, client.InNamespace(o.Key.Namespace), client.MatchingFields{"involvedObject.uid": string(o.UID)}); err != nil {
		return nil
	}
	found := map[fleet.Name]drift{}
	for _, e := range events.Items {
		member, what, said := report.DriftIn(e.Message)
		if e.Reason != report.EventDriftCorrected || !said {
			continue
		}
		d := found[member]
		d.times += max(1, int(e.Count))
		if d.event.LastTimestamp.Before(&e.LastTimestamp) || d.event.Name == "" {
			d.event, d.what = e, what
		}
		found[member] = d
	}
	return found
}

type treeBuilder struct {
	g      *cli.Global
	kind   fleet.Type
	object *control.Object
	drift  map[fleet.Name]drift
}

func (b *treeBuilder) root() *cli.Tree {
	o := b.object
	name := o.Key.Name
	if o.Key.Namespace != "" {
		name = o.Key.Namespace + "/" + name
	}
	text := fmt.Sprintf("%s %s: %s", b.kind.Federated.Kind, name, standing(o))
	if condition, told := propagation(o); told {
		if ago := since(b.g.Clock.Now(), condition.LastTransitionTime); ago != "" {
			text += fmt.Sprintf(" (for %s)", ago)
		}
	}
	return &cli.Tree{Text: text}
}

// standing says how the object stands as a whole.
func standing(o *control.Object) string {
	condition, told := propagation(o)
	switch {
	case o.Deleting:
		return "being deleted"
	case !told:
		return "fedsyncd has not looked at it yet"
	case o.Status.ObservedGeneration != o.Generation:
		return "changed, and fedsyncd has not looked at it since"
	case condition.Status == "True" && condition.Message == "":
		return "as declared"
	case condition.Status == "True":
		return "as declared; " + cli.Clean(condition.Message)
	}
	return condition.Reason + ": " + cli.Clean(condition.Message)
}

func (b *treeBuilder) addPlacement(root *cli.Tree) {
	p := b.object.Placement
	switch {
	case p.Listed && len(p.Clusters) == 0:
		root.Add("placement: no member (spec.placement.clusters is empty)")
	case p.Listed:
		names := make([]string, 0, len(p.Clusters))
		for _, c := range p.Clusters {
			names = append(names, string(c))
		}
		root.Add("placement: the members %s", strings.Join(names, ", "))
	case p.Selector == nil:
		root.Add("placement: no member (spec.placement has neither clusters nor clusterSelector)")
	case p.Selector.Empty():
		root.Add("placement: all members")
	default:
		root.Add("placement: members with %s", p.Selector)
	}
	for _, problem := range b.object.Problems {
		root.Add("%s", cli.Clean(problem.String()))
	}
	for _, condition := range b.object.Status.Conditions {
		if condition.Type != report.ConditionPropagation && condition.Status == "False" {
			root.Add("warning: %s", cli.Clean(condition.Message))
		}
	}
}

// addNamespace says how the namespace stands that the object lives in.
func (b *treeBuilder) addNamespace(ctx context.Context, plane *control.Plane, list []control.Type, root *cli.Tree) error {
	if !b.kind.Target.Namespaced {
		return nil
	}
	t, err := control.Find(list, string(fleet.NamespaceType))
	if err != nil {
		root.Add("namespace: there is no FederatedTypeConfig %q, and without it nothing namespaced is placed", fleet.NamespaceType)
		return nil //nolint:nilerr // that is what it says
	}
	ns, found, err := plane.Lookup(ctx, t.Type, b.object.Key.Namespace, b.object.Key.Namespace)
	if err != nil {
		return err
	}
	if !found {
		root.Add("namespace: there is no FederatedNamespace %s; nothing is placed or removed", b.object.Key.Namespace)
		return nil
	}
	root.Add("namespace: FederatedNamespace %s: %s", ns.Key.Name, standing(&ns))
	return nil
}

func (b *treeBuilder) addMembers(root *cli.Tree) {
	colour := cli.ColourFor(b.g.Out)
	if len(b.object.Status.Clusters) == 0 {
		root.Add("no member has a copy")
	}
	for i := range b.object.Status.Clusters {
		entry := &b.object.Status.Clusters[i]
		text := string(entry.Name) + ": " + colour.Green("as declared")
		if entry.Status != report.ClusterOK {
			text = string(entry.Name) + ": " + colour.Red(entry.Status)
		}
		if entry.Message != "" {
			text += ": " + cli.Clean(entry.Message)
		}
		line := root.Add("%s", text)
		if entry.Status != report.ClusterOK {
			line.Add("next: %s", nextStep(entry.Status))
		}
		if d, drifted := b.drift[entry.Name]; drifted {
			often := ""
			if d.times > 1 {
				often = fmt.Sprintf(", told %d times", d.times)
			}
			line.Add("last drift: %s (%s ago%s)", cli.Clean(d.what), age(b.g.Clock.Now(), d.event.LastTimestamp.Time), often)
		}
	}
}
