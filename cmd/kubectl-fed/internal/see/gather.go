package see

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
)

// world is what the host stores, with what could not be read of it.
type world struct {
	types    []typed
	warnings []string
}

// gather reads members and objects. A type that cannot be listed is a warning, and does not hide the others.
func gather(ctx context.Context, g *cli.Global, plane *control.Plane, namespace string) ([]Member, *world, error) {
	progress := cli.StartProgress(g.ErrOut, "reading the host")
	defer progress.Stop()
	clusters, err := plane.Clusters(ctx)
	if err != nil {
		return nil, nil, err
	}
	members := make([]Member, 0, len(clusters))
	for i := range clusters {
		members = append(members, memberOf(&clusters[i]))
	}
	list, err := plane.Types(ctx)
	if err != nil {
		return nil, nil, err
	}
	w := &world{}
	for i := range list {
		progress.Sayf("reading %s", list[i].Federated.Plural)
		if err := w.read(ctx, plane, &list[i], namespace); err != nil {
			return nil, nil, err
		}
	}
	countCopies(members, w.types)
	return members, w, nil
}

func (w *world) read(ctx context.Context, plane *control.Plane, t *control.Type, namespace string) error {
	warn := func(format string, args ...any) {
		w.warnings = append(w.warnings, fmt.Sprintf("type %s: ", t.Name)+fmt.Sprintf(format, args...))
	}
	switch {
	case t.Problem != "":
		warn("%s", t.Problem)
		return nil
	case !t.Enabled():
		warn("propagation is disabled; its copies stay as they are")
	case t.Config.Status.PropagationController != fedv1b1.ControllerStatusRunning:
		warn("fedsyncd does not propagate it yet; see the conditions of its FederatedTypeConfig")
	}
	objects, err := plane.Objects(ctx, t.Type, namespace)
	switch {
	case apierrors.IsNotFound(err):
		warn("the host does not serve %s.%s", t.Federated.Plural, t.Federated.Group)
	case apierrors.IsForbidden(err):
		warn("you may not list %s.%s", t.Federated.Plural, t.Federated.Group)
	case err != nil:
		return err
	default:
		w.types = append(w.types, typed{kind: t.Type, objects: objects})
	}
	return nil
}
