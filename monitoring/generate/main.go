// Command generate writes the Grafana dashboards of the chart.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/fedsync/fedsync/monitoring/dashboards"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	const dirMode, fileMode = 0o755, 0o644

	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.String("out", "charts/fedsync/dashboards", "the `directory` of the dashboards")

	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}

		return fmt.Errorf("parse flags: %w", err)
	}

	files, err := dashboards.Files()
	if err != nil {
		return err
	}

	if err := os.MkdirAll(*out, dirMode); err != nil {
		return fmt.Errorf("make the directory of the dashboards: %w", err)
	}

	for _, file := range files {
		if err := os.WriteFile(filepath.Join(*out, file.Name), file.Content, fileMode); err != nil {
			return fmt.Errorf("write a dashboard: %w", err)
		}
	}

	fmt.Fprintf(stdout, "%d dashboards in %s\n", len(files), *out)

	return nil
}
