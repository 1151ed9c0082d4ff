package prometheus

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// Promtool runs promtool, for "check rules", "test rules" and the like, and returns what it printed. If its status is not
// 0, the error holds that too.
func Promtool(ctx context.Context, binaries string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, filepath.Join(binaries, "promtool"), args...).CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("run promtool %q: %w\n%s", args, err, out)
	}
	return string(out), nil
}
