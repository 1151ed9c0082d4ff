// Command generate writes the reference of the plugin's commands.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/plugin"
)

func main() {
	out := flag.String("out", "docs/reference/cli.md", "the `file`")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(out string) error {
	var page bytes.Buffer
	if err := plugin.WriteReference(&page, plugin.Command(genericiooptions.NewTestIOStreamsDiscard(), []string{"kubectl-fed"})); err != nil {
		return err
	}
	return os.WriteFile(out, page.Bytes(), 0o644) //nolint:gosec // a page for everybody
}
