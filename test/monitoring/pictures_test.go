package monitoring

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// picture draws an expression over the time before now, as Prometheus's own page does, if pictures are asked for.
func (s *story) picture(t *testing.T, name, expression string, length time.Duration) {
	t.Helper()
	dir := os.Getenv("MONITORING_PICTURES")
	if dir == "" {
		return
	}
	file := filepath.Join(dir, name+".png")
	if err := s.run(t.Context(), filepath.Join(s.root, "scripts", "picture.sh"), s.prometheus.Graph(expression, length), file); err != nil {
		t.Error(err)
	}
}
