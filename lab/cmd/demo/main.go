// Command demo shows fedsyncd at work: a host and two members, real clusters on this machine, kept in step.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	interrupted := ctx.Err() != nil
	stop()
	if err != nil && (!interrupted || !errors.Is(err, context.Canceled)) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	d := &demo{out: os.Stdout}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show a host and two member clusters, kept in step by fedsyncd",
		Args:  cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.stay = isTerminal(os.Stdout) && os.Getenv("DEMO_EXIT") == ""
			d.live = isTerminal(os.Stdout)
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&d.binary, "fedsyncd", "bin/fedsyncd", "path of the daemon's binary")
	cmd.Flags().StringVar(&d.plugin, "kubectl-fed", "bin/kubectl-fed", "path of the plugin's binary")
	cmd.Flags().StringVar(&d.repository, "repository", ".", "root of the repository, for charts/ and examples/")
	cmd.Flags().StringVar(&d.monitoring.binaries, "prometheus", "", "directory of prometheus and promtool: one scrapes the daemon; empty for none")
	cmd.Flags().StringArrayVar(&d.monitoring.rules, "rules", nil, "file of rules for Prometheus; may be given more than once")
	return cmd
}

// isTerminal tells whether a person looks at the file.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb" && info.Name() != "null"
}
