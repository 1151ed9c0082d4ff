package plugin

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
	"k8s.io/client-go/discovery"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/internal/version"
)

// versions is what `version -o json` prints.
type versions struct {
	// Client is the version of the plugin, as it was stamped into it.
	Client string `json:"client"`
	// Go is the version of Go that it was built with.
	Go string `json:"go"`
	// Host is the host's Kubernetes version, empty if it was not asked or did not answer.
	Host string `json:"host,omitempty"`
}

func versionCommand(g *cli.Global) *cobra.Command {
	output, clientOnly := &cli.Output{}, false
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version of the plugin, and the host's",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := output.Validate(); err != nil {
				return err
			}
			v := versions{Client: version.Version(), Go: runtime.Version()}
			if !clientOnly {
				v.Host = hostVersion(c, g)
			}
			if output.Structured() {
				return output.Print(g.Out, v)
			}
			fmt.Fprintf(g.Out, "client: %s (%s)\n", v.Client, v.Go)
			if v.Host != "" {
				fmt.Fprintf(g.Out, "host:   Kubernetes %s\n", v.Host)
			}
			return nil
		},
	}
	output.AddFlag(c.Flags(), "json", "yaml")
	c.Flags().BoolVar(&clientOnly, "client", false, "do not ask the host")
	return c
}

// hostVersion returns "" where the host cannot be asked: the plugin's version is known all the same.
func hostVersion(c *cobra.Command, g *cli.Global) string {
	config, err := g.HostConfig()
	if err != nil {
		return ""
	}
	d, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return ""
	}
	v, err := d.ServerVersionWithContext(c.Context())
	if err != nil {
		fmt.Fprintln(g.ErrOut, "note:  the host does not say its version:", err)
		return ""
	}
	return v.GitVersion
}
