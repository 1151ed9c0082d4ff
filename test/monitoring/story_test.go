package monitoring

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab"
	"github.com/fedsync/fedsync/lab/daemon"
	"github.com/fedsync/fedsync/lab/federation"
	"github.com/fedsync/fedsync/lab/prometheus"

	"github.com/fedsync/fedsync/test/await"
)

// story is what happens, and all that it happens to.
type story struct {
	root, binary, raceBinary, binaries string

	lab        *lab.Lab
	host       cluster
	members    map[string]cluster
	first      *daemon.Process // leads until it is killed
	second     *daemon.Process // stands by, and takes over
	addresses  map[string]string
	roles      map[string]string // by address
	prometheus *prometheus.Server
	scaled     string            // the file of rules with short durations
	kubernetes string            // the members' version
	version    map[string]string // of Go and of fedsyncd, by the part

	visited map[moment]bool
	hidden  []secret
	fight   *fight
}

// hostCluster is the label that tells several hosts apart in one Prometheus.
const hostCluster = "lab"

// The parts of the two daemons.
const (
	leader  = "leader"
	standby = "standby"
)

// TestStory tells the story, chapter by chapter. A chapter that fails does not end it; one that cannot go on does.
func TestStory(t *testing.T) {
	s := setUp(t)
	for _, chapter := range []struct {
		name string
		tell func(*testing.T, *story)
	}{
		{"fedsyncd is not there yet", nobodyThere},
		{"members join and objects come", creation},
		{"objects are edited", edits},
		{"somebody changes a copy again and again", drift},
		{"a member asks to slow down", throttling},
		{"a member is away", absence},
		{"it comes back", comeback},
		{"copies are refused", refusals},
		{"a mass of objects", crowd},
		{"a template has unknown fields", typo},
		{"a selector goes wrong", budget},
		{"a type is missing", widgets},
		{"the host refuses statuses", rejection},
		{"tokens expire", credentials},
		{"a member leaves", farewell},
		{"the leader dies", succession},
		{"nobody is left", end},
	} {
		if began := time.Now(); t.Run(chapter.name, func(t *testing.T) { chapter.tell(t, s) }) {
			t.Logf("measured: %q took %s", chapter.name, time.Since(began).Round(time.Second/10))
		}
		if s.visited[nobody] && s.second == nil && len(s.visited) == 1 && t.Failed() {
			break // nobody is there to tell anything
		}
	}
	s.allAsked(t)
}

func setUp(t *testing.T) *story {
	t.Helper()
	s := &story{
		binary: os.Getenv("FEDSYNCD"), raceBinary: os.Getenv("FEDSYNCD_RACE"), binaries: os.Getenv("PROMETHEUS_BIN"),
		visited: map[moment]bool{}, members: map[string]cluster{}, addresses: map[string]string{}, roles: map[string]string{}, version: map[string]string{},
	}
	if s.binary == "" || s.binaries == "" {
		t.Fatal("FEDSYNCD and PROMETHEUS_BIN must name fedsyncd and the directory of prometheus; `make story` does that")
	}
	s.root = repository(t)
	if s.raceBinary == "" {
		s.raceBinary = s.binary
	}
	for _, role := range []string{leader, standby} {
		address := freeAddress(t)
		s.addresses[role], s.roles[address] = address, role
	}
	err := errors.Join(s.findVersions(t.Context()), s.build(t.Context()))
	if err != nil {
		s.tearDown(t)
		t.Fatal(err)
	}
	t.Cleanup(func() { s.tearDown(t) })
	return s
}

// findVersions asks the binaries for their version. They were built by the Go that has built this test.
func (s *story) findVersions(ctx context.Context) error {
	for role, binary := range map[string]string{leader: s.raceBinary, standby: s.binary} {
		out, err := exec.CommandContext(ctx, binary, "--version").Output()
		if err != nil {
			return fmt.Errorf("ask %q for its version: %w", binary, err)
		}
		s.version[role] = runtime.Version() + " " + strings.TrimPrefix(strings.TrimSpace(string(out)), "fedsyncd version ")
	}
	return nil
}

const memberCount = 3

