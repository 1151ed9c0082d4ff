package membership

import (
	"github.com/spf13/cobra"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
)

// Commands returns the commands about members.
func Commands(g *cli.Global) []*cobra.Command {
	return []*cobra.Command{joinCommand(g), unjoinCommand(g), rotateCommand(g), cordonCommand(g), uncordonCommand(g), drainCommand(g)}
}
