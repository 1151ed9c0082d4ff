package membership

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
)

// apply writes an object by server-side apply.
func apply(ctx context.Context, c client.Client, o client.Object) error {
	declared, err := control.Declared(o)
	if err != nil {
		return err
	}
	return control.Apply(ctx, c, declared)
}
