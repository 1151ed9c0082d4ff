package enable

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/crd"
)

type disableOptions struct {
	g                 *cli.Global
	deleteCRD, dryRun bool
}

func disableCommand(g *cli.Global) *cobra.Command {
	o := &disableOptions{g: g}
	c := &cobra.Command{
		Use:   "disable TYPE",
		Short: "Stop federating a type; copies stay as they are",
		Long: `Stop federating a type: fedsyncd lets go of its copies, which stay as they are, and the FederatedTypeConfig is deleted. The CRD of
the federated kind, and with it every federated object, is deleted only with --delete-crd, and only if there is no such object.`,
		Example:           "  kubectl fed disable jobs.batch",
		ValidArgsFunction: g.CompleteTypes,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Next(errors.New("name one type"), "`kubectl get federatedtypeconfigs -A` lists them")
			}
			return o.run(c.Context(), args[0])
		},
	}
	f := c.Flags()
	f.BoolVar(&o.deleteCRD, "delete-crd", false, "delete the CRD too, if it has no objects")
	f.BoolVar(&o.dryRun, "dry-run", false, "check everything and write nothing")
	// What KubeFed's scripts say. Which type is meant is found by its FederatedTypeConfig.
	f.String("federated-group", crd.FederatedGroup, "not needed: the FederatedTypeConfig says it")
	f.String("version", "", "not needed: the FederatedTypeConfig says it")
	return c
}

// stopTime is how long fedsyncd may take to stop a type.
const stopTime = 10 * time.Second

func (o *disableOptions) run(ctx context.Context, word string) error {
	plane, err := o.g.Plane()
	if err != nil {
		return err
	}
	list, err := plane.Types(ctx)
	if err != nil {
		return err
	}
	t, err := control.Find(list, word)
	if err != nil && t.Config == nil {
		return err
	}
	name := t.Federated.Plural + "." + t.Federated.Group
	if o.deleteCRD {
		if err := o.refuse(ctx, plane, &t, name); err != nil {
			return err
		}
	}
	if o.dryRun {
		fmt.Fprintf(o.g.Out, "federatedtypeconfig.core.kubefed.io/%s deleted (dry run)\n", t.Config.Name)
		return nil
	}
	if err := o.stop(ctx, plane, t.Config); err != nil {
		return err
	}
	if err := client.IgnoreNotFound(plane.Client.Delete(ctx, t.Config)); err != nil {
		return fmt.Errorf("delete FederatedTypeConfig %q: %w", t.Config.Name, err)
	}
	fmt.Fprintf(o.g.Out, "federatedtypeconfig.core.kubefed.io/%s deleted\n", t.Config.Name)
	if !o.deleteCRD {
		return nil
	}
	definition := &apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := client.IgnoreNotFound(plane.Client.Delete(ctx, definition)); err != nil {
		return fmt.Errorf("delete CustomResourceDefinition %q: %w", name, err)
	}
	fmt.Fprintf(o.g.Out, "customresourcedefinition.apiextensions.k8s.io/%s deleted\n", name)
	return nil
}

// refuse refuses to delete a definition that has objects: they would go with it, and their copies would have no owner.
func (o *disableOptions) refuse(ctx context.Context, plane *control.Plane, t *control.Type, name string) error {
	objects, err := plane.Objects(ctx, t.Type, "")
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(objects) > 0 {
		return cli.Next(fmt.Errorf("%d %s exist, and would go with their CRD", len(objects), name), "delete them first, or leave out --delete-crd")
	}
	return nil
}

// stop switches propagation off and waits until fedsyncd says that it has stopped.
func (o *disableOptions) stop(ctx context.Context, plane *control.Plane, config *fedv1b1.FederatedTypeConfig) error {
	if !config.GetPropagationEnabled() && config.Status.PropagationController != fedv1b1.ControllerStatusRunning {
		return nil
	}
	changed := config.DeepCopy()
	changed.Spec.Propagation = fedv1b1.PropagationDisabled
	if err := plane.Client.Patch(ctx, changed, client.MergeFrom(config), client.FieldOwner(control.FieldOwner)); err != nil {
		return fmt.Errorf("disable FederatedTypeConfig %q: %w", config.Name, err)
	}
	progress := cli.StartProgress(o.g.ErrOut, "waiting until fedsyncd has stopped "+config.Name)
	defer progress.Stop()
	err := cli.Until(ctx, stopTime, func(ctx context.Context) (bool, error) {
		now := &fedv1b1.FederatedTypeConfig{}
		err := plane.Client.Get(ctx, client.ObjectKeyFromObject(config), now)
		return now.Status.PropagationController != fedv1b1.ControllerStatusRunning, err
	})
	if errors.Is(err, cli.ErrStillWaiting) {
		return cli.Next(fmt.Errorf("%s is disabled, and fedsyncd has not said after %s that it stopped", config.Name, stopTime), "does it run? Run the command again then")
	}
	return err
}

// Commands returns the commands about types.
func Commands(g *cli.Global) []*cobra.Command {
	return []*cobra.Command{enableCommand(g), disableCommand(g)}
}
