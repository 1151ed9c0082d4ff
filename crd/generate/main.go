// Command generate writes the chart's CustomResourceDefinitions and FederatedTypeConfigs.
//
// It runs controller-gen over KubeFed's Go types for the core kinds, so it must be started inside the module that
// requires sigs.k8s.io/kubefed. Run twice, it writes the same bytes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/fedsync/fedsync/crd"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	controllerGen := flags.String("controller-gen", "bin/controller-gen", "the controller-gen `binary`")
	out := flags.String("out", "charts/fedsync", "the `directory` of the chart")

	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}

		return fmt.Errorf("parse flags: %w", err)
	}

	derived, err := derive(ctx, *controllerGen, stderr)
	if err != nil {
		return err
	}

	core, err := crd.CoreFiles(derived)
	if err != nil {
		return fmt.Errorf("complete the core definitions: %w", err)
	}

	types, err := crd.TypeFiles(crd.Default())
	if err != nil {
		return fmt.Errorf("define the federated types: %w", err)
	}

	for _, file := range append(core, types...) {
		if err := write(*out, file); err != nil {
			return err
		}
	}

	fmt.Fprintf(stdout, "%d core definitions, %d files of federated types in %s\n", len(core), len(types), *out)

	return nil
}

// derive returns the definitions that controller-gen finds in KubeFed's Go types, without KubeFed's descriptions.
func derive(ctx context.Context, controllerGen string, stderr io.Writer) ([]byte, error) {
	const kubefed = "paths=sigs.k8s.io/kubefed/pkg/apis/"

	command := exec.CommandContext(
		ctx, controllerGen, "crd:maxDescLen=0", "output:crd:stdout",
		kubefed+"core/v1alpha1", kubefed+"core/v1beta1", kubefed+"scheduling/v1alpha1",
	)
	command.Stderr = stderr

	derived, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("run %q: %w", controllerGen, err)
	}

	return derived, nil
}

func write(out string, file crd.File) error {
	const dirMode, fileMode = 0o755, 0o644

	path := filepath.Join(out, filepath.FromSlash(file.Path))
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return fmt.Errorf("make the directory of a file: %w", err)
	}

	if err := os.WriteFile(path, file.Content, fileMode); err != nil {
		return fmt.Errorf("write a file: %w", err)
	}

	return nil
}
