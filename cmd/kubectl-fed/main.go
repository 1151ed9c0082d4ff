// Command kubectl-fed is the kubectl plugin of fedsync: `kubectl fed`. Under the name kubefedctl it takes the same commands.
package main

//go:generate go run ./generate -out ../../docs/reference/cli.md

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/plugin"
)

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	return cli.Report(os.Stderr, plugin.Command(streams, os.Args).ExecuteContext(ctx))
}
