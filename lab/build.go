package lab

import (
	"context"
	"io"

	"github.com/fedsync/fedsync/lab/internal/build"
)

// The components of a cluster, in the order in which they are started.
const (
	Etcd              = build.Etcd
	APIServer         = build.APIServer
	ControllerManager = build.ControllerManager
)

// Build makes sure that the programs of the components are in the user's cache directory and returns their directory.
// Up does it by itself; calling Build before keeps the 8 to 10 minutes of the first time out of a test's own time
// limit. FEDSYNC_LAB_CACHE names another cache directory, FEDSYNC_LAB_COMPONENTS the sources (lab/components) if they
// are neither above the working directory or the program nor where this package was compiled.
func Build(ctx context.Context, progress io.Writer) (dir string, err error) {
	if progress == nil {
		progress = io.Discard
	}
	return build.Ensure(ctx, &lineWriter{w: progress})
}