// build makes the clusters and starts Prometheus, which finds nobody yet.
func (s *story) build(ctx context.Context) error {
	var err error
	// Nothing in the story needs controllers, and without them tokens say when they end.
	if s.lab, err = lab.Up(ctx, lab.Options{Members: memberCount, Controllers: lab.ControllersNowhere, Progress: os.Stderr}); err != nil {
		return err
	}
	charts := filepath.Join(s.root, "charts", "fedsync")
	if err := federation.Install(ctx, s.lab.Host().RESTConfig(), filepath.Join(charts, "crds"), filepath.Join(charts, "types")); err != nil {
		return err
	}
	if s.host, err = connect(s.lab.Host()); err != nil {
		return err
	}
	for _, m := range s.lab.Members() {
		if s.members[m.Name], err = connect(m); err != nil {
			return err
		}
	}
	if s.kubernetes, err = serverVersion(s.lab.Members()[0]); err != nil {
		return err
	}
	original := filepath.Join(charts, "rules", "fedsync.rules.yaml")
	s.scaled = filepath.Join(s.lab.Dir(), "scaled.rules.yaml")
	if err := scaleRules(original, s.scaled); err != nil {
		return err
	}
	o := prometheus.Options{Binaries: s.binaries, Dir: filepath.Join(s.lab.Dir(), "prometheus"), Rules: []string{original, s.scaled}}
	for _, role := range []string{leader, standby} {
		o.Targets = append(o.Targets, prometheus.Target{
			Job: "fedsync", URL: "http://" + s.addresses[role] + "/metrics", Labels: map[string]string{"cluster": hostCluster},
		})
	}
	s.prometheus, err = prometheus.Start(ctx, o)
	return err
}

// daemonArgs are those of both daemons. A member is not ready after two probes that fail, and a copy is overdue after five seconds.
func daemonArgs(address string) []string {
	return []string{
		"--metrics-addr=" + address, "--overdue-after=5s", "--kubefed-metrics", "--metrics-detail=full", "--log-format=json", "-v=1",
		fmt.Sprintf("--removal-budget-count=%d", removalBudget), "--removal-budget-percent=0",
	}
}

func (s *story) start(ctx context.Context, role, binary string) (*daemon.Process, error) {
	p, err := daemon.Start(ctx, daemon.Options{
		Binary: binary, Kubeconfig: s.lab.Kubeconfig(), Log: s.log(role), Args: daemonArgs(s.addresses[role]),
	})
	if err != nil {
		return nil, err
	}
	p.MetricsURL = "http://" + s.addresses[role] + "/metrics"
	return p, nil
}

func (s *story) log(role string) string { return filepath.Join(s.lab.Dir(), role+".log") }

func (s *story) tearDown(t *testing.T) {
	t.Helper()
	if s.fight != nil {
		s.fight.stop()
	}
	var err error
	for _, d := range []*daemon.Process{s.first, s.second} {
		if d != nil && d.Running() {
			_, stopped := d.Stop()
			err = errors.Join(err, stopped)
		}
	}
	if s.prometheus != nil {
		err = errors.Join(err, s.prometheus.Stop())
	}
	if s.lab != nil {
		s.keep(t)
		err = errors.Join(err, s.lab.Down(context.WithoutCancel(t.Context())))
	}
	if err != nil {
		t.Error(err)
	}
}

// keep copies the logs to where somebody wants to look at them.
func (s *story) keep(t *testing.T) {
	t.Helper()
	dir := os.Getenv("MONITORING_KEEP")
	if dir == "" {
		return
	}
	for _, role := range []string{leader, standby} {
		content, err := os.ReadFile(s.log(role))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, role+".log"), content, 0o600)
		}
		if err != nil {
			t.Log(err)
		}
	}
}

// repository returns the root of the repository, two directories up from this package.
func repository(t *testing.T) string {
	t.Helper()
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(wd, "..", "..")
}

// freeAddress finds an address for a daemon that is scraped before it starts.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nobody was there
	return l.Addr().String()
}

// eventually polls until the function returns "", or fails the test with what it last said.
func (s *story) eventually(t *testing.T, timeout time.Duration, what string, check func() string) {
	t.Helper()
	if _, problem := await.Until(20*time.Millisecond, timeout, check); problem != "" {
		t.Fatalf("%s: not within %s: %s%s", what, timeout, problem, s.lastWords())
	}
}

func (s *story) lastWords() string {
	if s.first == nil {
		return ""
	}
	return "\nthe daemon's last words:\n" + s.first.LogTail()
}
