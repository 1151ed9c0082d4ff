package federate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/enable"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/manifest"
	"github.com/fedsync/fedsync/fleet"
)

type options struct {
	g                                         *cli.Global
	sources                                   manifest.Sources
	output                                    cli.Output
	contents, enableType, annotations, dryRun bool
	skipUnfederated                           bool
	skip, clusters                            []string
	selector                                  map[string]string
}

func federateCommand(g *cli.Global) *cobra.Command {
	o := &options{g: g}
	c := &cobra.Command{
		Use:   "federate TYPE NAME | -f FILE | -k DIR",
		Short: "Make a federated object of an object, of a namespace with its contents, or of files",
		Long: `Make a federated object of an object of the host. The object itself stays as it is; fedsyncd brings copies of it to the members.

With -f or -k the objects of files are printed as federated objects, and nothing is written: hand them to "kubectl fed plan" and
"kubectl fed apply", or to kubectl. What is federated already passes through as it is.`,
		Example: `  # an object, to all members
  kubectl fed federate deployment web -n demo

  # a namespace with everything in it, to two members
  kubectl fed federate namespace demo --contents --clusters member1,member2

  # a kustomization
  kubectl fed federate -k overlays/production > federated.yaml`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.validate(args); err != nil {
				return err
			}
			if o.sources.Given() {
				return o.files()
			}
			word, name, _, err := cli.Named(args)
			if err != nil {
				return err
			}
			return o.run(c.Context(), word, name)
		},
	}
	f := c.Flags()
	o.sources.AddFlags(f)
	o.output.AddFlag(f, "yaml")
	f.BoolVarP(&o.contents, "contents", "c", false, "for a namespace: federate everything in it too")
	f.BoolVarP(&o.enableType, "enable-type", "t", false, "enable types that are not federated yet")
	f.BoolVar(&o.skipUnfederated, "skip-unfederated", false, "with --contents: leave out what is of a type that is not federated")
	f.StringSliceVarP(&o.skip, "skip-api-resources", "s", nil, "with --contents: types to leave out, such as pods,ingresses")
	f.BoolVar(&o.annotations, "annotations", false, "keep the annotations in the template, which kubefedctl drops")
	f.StringSliceVar(&o.clusters, "clusters", nil, "members that it goes to (default: all)")
	f.StringToStringVar(&o.selector, "cluster-selector", nil, "labels of the members that it goes to: KEY=VALUE,...")
	f.BoolVar(&o.dryRun, "dry-run", false, "check everything and write nothing")
	return c
}

func (o *options) validate(args []string) error {
	if err := o.output.Validate(); err != nil {
		return err
	}
	switch {
	case o.sources.Given() && len(args) > 0:
		return cli.Next(fmt.Errorf("%s is too much beside -f or -k", args[0]), "the files say what is federated")
	case len(o.clusters) > 0 && len(o.selector) > 0:
		return cli.Next(errors.New("--clusters and --cluster-selector do not go together"), "a list of clusters wins over a selector: give one of them")
	case o.enableType && o.output.Structured():
		return cli.Next(errors.New("--enable-type writes, and -o yaml only prints"), "give one of them")
	}
	return nil
}

func (o *options) federation() Options {
	f := Options{Annotations: o.annotations}
	if len(o.clusters) > 0 {
		list := make([]any, 0, len(o.clusters))
		for _, c := range o.clusters {
			list = append(list, map[string]any{"name": c})
		}
		f.Placement = map[string]any{"clusters": list}
	}
	if len(o.selector) > 0 {
		f.Placement = map[string]any{"clusterSelector": map[string]any{"matchLabels": anyMap(o.selector)}}
	}
	return f
}

// files prints the objects of files as federated ones. The host is not asked.
func (o *options) files() error {
	documents, err := o.sources.Read(o.g.In)
	if err != nil {
		return cli.Next(err, "correct it; nothing was written")
	}
	var made []*unstructured.Unstructured
	for _, d := range documents {
		if strings.HasSuffix(d.Object.GroupVersionKind().Group, "kubefed.io") {
			made = append(made, d.Object)
		} else {
			made = append(made, Federated(d.Object, federatedByName(d.Object), o.federation()))
		}
	}
	return cli.WriteDocuments(o.g.Out, made)
}

// work is what is to be federated.
type work struct {
	plane  *control.Plane
	client dynamic.Interface
	types  []control.Type
	all    []found
}

