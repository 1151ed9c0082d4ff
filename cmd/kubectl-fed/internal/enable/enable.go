package enable

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/crd"
)

type enableOptions struct {
	g      *cli.Global
	naming Naming
	output cli.Output
	file   string
	dryRun bool
}

func enableCommand(g *cli.Global) *cobra.Command {
	o := &enableOptions{g: g}
	c := &cobra.Command{
		Use:   "enable TYPE",
		Short: "Federate a type: make its CRD and FederatedTypeConfig",
		Long: `Federate a type: make the CustomResourceDefinition of its federated kind, and the FederatedTypeConfig that has fedsyncd propagate
it. Members that joined with the least rights must join again to be granted those of the new type.`,
		Example: `  kubectl fed enable statefulsets
  kubectl fed enable widgets.example.com -o yaml`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.output.Validate(); err != nil {
				return err
			}
			word, err := o.target(args)
			if err != nil {
				return err
			}
			return o.run(c.Context(), word)
		},
	}
	f := c.Flags()
	f.StringVar(&o.naming.FederatedGroup, "federated-group", crd.FederatedGroup, "API group of the federated type")
	f.StringVar(&o.naming.FederatedVersion, "federated-version", crd.FederatedVersion, "version of the federated type")
	f.StringVar(&o.naming.TargetVersion, "version", "", "version of the target type (default: the one that the host prefers)")
	f.StringVarP(&o.file, "filename", "f", "", "file with an EnableTypeDirective, instead of TYPE and these flags")
	f.BoolVar(&o.dryRun, "dry-run", false, "check everything and write nothing")
	o.output.AddFlag(f, "yaml")
	return c
}

// directive is KubeFed's EnableTypeDirective.
type directive struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		TargetVersion    string `json:"targetVersion"`
		FederatedGroup   string `json:"federatedGroup"`
		FederatedVersion string `json:"federatedVersion"`
	} `json:"spec"`
}

// target returns the type that the arguments or the file name.
func (o *enableOptions) target(args []string) (string, error) {
	if o.file == "" {
		if len(args) != 1 {
			return "", cli.Next(errors.New("name one type"), "such as statefulsets; `kubectl api-resources` lists types")
		}
		return args[0], nil
	}
	if len(args) > 0 {
		return "", cli.Next(fmt.Errorf("%s is too much beside -f", args[0]), "the file names the type")
	}
	body, err := os.ReadFile(o.file)
	if err != nil {
		return "", fmt.Errorf("read %q: %w", o.file, errors.Unwrap(err))
	}
	d := &directive{}
	if err := yaml.Unmarshal(body, d); err != nil {
		return "", fmt.Errorf("%s: this is no YAML: %w", o.file, err)
	}
	if d.Kind != "EnableTypeDirective" || d.Metadata.Name == "" {
		return "", cli.Next(fmt.Errorf("%s is no EnableTypeDirective with a name", o.file), "its kind must be EnableTypeDirective, and metadata.name the type")
	}
	o.naming = Naming{TargetVersion: d.Spec.TargetVersion, FederatedGroup: d.Spec.FederatedGroup, FederatedVersion: d.Spec.FederatedVersion}
	return d.Metadata.Name, nil
}

func (o *enableOptions) run(ctx context.Context, word string) error {
	plane, err := o.g.Plane()
	if err != nil {
		return err
	}
	progress := cli.StartProgress(o.g.ErrOut, "asking the host what it serves")
	served, err := Discover(ctx, plane.Config)
	progress.Stop()
	if err != nil {
		return err
	}
	t, err := served.Type(word, o.naming)
	if err != nil {
		return err
	}
	objects, err := objectsOf(t, plane.Namespace)
	if err != nil {
		return err
	}
	if o.output.Structured() {
		return cli.WriteDocuments(o.g.Out, objects)
	}
	if err := Enable(ctx, o.g, plane, t, o.dryRun); err != nil {
		return err
	}
	return o.tellMembers(ctx, plane)
}

// tellMembers says that rights do not follow by themselves.
func (o *enableOptions) tellMembers(ctx context.Context, plane *control.Plane) error {
	names, err := plane.MemberNames(ctx)
	if err != nil || len(names) == 0 || o.dryRun {
		return err
	}
	fmt.Fprintf(o.g.ErrOut, "note:  members that joined with the least rights are granted those of the new type by joining again: `%s join MEMBER` for %s\n",
		o.g.Program, strings.Join(names, ", "))
	return nil
}

