// Command kubectl-fed is the kubectl plugin of fedsync: `kubectl fed`. Under the name kubefedctl it takes the same commands.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
)

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	return cli.Report(os.Stderr, command(streams, os.Args).ExecuteContext(ctx))
}
