package lab

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"
)

const metricsPage = `# HELP apiserver_request_total Counter.
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",resource="configmaps",subresource="",verb="APPLY"} 7
apiserver_request_total{code="201",resource="configmaps",subresource="",verb="APPLY"} 3
apiserver_request_total{code="200",resource="pods",subresource="status",verb="APPLY"} 100
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 1.5
process_cpu_seconds_total_of_others 9
# TYPE took histogram
took_bucket{le="1"} 4
took_bucket{le="+Inf"} 6
took_sum 12.5
took_count 6
`

func TestMetricsAreSummed(t *testing.T) {
	samples, err := parseMetrics([]byte(metricsPage), func([]byte) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		name  string
		match map[string]string
		want  float64
	}{
		"all series":           {"apiserver_request_total", nil, 110},
		"those with a label":   {"apiserver_request_total", map[string]string{"resource": "configmaps"}, 10},
		"those with two":       {"apiserver_request_total", map[string]string{"resource": "configmaps", "code": "201"}, 3},
		"those without one":    {"apiserver_request_total", map[string]string{"subresource": ""}, 10},
		"none that match":      {"apiserver_request_total", map[string]string{"verb": "DELETE"}, 0},
		"no labels at all":     {"process_cpu_seconds_total", nil, 1.5},
		"a histogram's sum":    {"took_sum", nil, 12.5},
		"a histogram's bucket": {"took_bucket", map[string]string{"le": "1"}, 4},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := samples.Sum(c.name, c.match); got != c.want {
				t.Errorf("Sum() = %v, want %v", got, c.want)
			}
			only, err := parseMetrics([]byte(metricsPage), func(line []byte) bool { return isSampleOf(c.name, line) })
			if got := only.Sum(c.name, c.match); err != nil || got != c.want {
				t.Errorf("Sum() of only the wanted samples = %v, %v; want %v", got, err, c.want)
			}
		})
	}
	if _, err := parseMetrics([]byte("no metrics{"), func([]byte) bool { return true }); err == nil {
		t.Error("a broken page gave no error")
	}
}

func TestKubeconfigNamesEachCluster(t *testing.T) {
	l := &Lab{clusters: []*Cluster{
		{Name: "host", URL: "https://127.0.0.1:20001", CA: []byte("ca0"), Token: "t0"},
		{Name: "member1", URL: "https://127.0.0.1:20002", CA: []byte("ca1"), Token: "t1"},
	}}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := l.WriteKubeconfig(path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file with the tokens has mode %v, %v", info.Mode(), err)
	}
	cfg, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.CurrentContext != "host" {
		t.Errorf("the current context is %q", cfg.CurrentContext)
	}
	for _, c := range l.clusters {
		context := cfg.Contexts[c.Name]
		got := []string{
			cfg.Clusters[context.Cluster].Server,
			string(cfg.Clusters[context.Cluster].CertificateAuthorityData),
			cfg.AuthInfos[context.AuthInfo].Token,
		}
		if diff := cmp.Diff([]string{c.URL, string(c.CA), c.Token}, got); diff != "" {
			t.Errorf("context %q: %s", c.Name, diff)
		}
	}
}

func TestOptions(t *testing.T) {
	cases := map[string]struct {
		opts Options
		want []string // nil: refused
	}{
		"zero value":        {Options{}, []string{"host"}},
		"members":           {Options{Members: 3, Name: "demo"}, []string{"host", "member1", "member2", "member3"}},
		"less than none":    {Options{Members: -1}, nil},
		"far too many":      {Options{Members: 1000}, nil},
		"a path for a name": {Options{Name: "../x"}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			opts, err := c.opts.complete()
			if (err != nil) != (c.want == nil) {
				t.Fatalf("complete() = %v", err)
			}
			if err == nil && (!cmp.Equal(c.want, opts.names()) || opts.Name == "" || opts.StartTimeout == 0) {
				t.Errorf("complete() = %+v with clusters %q", opts, opts.names())
			}
		})
	}
}

func TestControllersChooseClusters(t *testing.T) {
	got := map[Controllers][]bool{}
	for _, c := range []Controllers{ControllersEverywhere, ControllersOnHost, ControllersNowhere} {
		got[c] = []bool{c.on(HostName), c.on("member1")}
	}
	want := map[Controllers][]bool{
		ControllersEverywhere: {true, true}, ControllersOnHost: {true, false}, ControllersNowhere: {false, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSummarize(t *testing.T) {
	cases := map[string]struct {
		states []ClusterState
		want   ClusterState
	}{
		"all run":      {[]ClusterState{Running, Running}, Running},
		"all paused":   {[]ClusterState{Paused, Paused}, Paused},
		"all gone":     {[]ClusterState{Stopped, Stopped}, Stopped},
		"one is gone":  {[]ClusterState{Running, Stopped}, Broken},
		"one is still": {[]ClusterState{Paused, Running}, Broken},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var processes []ProcessStatus
			for _, s := range c.states {
				processes = append(processes, ProcessStatus{State: s})
			}
			if got := summarize(processes); got != c.want {
				t.Errorf("summarize() = %q, want %q", got, c.want)
			}
		})
	}
}

func TestTailIsTheEndOfTheLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	var lines []string
	for i := range 5000 {
		lines = append(lines, strings.Repeat("x", i%50))
	}
	lines = append(lines, "last")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := strings.Join(lines[len(lines)-tailLines:], "\n")
	if diff := cmp.Diff(want, tail(path)); diff != "" {
		t.Error(diff)
	}
	if got := tail(path + ".none"); got != "" {
		t.Errorf("tail() of no file = %q", got)
	}
}

func TestComponentErrorSaysAll(t *testing.T) {
	cause := errors.New("exit status 1")
	err := &ComponentError{
		Cluster: "host", Component: Etcd, Hint: "no space", LogPath: "/lab/etcd.log", LogTail: "panic", Err: cause,
	}
	want := "start etcd of cluster \"host\": exit status 1 (no space)\nlog: /lab/etcd.log, which ends with\npanic"
	if diff := cmp.Diff(want, err.Error()); diff != "" || !errors.Is(err, cause) {
		t.Error(diff)
	}
}