// objectsOf are the definition and the FederatedTypeConfig of a type.
func objectsOf(t crd.Type, namespace string) ([]*unstructured.Unstructured, error) {
	definition, err := crd.Definition(t)
	if err != nil {
		return nil, err
	}
	declared, err := control.Declared(definition)
	if err != nil {
		return nil, err
	}
	config, err := crd.TypeConfig(t, namespace)
	if err != nil {
		return nil, err
	}
	return []*unstructured.Unstructured{declared, config}, nil
}

// establishTime is how long the host may take to serve a new definition.
const establishTime = 30 * time.Second

// Enable makes definition and FederatedTypeConfig, and waits until the federated type is served.
func Enable(ctx context.Context, g *cli.Global, plane *control.Plane, t crd.Type, dryRun bool) error {
	if err := refuse(ctx, plane, t); err != nil {
		return err
	}
	objects, err := objectsOf(t, plane.Namespace)
	if err != nil {
		return err
	}
	var options []client.ApplyOption
	suffix := ""
	if dryRun {
		options, suffix = []client.ApplyOption{client.DryRunAll}, " (dry run)"
	}
	for _, o := range objects {
		verb, err := applyOne(ctx, plane.Client, o, options)
		if err != nil {
			return fmt.Errorf("write %s %q: %w", o.GetKind(), o.GetName(), err)
		}
		gvk := o.GroupVersionKind()
		fmt.Fprintf(g.Out, "%s.%s/%s %s%s\n", strings.ToLower(gvk.Kind), gvk.Group, o.GetName(), verb, suffix)
		if gvk.Kind == "CustomResourceDefinition" && !dryRun {
			if err := awaitServed(ctx, plane.Client, o.GetName()); err != nil {
				return err
			}
		}
	}
	return nil
}

// applyOne writes an object and says in kubectl's words what that did.
func applyOne(ctx context.Context, c client.Client, o *unstructured.Unstructured, options []client.ApplyOption) (string, error) {
	before := &metav1.PartialObjectMetadata{}
	before.SetGroupVersionKind(o.GroupVersionKind())
	err := c.Get(ctx, client.ObjectKeyFromObject(o), before)
	if err != nil && !apierrors.IsNotFound(err) {
		return "", err
	}
	applied := o.DeepCopy()
	if applyErr := control.Apply(ctx, c, applied, options...); applyErr != nil {
		return "", applyErr
	}
	switch {
	case apierrors.IsNotFound(err):
		return "created", nil
	case applied.GetGeneration() == before.Generation:
		return "unchanged", nil
	}
	return "configured", nil
}

func awaitServed(ctx context.Context, c client.Client, name string) error {
	err := cli.Until(ctx, establishTime, func(ctx context.Context) (bool, error) {
		d := &apiextensionsv1.CustomResourceDefinition{}
		if err := c.Get(ctx, client.ObjectKey{Name: name}, d); err != nil {
			return false, err
		}
		return slices.ContainsFunc(d.Status.Conditions, func(o apiextensionsv1.CustomResourceDefinitionCondition) bool {
			return o.Type == apiextensionsv1.Established && o.Status == apiextensionsv1.ConditionTrue
		}), nil
	})
	if errors.Is(err, cli.ErrStillWaiting) {
		return cli.Next(fmt.Errorf("the host does not serve %s after %s", name, establishTime), "`kubectl describe crd %s` says why", name)
	}
	return err
}

// refuse finds what stands in the way: the type federated under another name, or the name taken by another type.
func refuse(ctx context.Context, plane *control.Plane, t crd.Type) error {
	list, err := plane.Types(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		other := &list[i]
		if other.Name == t.Name && (other.Federated.Group != t.Federated.Group || other.Federated.Plural != t.Federated.Plural) {
			return cli.Next(fmt.Errorf("%s is federated already, as %s.%s", t.Name, other.Federated.Plural, other.Federated.Group), "use that, or disable it first")
		}
		if other.Name != t.Name && other.Federated.Group == t.Federated.Group && other.Federated.Plural == t.Federated.Plural {
			return cli.Next(fmt.Errorf("%s.%s is the federated type of %s already", t.Federated.Plural, t.Federated.Group, other.Name), "choose another group with --federated-group")
		}
	}
	return nil
}
