package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fedsync/fedsync/lab"
	"github.com/fedsync/fedsync/lab/federation"
)

// TestConformance runs the suite on a lab: with the manager working on all namespaces, then limited to one.
func TestConformance(t *testing.T) {
	s := readSettings(t)
	l := bringUp(t)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig") // its current context is the host
	if err := l.WriteKubeconfig(kubeconfig); err != nil {
		t.Fatal(err)
	}
	table := &table{}
	for _, p := range s.planes() {
		t.Run(p.scope, func(t *testing.T) { s.conform(t, l, kubeconfig, p, table) })
	}
	if len(table.rows) == 0 {
		t.Errorf("no spec has run: CONFORMANCE_SCOPE=%q, CONFORMANCE_FOCUS=%q", s.scope, s.focus)
	}
	if !s.kept {
		t.Logf("\n%s", table)
	}
	if err := os.WriteFile(filepath.Join(s.out, "table.txt"), []byte(table.String()), 0o644); err != nil {
		t.Error(err)
	}
}

// plane is a control plane: a manager that works on all namespaces, or on one.
type plane struct {
	scope     string // as in KubeFedConfig
	namespace string // the manager's
	runs      int
	// parts are the flags of several runs that together run every spec once.
	parts []part
}

type part struct {
	flags       []string
	focus, skip []string
}

// planes are those of KubeFed's own CI. In one namespace, the spec of placement goes alone: it makes a FederatedNamespace,
// whose placement would count for all others.
func (s settings) planes() []plane {
	limited := []string{"-kubefed-namespace=foo", "-limited-scope=true"}
	all := []plane{
		{scope: "Cluster", namespace: federation.Namespace, runs: s.runs, parts: []part{{}}},
		{scope: "Namespaced", namespace: "foo", runs: 1, parts: []part{
			{flags: limited, skip: []string{"Placement"}}, {flags: limited, focus: []string{"Placement"}},
		}},
	}
	if s.scope == "" {
		return all
	}
	return slices.DeleteFunc(all, func(p plane) bool { return p.scope != s.scope })
}

// conform runs the suite against one control plane.
func (s settings) conform(t *testing.T, l *lab.Lab, kubeconfig string, p plane, table *table) {
	federate(t, l, s.charts, p.namespace, p.scope)
	var webhook []string
	if s.manager.answers {
		webhook = s.installWebhook(t, l, p)
	}
	s.manager.start(t, kubeconfig, p.namespace, filepath.Join(s.out, p.scope+"-manager.log"), webhook...)
	waitReady(t, l)
	for n := range p.runs {
		t.Run(fmt.Sprintf("run %d", n+1), func(t *testing.T) {
			r := run{
				suite: s.suite, kubeconfig: kubeconfig, path: s.manager.directory(t),
				log: filepath.Join(s.out, fmt.Sprintf("%s-%d.log", p.scope, n+1)),
			}
			if n == 0 {
				r.seed = firstSeed
			}
			for _, part := range p.parts {
				results := r.results(t, s.narrow(part))
				table.add(p.scope, results)
				judge(t, results)
			}
		})
	}
}

// narrow leaves out what nobody wants to see now.
func (s settings) narrow(p part) part {
	p.skip = append(p.skip, leftOut)
	if !s.manager.answers {
		p.skip = append(p.skip, needsWebhook)
	}
	if s.focus != "" {
		p.focus = []string{s.focus}
	}
	return p
}

// judge makes each result a subtest.
func judge(t *testing.T, results []result) {
	t.Helper()
	for _, r := range results {
		t.Run(r.spec, func(t *testing.T) {
			switch r.outcome {
			case passed:
			case skipped:
				t.Skip(r.why)
			case failed:
				t.Errorf("%s\n%s", r.why, lastLines(r.output, 20))
			}
		})
	}
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
