package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/fedsync/fedsync/lab"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if !testing.Short() { // outside of the tests' own time limit
		if _, err := lab.Build(context.Background(), os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func TestMistakesAreExplained(t *testing.T) {
	t.Setenv("FEDSYNC_LAB_CACHE", t.TempDir())
	cases := map[string]struct {
		args []string
		want string
	}{
		"no lab to show":          {[]string{"status"}, "no lab is running; start one with `lab up`"},
		"no lab to end":           {[]string{"down"}, "no lab is running; start one with `lab up`"},
		"no lab to pause":         {[]string{"pause", "member1"}, "no lab is running; start one with `lab up`"},
		"no cluster named":        {[]string{"pause"}, "accepts 1 arg(s)"},
		"a wrong command":         {[]string{"upp"}, "unknown command"},
		"a wrong name":            {[]string{"up", "--name", "a/b"}, `name a lab "a/b"`},
		"too many members":        {[]string{"up", "--members", "100"}, "100 members"},
		"contradicting controls":  {[]string{"up", "--no-controller-manager", "--host-controller-manager"}, "none of the others can be"},
		"an argument nobody asks": {[]string{"down", "default"}, "unknown command"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, c.args...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("lab %s: %v, want %q", strings.Join(c.args, " "), err, c.want)
			}
		})
	}
}

// TestCommands walks one lab through all commands.
func TestCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("needs clusters")
	}
	name := fmt.Sprintf("cli-%d", os.Getpid())
	t.Cleanup(func() { _, _ = run(t, "down", "--name", name) }) // for a test that fails half-way
	must := func(args ...string) string {
		t.Helper()
		out, err := run(t, append(args, "--name", name)...)
		if err != nil {
			t.Fatalf("lab %s: %v", strings.Join(args, " "), err)
		}
		return out
	}
	wantStatus := func(state string) {
		t.Helper()
		if out := must("status"); !strings.Contains(out, "host      "+state) {
			t.Errorf("lab status does not call the host %s:\n%s", state, out)
		}
	}
	path := strings.TrimSpace(must("up", "--members", "0", "--no-controller-manager"))
	path = path[strings.LastIndex(path, "=")+1:]
	wantStatus("running")
	if out := strings.TrimSpace(must("kubeconfig", "--path")); out != path {
		t.Errorf("lab kubeconfig --path says %q, lab up said %q", out, path)
	}
	if _, err := clientcmd.Load([]byte(must("kubeconfig"))); err != nil {
		t.Errorf("lab kubeconfig: %v", err)
	}
	if _, err := run(t, "up", "--name", name); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("lab up again: %v", err)
	}
	if _, err := run(t, "status", "--name", name+"x"); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("lab status of another lab: %v, want the names that exist", err)
	}
	must("pause", "host")
	wantStatus("paused")
	must("resume", "host")
	wantStatus("running")
	must("kill", "host")
	wantStatus("stopped")
	must("start", "host")
	wantStatus("running")
	must("down")
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("lab down left %s (%v)", path, err)
	}
	if _, err := run(t, "down", "--name", name); err == nil {
		t.Error("lab down of no lab gave no error")
	}
}

// run executes a command line and returns what it wrote to standard output.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, progress bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&progress)
	err := root.ExecuteContext(context.WithoutCancel(t.Context())) // Cleanup runs after the end of the context
	if progress.Len() > 0 {
		t.Log(progress.String())
	}
	return out.String(), err
}
