package cli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
	"github.com/google/go-cmp/cmp"
)

const quickstart = "../../docs/quickstart.md"

// TestQuickstart plays the quickstart on real clusters: its files are written, its commands run, and their output must be that of the page
// but for ages and the hash of the plan. FEDSYNC_CLI_UPDATE=1 writes the output into the page.
func TestQuickstart(t *testing.T) {
	page, err := os.ReadFile(quickstart)
	if err != nil {
		t.Fatal(err)
	}
	p := &player{t: t, dir: t.TempDir()}
	p.prepare()
	t.Cleanup(func() { // the members are everybody's
		p.run("kubectl fed federate namespace shop --contents -o yaml --clusters member1,member2 2>/dev/null | kubectl fed apply -f - --delete --yes")
	})
	fence := regexp.MustCompile("(?s)```(yaml|console)\n(.*?)```\n")
	played := fence.ReplaceAllStringFunc(string(page), func(block string) string {
		part := fence.FindStringSubmatch(block)
		if part[1] == "yaml" {
			p.file(part[2])
			return block
		}
		return "```console\n" + p.play(part[2]) + "```\n"
	})
	if os.Getenv("FEDSYNC_CLI_UPDATE") != "" {
		if err := os.WriteFile(quickstart, []byte(played), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// player plays a page in a directory of its own.
type player struct {
	t    *testing.T
	dir  string
	hash string // of the last plan
}

// prepare makes the plugin callable as `kubectl fed`.
func (p *player) prepare() {
	p.t.Helper()
	shim := "#!/bin/sh\n[ \"$1\" = fed ] || { echo \"only kubectl fed is here\" >&2; exit 1; }\nshift\nexec " + filepath.Join(fleet.plugin, "kubectl-fed") + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(p.dir, "kubectl"), []byte(shim), 0o700); err != nil {
		p.t.Fatal(err)
	}
}

// file writes a file of the page. What the page calls the application exists before its first command.
func (p *player) file(content string) {
	p.t.Helper()
	first, rest, _ := strings.Cut(content, "\n")
	name := strings.TrimPrefix(first, "# file: ")
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(rest), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if name != "shop.yaml" {
		return
	}
	if err := federation.Apply(p.t.Context(), fleet.lab.Host().RESTConfig(), []byte(rest)); err != nil {
		p.t.Fatal(err)
	}
	p.until("the Deployment has its ReplicaSet", func() bool {
		return strings.Contains(p.run("kubectl fed federate namespace shop --contents --dry-run"), "replicaset/") &&
			strings.Contains(p.run("kubectl fed federate namespace shop --contents --dry-run"), "kube-root-ca.crt")
	})
}

// play runs the command of a block until its output is that of the page, and returns the block with the output that came last.
func (p *player) play(block string) string {
	p.t.Helper()
	command, want, _ := strings.Cut(block, "\n")
	command = strings.TrimPrefix(command, "$ ")
	hash := regexp.MustCompile(`--plan [0-9a-f]{16}`)
	if p.hash != "" {
		command = hash.ReplaceAllString(command, "--plan "+p.hash)
	}
	got := ""
	run := func() bool {
		got = p.run(command)
		return steady(got) == steady(want)
	}
	switch {
	case strings.Contains(command, "fed federate") || strings.Contains(command, "fed apply"):
		run() // once: it writes
	case os.Getenv("FEDSYNC_CLI_UPDATE") != "":
		p.until("everything is in step", func() bool { return !strings.Contains(p.run("kubectl fed status -n shop --check"), "error") })
		run()
	default:
		p.until("the output is that of the page", run)
	}
	if found := hash.FindString(got); found != "" {
		p.hash = strings.TrimPrefix(found, "--plan ")
	}
	if diff := cmp.Diff(steady(want), steady(got)); diff != "" && os.Getenv("FEDSYNC_CLI_UPDATE") == "" {
		p.t.Errorf("%s (-page +output):\n%s", command, diff)
	}
	return "$ " + command + "\n" + got
}

func (p *player) run(command string) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.t.Context()), patience) // it cleans up too
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-c", command)
	c.Dir = p.dir
	c.Env = append(os.Environ(), "PATH="+p.dir+":"+os.Getenv("PATH"), "KUBECONFIG="+fleet.lab.Kubeconfig(), "LC_ALL=C")
	said, _ := c.CombinedOutput() // the exit status of a plan with changes is 3
	return string(said)
}

// until waits as long as a script does. When it has waited in vain, the caller compares and tells.
func (p *player) until(what string, isTrue func() bool) {
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !isTrue() {
		select {
		case <-ctx.Done():
			p.t.Logf("waited in vain until %s", what)
			return
		case <-tick.C:
		}
	}
}

// steady leaves out what differs from run to run.
func steady(text string) string {
	text = regexp.MustCompile(`--plan [0-9a-f]{16}`).ReplaceAllString(text, "--plan HASH")
	text = regexp.MustCompile(`\b\d+(s|m|m\d+s|h)\b`).ReplaceAllString(text, "AGE")
	return regexp.MustCompile(` +`).ReplaceAllString(text, " ")
}
