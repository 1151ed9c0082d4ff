// Command simfleet serves a simulated fleet of member clusters, until it is asked to end.
//
// Does: prints how to reach the fleet, as a line of JSON (simfleet.Endpoint), once it serves.
//
// Given: how many members there are.
//
// Promises: it listens on a loopback address only, and forgets everything at its end.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/fedsync/fedsync/lab/simfleet"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "simfleet:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var o simfleet.Options
	cmd := &cobra.Command{
		Use:   "simfleet",
		Short: "Simulate a fleet of member clusters in one process",
		Args:  cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fleet, err := simfleet.Start(cmd.Context(), o)
			if err != nil {
				return err
			}
			endpoint := fleet.Endpoint()
			endpoint.PID = os.Getpid()
			if err := json.NewEncoder(cmd.OutOrStdout()).Encode(endpoint); err != nil {
				return err
			}
			<-cmd.Context().Done()
			return fleet.Close()
		},
	}
	cmd.Flags().IntVar(&o.Members, "members", 10, "how many members")
	cmd.Flags().StringVar(&o.Listen, "listen", "127.0.0.1:0", "loopback address to serve at")
	cmd.Flags().IntVar(&o.History, "history", 0, "how many events each member keeps of each kind for watches; 0 means 1024")
	return cmd
}
