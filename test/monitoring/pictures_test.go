package monitoring

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// withoutFrame is the part of the page with the expression and its graph.
const withoutFrame = "1200x840+0+60"

// picture draws an expression over the time before now, as Prometheus's own page does, if pictures are asked for.
func (s *story) picture(t *testing.T, name, expression string, length time.Duration) {
	t.Helper()
	dir := os.Getenv("MONITORING_PICTURES")
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	draw := exec.CommandContext(t.Context(), filepath.Join(s.root, "scripts", "picture.sh"), s.prometheus.Graph(expression, length), filepath.Join(dir, name+".png"))
	draw.Env = append(os.Environ(), "PICTURE_CROP="+withoutFrame)
	if out, err := draw.CombinedOutput(); err != nil {
		t.Errorf("draw %q: %v\n%s", name, err, out)
	}
}
