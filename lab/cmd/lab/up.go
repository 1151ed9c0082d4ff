package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/fedsync/fedsync/lab"
)

func newUp(name *string) *cobra.Command {
	opts := lab.Options{Detached: true}
	var none, hostOnly bool
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start a host cluster and its members; they run until `lab down`",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.Name, opts.Progress = *name, cmd.ErrOrStderr()
			switch {
			case none:
				opts.Controllers = lab.ControllersNowhere
			case hostOnly:
				opts.Controllers = lab.ControllersOnHost
			}
			return up(cmd, opts)
		},
	}
	cmd.Flags().IntVar(&opts.Members, "members", 2, "number of member clusters")
	cmd.Flags().BoolVar(&none, "no-controller-manager", false, "run no controller manager: faster, but no namespace is ever deleted")
	cmd.Flags().BoolVar(&hostOnly, "host-controller-manager", false, "run a controller manager in the host only")
	cmd.MarkFlagsMutuallyExclusive("no-controller-manager", "host-controller-manager")
	return cmd
}

func up(cmd *cobra.Command, opts lab.Options) error {
	start := time.Now()
	l, err := lab.Up(cmd.Context(), opts)
	if errors.Is(err, lab.ErrExists) {
		return fmt.Errorf("lab %q is there already; see `lab status`, end it with `lab down`", opts.Name)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "lab %q is up: %d clusters in %.1fs\nexport KUBECONFIG=%s\n",
		l.Name(), len(l.Clusters()), time.Since(start).Seconds(), l.Kubeconfig())
	return nil
}

func newDown(name *string) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "Kill all clusters and remove their data",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := open(*name)
			if err != nil {
				return err
			}
			return l.Down(cmd.Context())
		},
	}
}

func newBuild() *cobra.Command {
	return &cobra.Command{
		Use:   "build",
		Short: "Build the clusters' programs if they are not there, and print their directory",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := lab.Build(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), dir)
			return nil
		},
	}
}
