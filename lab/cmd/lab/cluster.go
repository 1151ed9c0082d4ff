package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/fedsync/fedsync/lab"
)

// startTimeout limits `lab start`.
const startTimeout = 2 * time.Minute

// clusterCommand makes a command that does something to one cluster, which is its argument.
func clusterCommand(name *string, verb, short string, do func(context.Context, *lab.Cluster) error) *cobra.Command {
	return &cobra.Command{
		Use:   verb + " CLUSTER",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := open(*name)
			if err != nil {
				return err
			}
			c, err := l.Cluster(args[0])
			if err != nil {
				return err
			}
			return do(cmd.Context(), c)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return clusterNames(*name), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// clusterNames are offered by shell completion, which has no place for errors.
func clusterNames(lab string) []string {
	l, err := open(lab)
	if err != nil {
		return nil
	}
	var names []string
	for _, c := range l.Clusters() {
		names = append(names, c.Name)
	}
	return names
}

func pause(_ context.Context, c *lab.Cluster) error { return c.Pause() }

func resume(_ context.Context, c *lab.Cluster) error { return c.Resume() }

func kill(_ context.Context, c *lab.Cluster) error { return c.Kill() }

func start(ctx context.Context, c *lab.Cluster) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return c.Start(ctx)
}
