package see

import (
	"github.com/spf13/cobra"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
)

// Commands returns the commands that show how a federation stands.
func Commands(g *cli.Global) []*cobra.Command {
	return []*cobra.Command{statusCommand(g), getCommand(g), treeCommand(g), membersCommand(g), topCommand(g)}
}
