package plugin

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// ownFlags are those of all commands that are not kubectl's.
func ownFlags() []string { return []string{"host-cluster-context", "kubefed-namespace"} }

// WriteReference writes the reference of all commands as Markdown.
func WriteReference(out io.Writer, root *cobra.Command) error {
	page := &page{}
	page.linef("# `kubectl fed`\n")
	page.linef("<!-- Made from the commands themselves by `make generate`. -->\n")
	page.linef("Called as `kubefedctl` it takes the same commands. Exit status: 0 if all went well, 1 if something failed, 3 if a plan shows changes.")
	page.linef("All commands take kubectl's flags, such as `--kubeconfig`, `--context`, `-n`, `--as` and `--request-timeout`, and:\n")
	own := pflag.NewFlagSet("own", pflag.ContinueOnError)
	for _, name := range ownFlags() {
		own.AddFlag(root.PersistentFlags().Lookup(name))
	}
	page.block(own.FlagUsages())
	page.linef("Completion: `kubectl fed completion --help`; for `kubectl` itself, put a link named `kubectl_complete-fed` to the plugin into your PATH.\n")
	for _, group := range root.Groups() {
		var members []*cobra.Command
		for _, c := range root.Commands() {
			if c.GroupID == group.ID && c.IsAvailableCommand() && c.Name() != "completion" {
				members = append(members, c)
			}
		}
		if len(members) == 0 {
			continue
		}
		page.linef("## %s\n", strings.TrimSuffix(group.Title, ":"))
		for _, c := range members {
			page.command(c)
		}
	}
	_, err := io.WriteString(out, strings.TrimRight(page.text.String(), "\n")+"\n")
	return err
}

type page struct{ text strings.Builder }

func (p *page) linef(format string, args ...any) { fmt.Fprintf(&p.text, format+"\n", args...) }

func (p *page) block(content string) { p.linef("```\n%s\n```\n", strings.Trim(content, "\n")) }

func (p *page) command(c *cobra.Command) {
	p.linef("### %s\n", c.CommandPath())
	if c.Long != "" {
		p.long(c.Long)
	} else {
		p.linef("%s.\n", c.Short)
	}
	if !c.HasSubCommands() {
		p.block(c.UseLine())
	}
	if flags := c.LocalNonPersistentFlags().FlagUsages(); flags != "" {
		p.block(flags)
	}
	if c.Example != "" {
		p.linef("For example:\n")
		p.block(c.Example)
	}
	for _, sub := range c.Commands() {
		p.command(sub)
	}
}

// long writes a description, whose indented lines are a table.
func (p *page) long(text string) {
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if strings.HasPrefix(paragraph, "  ") {
			p.block(paragraph)
		} else {
			p.linef("%s\n", paragraph)
		}
	}
}
