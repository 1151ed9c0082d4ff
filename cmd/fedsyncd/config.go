package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/fedsync/fedsync/federation/engine"
	"github.com/fedsync/fedsync/internal/version"
	"github.com/fedsync/fedsync/metrics"
	"github.com/fedsync/fedsync/tracing"
)

// Config is everything that can be set on the command line.
type Config struct {
	Kubeconfig    string
	Context       string
	Namespace     string
	MetricsAddr   string
	HealthAddr    string
	PprofAddr     string
	LeaderElect   bool
	MemberWorkers int
	HostWorkers   int
	// KubeFedConfig is a file that is read instead of the KubeFedConfig on the host.
	KubeFedConfig string
	// Budget bounds removals; a negative count switches it off.
	Budget engine.Budget
	// TemplateAnnotations is "propagate" or "drop".
	TemplateAnnotations string
	// PropagatedVersions writes KubeFed's record of what was propagated.
	PropagatedVersions bool
	// MetricsDetail is "basic" or "full".
	MetricsDetail string
	// KubeFedMetrics serves KubeFed's metrics too.
	KubeFedMetrics bool
	// OverdueAfter is after what time a copy that is out of step counts as overdue.
	OverdueAfter time.Duration
	// TracingEndpoint is where traces of edits go, empty for nowhere; TracingSampleRatio is the share of edits that are traced.
	TracingEndpoint    string
	TracingSampleRatio float64
	Webhook            WebhookConfig
	LogFormat          string
	Verbosity          int
}

// How much metrics tell.
const detailBasic, detailFull = "basic", "full"

func command() *cobra.Command {
	c := &Config{}
	cmd := &cobra.Command{
		Use:   "fedsyncd",
		Short: "Keep copies of federated objects in member clusters",
		Long: "fedsyncd watches federated objects on the host cluster, keeps a copy of each in every selected member cluster,\n" +
			"repairs drift, and reports in the objects' status. It speaks the API of KubeFed v0.10.\n\n" +
			"Without --kubeconfig it uses KUBECONFIG, the service account of its pod, or ~/.kube/config, in this order.",
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true, Version: version.Version(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.Validate(); err != nil {
				return err
			}
			if err := run(cmd.Context(), c); cmd.Context().Err() == nil {
				return err
			}
			return nil // stopped as asked, at whatever point
		},
	}
	cmd.AddCommand(applyCRDsCommand())
	cmd.CompletionOptions.DisableDefaultCmd = true
	c.addFlags(cmd.Flags())
	return cmd
}

func (c *Config) addFlags(f *pflag.FlagSet) {
	f.StringVar(&c.Kubeconfig, "kubeconfig", "", "path of the kubeconfig of the host cluster")
	f.StringVar(&c.Context, "context", "", "context of the kubeconfig, the current one if empty")
	f.StringVar(&c.Namespace, "kubefed-namespace", "kube-federation-system", "namespace of the KubeFedClusters, their Secrets and the FederatedTypeConfigs")
	f.StringVar(&c.KubeFedConfig, "kubefed-config", "", "file with a KubeFedConfig, which is then not read from the host and not watched")
	f.StringVar(&c.TemplateAnnotations, "template-annotations", "propagate", "propagate annotations of templates to the copies, or drop them as KubeFed does")
	f.BoolVar(&c.PropagatedVersions, "propagated-versions", false, "write PropagatedVersions as KubeFed does, so that it could take over again")
	f.StringVar(&c.MetricsAddr, "metrics-addr", ":9090", "address of /metrics, 0 for none")
	f.StringVar(&c.MetricsDetail, "metrics-detail", detailBasic, "basic, or full for a series for each member, type and state of copies")
	f.BoolVar(&c.KubeFedMetrics, "kubefed-metrics", false, "serve KubeFed's metrics too, under their names")
	f.DurationVar(&c.OverdueAfter, "overdue-after", metrics.DefaultOverdueAfter, "after what time a copy that is out of step counts as overdue in metrics")
	f.StringVar(&c.TracingEndpoint, "tracing-endpoint", "", "URL that takes OTLP over HTTP, such as http://127.0.0.1:4318; no traces if empty")
	f.Float64Var(&c.TracingSampleRatio, "tracing-sample-ratio", 1, "share of edits that are traced, from 0 to 1")
	f.StringVar(&c.HealthAddr, "healthz-addr", ":8080", "address of /healthz and /readyz, 0 for none")
	f.StringVar(&c.PprofAddr, "pprof-addr", "", "address of /debug/pprof/, none if empty; profiles tell much: keep it local, such as 127.0.0.1:6060")
	f.BoolVar(&c.LeaderElect, "leader-elect", true, "wait for the Lease fedsyncd, and until no KubeFed controller manager holds its lock, before working")
	f.IntVar(&c.MemberWorkers, "member-workers", 8, "copies that are written to one member at a time, unless the KubeFedConfig asks for more")
	f.IntVar(&c.HostWorkers, "host-workers", 8, "federated objects that are written on the host at a time")
	f.IntVar(&c.Budget.Count, "removal-budget-count", 100, "copies that placements may remove within the window, and more if the percentage allows; -1 for no limit")
	f.IntVar(&c.Budget.Percent, "removal-budget-percent", 20, "percentage of all copies that placements may remove within the window")
	f.DurationVar(&c.Budget.Window, "removal-budget-window", 10*time.Minute, "how long a removal counts")
	c.Webhook.addFlags(f)
	f.StringVar(&c.LogFormat, "log-format", "text", "text or json")
	f.IntVarP(&c.Verbosity, "v", "v", 0, "verbosity of the log: 1 shows each failed attempt")
}

// Validate says which flags are wrong, all at once.
func (c *Config) Validate() error {
	var wrong []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	check(c.Namespace != "", "--kubefed-namespace must not be empty")
	check(c.MemberWorkers > 0, "--member-workers must be at least 1")
	check(c.HostWorkers > 0, "--host-workers must be at least 1")
	check(c.Budget.Count >= -1, "--removal-budget-count must be at least -1")
	check(c.Budget.Percent >= 0 && c.Budget.Percent <= 100, "--removal-budget-percent must be between 0 and 100")
	check(c.Budget.Window > 0, "--removal-budget-window must be greater than 0")
	check(c.TemplateAnnotations == "propagate" || c.TemplateAnnotations == "drop", "--template-annotations must be propagate or drop, not %q", c.TemplateAnnotations)
	check(c.MetricsDetail == detailBasic || c.MetricsDetail == detailFull, "--metrics-detail must be basic or full, not %q", c.MetricsDetail)
	check(c.OverdueAfter > 0, "--overdue-after must be greater than 0")
	if c.TracingEndpoint != "" {
		err := tracing.Options{Endpoint: c.TracingEndpoint, SampleRatio: c.TracingSampleRatio}.Validate()
		check(err == nil, "--tracing-endpoint, --tracing-sample-ratio: %w", err)
	}
	if err := c.Webhook.validate(); err != nil {
		wrong = append(wrong, err)
	}
	check(c.LogFormat == "text" || c.LogFormat == "json", "--log-format must be text or json, not %q", c.LogFormat)
	return errors.Join(wrong...)
}
