package monitoring

import (
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
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
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, name+".png")
	drawing := exec.CommandContext(t.Context(), filepath.Join(s.root, "scripts", "picture.sh"), s.prometheus.Graph(expression, length), file)
	if out, err := drawing.CombinedOutput(); err != nil {
		t.Fatalf("draw %q: %v\n%s", name, err, out)
	}
	if err := crop(file); err != nil {
		t.Error(err)
	}
}

// What is cut off of a page: the menu above it, and the button to add a graph below.
const above, below = 62, 70

// crop leaves the expression and its graph.
func crop(file string) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it is only read
	page, err := png.Decode(in)
	if err != nil {
		return fmt.Errorf("read picture %q: %w", file, err)
	}
	size := page.Bounds()
	part := image.NewRGBA(image.Rect(0, 0, size.Dx(), size.Dy()-above-below))
	draw.Draw(part, part.Bounds(), page, image.Pt(size.Min.X, size.Min.Y+above), draw.Src)
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(out, part); err != nil {
		return fmt.Errorf("write picture %q: %w", file, err)
	}
	return out.Close()
}
