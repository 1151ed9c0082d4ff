package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/fedsync/fedsync/federation/engine"
)

// parsed returns what the flags set.
func parsed(t *testing.T, flags ...string) *Config {
	t.Helper()
	c := &Config{}
	set := pflag.NewFlagSet("fedsyncd", pflag.ContinueOnError)
	c.addFlags(set)
	if err := set.Parse(flags); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFlags(t *testing.T) {
	defaults := func() *Config {
		return &Config{
			Namespace: "kube-federation-system", MetricsAddr: ":9090", HealthAddr: ":8080", LeaderElect: true, MemberWorkers: 8, HostWorkers: 8,
			Budget:              engine.Budget{Count: 100, Percent: 20, Window: 10 * time.Minute},
			TemplateAnnotations: "propagate", LogFormat: "text", MetricsDetail: "basic", OverdueAfter: time.Minute, TracingSampleRatio: 1,
			Webhook: WebhookConfig{Secret: "fedsyncd-webhook", Configuration: "fedsyncd"},
		}
	}
	but := func(change func(*Config)) *Config {
		c := defaults()
		change(c)
		return c
	}
	tests := map[string]struct {
		why   string
		flags []string
		want  *Config
	}{
		"none": {why: "the defaults are KubeFed's where it has any, and nobody is profiled unasked", want: defaults()},
		"all": {
			why: "each one reaches its field",
			flags: []string{
				"--kubeconfig=k", "--context=c", "--kubefed-namespace=n", "--metrics-addr=0", "--healthz-addr=:1", "--pprof-addr=127.0.0.1:2", "--leader-elect=false", "--member-workers=2",
				"--host-workers=3", "--kubefed-config=f", "--propagated-versions", "--template-annotations=drop",
				"--removal-budget-count=-1", "--removal-budget-percent=1", "--removal-budget-window=1s", "--log-format=json", "-v=1",
				"--metrics-detail=full", "--kubefed-metrics", "--overdue-after=5s", "--tracing-endpoint=http://h:1", "--tracing-sample-ratio=0.5",
				"--webhook-addr=:8443", "--webhook-strict", "--webhook-cert-dir=/c", "--webhook-names=a.svc,10.0.0.1", "--webhook-secret=s", "--webhook-configuration=w",
			},
			want: &Config{
				Kubeconfig: "k", Context: "c", Namespace: "n", MetricsAddr: "0", HealthAddr: ":1", PprofAddr: "127.0.0.1:2", MemberWorkers: 2, HostWorkers: 3,
				KubeFedConfig: "f", PropagatedVersions: true, TemplateAnnotations: "drop",
				Budget: engine.Budget{Count: -1, Percent: 1, Window: time.Second}, LogFormat: "json", Verbosity: 1,
				MetricsDetail: "full", KubeFedMetrics: true, OverdueAfter: 5 * time.Second, TracingEndpoint: "http://h:1", TracingSampleRatio: 0.5,
				Webhook: WebhookConfig{Addr: ":8443", Strict: true, CertDir: "/c", Names: []string{"a.svc", "10.0.0.1"}, Secret: "s", Configuration: "w"},
			},
		},
		"the verbosity with two dashes": {why: "klog's habit", flags: []string{"--v=2"}, want: but(func(c *Config) { c.Verbosity = 2 })},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := parsed(t, tc.flags...)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
			if err := got.Validate(); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	tests := map[string]struct {
		why   string
		flags []string
		want  []string
	}{
		"the least of everything": {
			why: "what is small is not wrong",
			flags: []string{
				"--member-workers=1", "--host-workers=1",
			},
		},
		"a namespace of nothing": {why: "it would mean all", flags: []string{"--kubefed-namespace="}, want: []string{"--kubefed-namespace must not be empty"}},
		"no workers":             {why: "nothing would ever be written", flags: []string{"--member-workers=0"}, want: []string{"--member-workers must be at least 1"}},
		"fewer than none":        {why: "as above", flags: []string{"--host-workers=-1"}, want: []string{"--host-workers must be at least 1"}},
		"annotations of no use":  {why: "the value is quoted", flags: []string{"--template-annotations=keep"}, want: []string{`--template-annotations must be propagate or drop, not "keep"`}},
		"a budget below none":    {why: "-1 is the one way to say no limit", flags: []string{"--removal-budget-count=-2"}, want: []string{"--removal-budget-count must be at least -1"}},
		"more than all":          {why: "a percentage ends at 100", flags: []string{"--removal-budget-percent=101"}, want: []string{"--removal-budget-percent must be between 0 and 100"}},
		"a window of nothing":    {why: "nothing would count", flags: []string{"--removal-budget-window=0"}, want: []string{"--removal-budget-window must be greater than 0"}},
		"a format of no name":    {why: "the value is quoted", flags: []string{"--log-format=xml"}, want: []string{`--log-format must be text or json, not "xml"`}},
		"a detail of no name":    {why: "the value is quoted", flags: []string{"--metrics-detail=all"}, want: []string{`--metrics-detail must be basic or full, not "all"`}},
		"traces to nowhere": {
			why: "the flags are named, and what is wrong with the URL", flags: []string{"--tracing-endpoint=collector:4318", "--tracing-sample-ratio=2"},
			want: []string{`--tracing-endpoint, --tracing-sample-ratio: endpoint "collector:4318" is no URL such as http://127.0.0.1:4318 or https://otel.example.com`, "sample ratio 2 is not between 0 and 1"},
		},
		"a webhook nowhere":   {why: "the address is quoted", flags: []string{"--webhook-addr=8443"}, want: []string{`--webhook-addr must be HOST:PORT or :PORT, not "8443"`}},
		"a port of no number": {why: "as above", flags: []string{"--webhook-addr=:https"}, want: []string{`--webhook-addr must be HOST:PORT or :PORT, not ":https"`}},
		"a certificate of nobody": {
			why: "it is kept in a Secret or comes from a directory", flags: []string{"--webhook-addr=:1", "--webhook-secret="},
			want: []string{"--webhook-secret and --webhook-configuration must not be empty without --webhook-cert-dir"},
		},
		"overdue at once": {why: "every edit would be", flags: []string{"--overdue-after=0"}, want: []string{"--overdue-after must be greater than 0"}},
		"everything at once": {
			why: "nobody should have to try four times",
			flags: []string{
				"--kubefed-namespace=", "--member-workers=0", "--host-workers=0", "--log-format=",
			},
			want: []string{
				"--kubefed-namespace must not be empty", "--member-workers must be at least 1", "--host-workers must be at least 1",
				`--log-format must be text or json, not ""`,
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			if err := parsed(t, tc.flags...).Validate(); err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

// A wrong flag must be told before anything is asked of a cluster.
func TestCommandRefuses(t *testing.T) {
	tests := map[string]struct {
		why, want string
		arguments []string
	}{
		"a wrong value": {why: "it is validated first", arguments: []string{"--member-workers=0", "--kubeconfig=/does/not/exist"}, want: "--member-workers must be at least 1"},
		"a wrong flag":  {why: "a typo must not be ignored", arguments: []string{"--member-worker=1"}, want: "unknown flag: --member-worker"},
		"an argument":   {why: "as above", arguments: []string{"start"}, want: `unknown command "start" for "fedsyncd"`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			cmd := command()
			cmd.SetArgs(tc.arguments)
			err := cmd.ExecuteContext(t.Context())
			if diff := cmp.Diff(tc.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

// kubeconfig writes a file whose contexts lead to a server of that name, the first one being current.
func kubeconfig(t *testing.T, contexts ...string) string {
	t.Helper()
	var clusters, list strings.Builder
	for _, c := range contexts {
		fmt.Fprintf(&clusters, "- {name: %s, cluster: {server: 'https://%s:6443'}}\n", c, c)
		fmt.Fprintf(&list, "- {name: %s, context: {cluster: %s, user: u}}\n", c, c)
	}
	file := filepath.Join(t.TempDir(), "config")
	content := "apiVersion: v1\nkind: Config\ncurrent-context: " + contexts[0] + "\nclusters:\n" + clusters.String() + "contexts:\n" + list.String() + "users:\n- {name: u, user: {token: t}}\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestHostConfig(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	t.Setenv("KUBECONFIG", kubeconfig(t, "from-environment"))
	file := kubeconfig(t, "first", "second")
	tests := map[string]struct {
		why    string
		config Config
		want   string
	}{
		"a file":               {why: "its current context", config: Config{Kubeconfig: file}, want: "https://first:6443"},
		"a file and a context": {why: "another one of its contexts", config: Config{Kubeconfig: file, Context: "second"}, want: "https://second:6443"},
		"nothing":              {why: "the environment, as kubectl does", config: Config{}, want: "https://from-environment:6443"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := hostConfig(&tc.config)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Host); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
			if got.QPS >= 0 || !strings.HasPrefix(got.UserAgent, "fedsyncd/") {
				t.Errorf("limit %f, user agent %q", got.QPS, got.UserAgent)
			}
		})
	}
	for name, c := range map[string]Config{"a file that is not there": {Kubeconfig: filepath.Join(home, "none")}, "a context that is not there": {Kubeconfig: file, Context: "third"}} {
		t.Run(name, func(t *testing.T) {
			if got, err := hostConfig(&c); err == nil {
				t.Errorf("it leads to %s", got.Host)
			}
		})
	}
}