func (o *options) run(ctx context.Context, word, name string) error {
	plane, err := o.g.Plane()
	if err != nil {
		return err
	}
	w := &work{plane: plane}
	if w.client, err = dynamic.NewForConfig(plane.Config); err != nil {
		return err
	}
	if w.types, err = plane.Types(ctx); err != nil {
		return err
	}
	progress := cli.StartProgress(o.g.ErrOut, "reading the host")
	err = o.collect(ctx, w, word, name)
	progress.Stop()
	if err != nil {
		return err
	}
	if err := o.ensureTypes(ctx, w); err != nil {
		return err
	}
	made := make([]*unstructured.Unstructured, 0, len(w.all))
	for _, f := range w.all {
		made = append(made, Federated(f.object, f.kind.Federated, o.federation()))
	}
	if o.output.Structured() {
		return cli.WriteDocuments(o.g.Out, made)
	}
	return o.write(ctx, w, made)
}

// collect finds the object and, if asked for, what is in it.
func (o *options) collect(ctx context.Context, w *work, word, name string) error {
	served, err := enable.Discover(ctx, w.plane.Config)
	if err != nil {
		return err
	}
	t, err := served.Type(word, enable.Naming{})
	if err != nil {
		return err
	}
	namespace, err := o.g.Namespace()
	if err != nil {
		return err
	}
	if !t.Target.Namespaced {
		namespace = ""
	}
	object, err := w.client.Resource(t.Target.GVR()).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		where := ""
		if namespace != "" {
			where = " in namespace " + namespace
		}
		return cli.Next(fmt.Errorf("the host has no %s %q%s", t.Target.Kind, name, where), "`kubectl get %s -A` lists them", t.Target.Plural)
	}
	if err != nil {
		return fmt.Errorf("get %s %q: %w", t.Target.Kind, name, err)
	}
	if !isNamespace(object) && o.contents {
		return cli.Next(errors.New("--contents is for namespaces"), "`%s federate namespace NAME --contents`", o.g.Program)
	}
	w.all = append(w.all, found{object: object, kind: w.typeOf(t.Target), target: apiResource(t.Target)})
	if o.contents {
		return o.collectContents(ctx, w, name)
	}
	return nil
}

func (o *options) collectContents(ctx context.Context, w *work, namespace string) error {
	c := &contents{config: w.plane.Config, client: w.client, types: w.types, namespace: namespace, skip: o.skip, notes: o.g.ErrOut}
	inside, err := c.read(ctx)
	if err != nil {
		return err
	}
	for _, f := range inside {
		what := strings.ToLower(f.object.GetKind()) + "/" + f.object.GetName()
		why := leftOut(f.object)
		if why == "" && f.kind == nil && o.skipUnfederated {
			why = "its type is not federated"
		}
		if why != "" {
			fmt.Fprintf(o.g.ErrOut, "skipped %s: %s\n", what, why)
			continue
		}
		w.all = append(w.all, f)
	}
	return nil
}

func apiResource(r fleet.Resource) metav1.APIResource {
	return metav1.APIResource{Name: r.Plural, Group: r.Group, Version: r.Version, Kind: r.Kind, Namespaced: r.Namespaced}
}

func (w *work) typeOf(r fleet.Resource) *control.Type {
	for i := range w.types {
		if t := &w.types[i]; t.Problem == "" && t.Target.Group == r.Group && t.Target.Plural == r.Plural {
			return t
		}
	}
	return nil
}

// ensureTypes sees to it that every object's type is federated, or says which are not.
func (o *options) ensureTypes(ctx context.Context, w *work) error {
	missing := w.unfederated()
	if len(missing) == 0 {
		return nil
	}
	if !o.enableType {
		return cli.Next(fmt.Errorf("these types are not federated: %s", strings.Join(missing, ", ")),
			"--enable-type federates them; with --contents, --skip-unfederated or --skip-api-resources leaves their objects out; nothing was written")
	}
	served, err := enable.Discover(ctx, w.plane.Config)
	if err != nil {
		return err
	}
	for _, name := range missing {
		t, err := served.Type(name, enable.Naming{})
		if err != nil {
			return err
		}
		if err := enable.Enable(ctx, o.g, w.plane, t, o.dryRun); err != nil {
			return err
		}
		w.enabled(&control.Type{Type: t.Type})
	}
	return nil
}

// unfederated are the types of objects that are not federated.
func (w *work) unfederated() []string {
	var missing []string
	for _, f := range w.all {
		name := f.target.Name
		if f.target.Group != "" {
			name += "." + f.target.Group
		}
		if f.kind == nil && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	return missing
}

// enabled gives the objects of a type that is federated now their type.
func (w *work) enabled(t *control.Type) {
	for i := range w.all {
		if f := &w.all[i]; f.kind == nil && f.target.Name == t.Target.Plural && f.target.Group == t.Target.Group {
			f.kind = t
		}
	}
}
