package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/fedsync/fedsync/lab"
)

func newStatus(name *string) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the clusters of the lab",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := open(*name)
			if err != nil {
				return err
			}
			return printStatus(cmd.OutOrStdout(), l)
		},
	}
}

func printStatus(w io.Writer, l *lab.Lab) error {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "CLUSTER\tSTATE\tURL\tMEMORY\tPIDS")
	for _, c := range l.Clusters() {
		s, err := c.Status()
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d MB\t%s\n", c.Name, s.State, c.URL, s.Memory()>>20, pids(s))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print status: %w", err)
	}
	return nil
}

// pids lists the living processes: "etcd 12, kube-apiserver 13".
func pids(s lab.Status) string {
	var living []string
	for _, p := range s.Processes {
		if p.PID != 0 {
			living = append(living, fmt.Sprintf("%s %d", p.Component, p.PID))
		}
	}
	return strings.Join(living, ", ")
}

func newKubeconfig(name *string) *cobra.Command {
	var path bool
	cmd := &cobra.Command{
		Use:   "kubeconfig",
		Short: "Print a kubeconfig with a context for each cluster",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := open(*name)
			if err != nil {
				return err
			}
			if path {
				fmt.Fprintln(cmd.OutOrStdout(), l.Kubeconfig())
				return nil
			}
			content, err := os.ReadFile(l.Kubeconfig())
			if err != nil {
				return fmt.Errorf("read kubeconfig: %w", err)
			}
			if _, err := cmd.OutOrStdout().Write(content); err != nil {
				return fmt.Errorf("print kubeconfig: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&path, "path", false, "print the path of the file instead of its content")
	return cmd
}
