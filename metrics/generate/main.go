// Command generate writes docs/reference/metrics.md.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/fedsync/fedsync/metrics"
)

func main() {
	out := flag.String("out", "docs/reference/metrics.md", "the `file` to write")
	flag.Parse()
	if err := write(*out); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func write(path string) error {
	page, err := metrics.Reference()
	if err != nil {
		return fmt.Errorf("describe metrics: %w", err)
	}
	return os.WriteFile(path, page, 0o644) //nolint:gosec // documentation is for everybody
}
