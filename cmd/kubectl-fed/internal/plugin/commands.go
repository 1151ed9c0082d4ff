package plugin

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/enable"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/explain"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/federate"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/membership"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/preview"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/see"
)

// Groups of commands in the help.
const (
	groupMembers = "members"
	groupObjects = "objects"
	groupSee     = "see"
	groupChange  = "change"
	groupOther   = "other"
)

func groups() []*cobra.Group {
	return []*cobra.Group{
		{ID: groupMembers, Title: "Members:"},
		{ID: groupObjects, Title: "Types and objects:"},
		{ID: groupSee, Title: "See:"},
		{ID: groupChange, Title: "Preview and explain:"},
		{ID: groupOther, Title: "Other:"},
	}
}

// commands returns all commands, each in its group.
func commands(g *cli.Global) []*cobra.Command {
	return slices.Concat(
		in(groupMembers, membership.Commands(g)...),
		in(groupObjects, enable.Commands(g)...),
		in(groupObjects, federate.Commands(g)...),
		in(groupSee, see.Commands(g)...),
		in(groupChange, preview.Commands(g)...),
		in(groupChange, explain.Commands(g)...),
		in(groupOther, versionCommand(g)),
	)
}

// in puts commands into a group.
func in(group string, commands ...*cobra.Command) []*cobra.Command {
	for _, c := range commands {
		c.GroupID = group
	}
	return commands
}
