package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fedsync/fedsync/lab"
)

const defaultName = "default"

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "lab",
		Short:         "Run a host and member Kubernetes clusters on this machine",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	name := root.PersistentFlags().String("name", defaultName, "name of the lab; several can run side by side")
	root.AddCommand(newUp(name), newDown(name), newStatus(name), newKubeconfig(name), newBuild(),
		clusterCommand(name, "pause", "Stop a cluster where it stands, so that it answers nobody", pause),
		clusterCommand(name, "resume", "Continue a paused cluster", resume),
		clusterCommand(name, "kill", "Kill a cluster's processes; its data is kept", kill),
		clusterCommand(name, "start", "Start a killed cluster again", start),
	)
	return root
}

// open finds the lab, or says how to make one.
func open(name string) (*lab.Lab, error) {
	l, err := lab.Open(name)
	if !errors.Is(err, lab.ErrNotFound) {
		return l, err
	}
	names, err := lab.Names()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("no lab is running; start one with `lab up`")
	}
	return nil, fmt.Errorf("no lab %q is running; start it with `lab up --name %s`, or choose by --name from: %s",
		name, name, strings.Join(names, ", "))
}
