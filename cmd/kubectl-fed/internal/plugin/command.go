package plugin

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
)

// Names that the program is called by.
const (
	kubefedctl = "kubefedctl"
	// completer is what kubectl runs to complete the words after `kubectl fed`.
	completer = "kubectl_complete-fed"
)

// Command returns the root command for the program's own name and arguments.
func Command(streams genericiooptions.IOStreams, args []string) *cobra.Command {
	called, program := filepath.Base(args[0]), "kubectl fed"
	if called == kubefedctl {
		program = kubefedctl
	}
	g := cli.NewGlobal(streams, program)
	root := &cobra.Command{
		Use:   strings.TrimPrefix(program, "kubectl "),
		Short: "Join clusters, federate objects, see where they are, preview and explain changes",
		Long: "Everything that a person does with a federation of clusters.\n\n" +
			"The context of your kubeconfig, or --context, names the host: the cluster that holds the federated objects.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: program},
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return cli.Next(err, "`%s --help` lists the flags", c.CommandPath())
	})
	g.AddFlags(root.PersistentFlags())
	root.AddGroup(groups()...)
	root.AddCommand(commands(g)...)
	root.SetHelpCommandGroupID(groupOther)
	root.SetCompletionCommandGroupID(groupOther)
	root.SetArgs(args[1:])
	if called == completer {
		root.SetArgs(append([]string{cobra.ShellCompRequestCmd}, args[1:]...))
	}
	root.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		return cli.Next(errors.New("there is no command "+args[0]), "`%s --help` lists the commands", c.CommandPath())
	}
	root.Args = cobra.ArbitraryArgs
	return root
}
