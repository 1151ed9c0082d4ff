package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/clock"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
)

// DefaultNamespace is where the objects of the control plane are, unless --kubefed-namespace says otherwise.
const DefaultNamespace = "kube-federation-system"

// hostTimeout bounds a request to the host: a command must not hang because the host does.
const hostTimeout = 30 * time.Second

// Global is what every command is given: the streams, kubectl's flags and those of KubeFed.
type Global struct {
	genericiooptions.IOStreams

	// Program is how the program was called, for texts: "kubectl fed" or "kubefedctl".
	Program string
	// Clock tells the time, for ages and how long a person waits.
	Clock clock.PassiveClock
	// KubeFedNamespace is the namespace of the control plane.
	KubeFedNamespace string

	flags *genericclioptions.ConfigFlags
}

// NewGlobal returns the globals with kubectl's defaults.
func NewGlobal(streams genericiooptions.IOStreams, program string) *Global {
	flags := genericclioptions.NewConfigFlags(true).WithWarningPrinter(streams)
	// Requests are bounded by the servers' own fairness; kubectl's discovery needs the same.
	flags.WithDiscoveryQPS(-1).WithDiscoveryBurst(-1)
	return &Global{IOStreams: streams, Program: program, Clock: clock.RealClock{}, KubeFedNamespace: DefaultNamespace, flags: flags}
}

// AddFlags adds kubectl's flags, and KubeFed's names for some of them.
func (g *Global) AddFlags(f *pflag.FlagSet) {
	kubectls := pflag.NewFlagSet("kubectl", pflag.ContinueOnError)
	g.flags.AddFlags(kubectls)
	kubectls.VisitAll(func(flag *pflag.Flag) {
		if flag.Name == "server" {
			flag.Shorthand = "" // kubefedctl's -s is another
		}
		f.AddFlag(flag)
	})
	f.StringVar(&g.KubeFedNamespace, "kubefed-namespace", g.KubeFedNamespace, "namespace of the KubeFedClusters, their Secrets and the FederatedTypeConfigs on the host")
	f.StringVar(g.flags.Context, "host-cluster-context", "", "the same as --context: the context of the host")
}

// Loader reads the kubeconfig that the flags name.
func (g *Global) Loader() clientcmd.ClientConfig { return g.flags.ToRawKubeConfigLoader() }

// HostConfig is how the host is reached. No client-side rate limit: an overview asks a lot at once.
func (g *Global) HostConfig() (*rest.Config, error) {
	config, err := g.flags.ToRESTConfig()
	if err != nil {
		return nil, Next(fmt.Errorf("find the host: %w", err), "name the host with --kubeconfig and --context; `kubectl config get-contexts` lists contexts")
	}
	if config.Timeout == 0 { // --request-timeout gives another one
		config.Timeout = hostTimeout
	}
	config.QPS = -1
	config.UserAgent = "kubectl-fed"
	return config, nil
}

// ContextConfig is how the cluster of another context of the same kubeconfig is reached.
func (g *Global) ContextConfig(name string) (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	if g.flags.KubeConfig != nil {
		rules.ExplicitPath = *g.flags.KubeConfig
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: name}).ClientConfig()
	if err != nil {
		return nil, Next(fmt.Errorf("find the cluster of context %q: %w", name, err), "`kubectl config get-contexts` lists contexts")
	}
	config.QPS = -1
	config.UserAgent = "kubectl-fed"
	config.WarningHandler, config.WarningHandlerWithContext = rest.NoWarnings{}, nil // they are about types that somebody else chose
	return config, nil
}

// ContextName is the context that the flags choose, or the current one.
func (g *Global) ContextName() string {
	if g.flags.Context != nil && *g.flags.Context != "" {
		return *g.flags.Context
	}
	raw, err := g.Loader().RawConfig()
	if err != nil {
		return ""
	}
	return raw.CurrentContext
}

// Namespace is the namespace that the flags or the context name, else "default".
func (g *Global) Namespace() (string, error) {
	namespace, _, err := g.Loader().Namespace()
	return namespace, err
}

// NamespaceGiven tells whether -n is on the command line.
func (g *Global) NamespaceGiven() bool { return g.flags.Namespace != nil && *g.flags.Namespace != "" }

// Plane connects to the control plane on the host.
func (g *Global) Plane() (*control.Plane, error) {
	config, err := g.HostConfig()
	if err != nil {
		return nil, err
	}
	return control.Open(config, g.KubeFedNamespace)
}

// CompleteMembers completes the names of members.
func (g *Global) CompleteMembers(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return g.complete(cmd.Context(), func(ctx context.Context, p *control.Plane) ([]string, error) { return p.MemberNames(ctx) })
}

// CompleteTypes completes the names of federated types.
func (g *Global) CompleteTypes(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return g.complete(cmd.Context(), func(ctx context.Context, p *control.Plane) ([]string, error) { return p.TypeNames(ctx) })
}

// CompleteObjects completes TYPE/NAME of federated objects in the namespace of the command line.
func (g *Global) CompleteObjects(cmd *cobra.Command, _ []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	namespace, err := g.Namespace()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return g.complete(cmd.Context(), func(ctx context.Context, p *control.Plane) ([]string, error) {
		return p.ObjectNames(ctx, namespace, toComplete)
	})
}

// complete gives no answer rather than a wrong one where the host cannot be asked.
func (g *Global) complete(ctx context.Context, list func(context.Context, *control.Plane) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	p, err := g.Plane()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names, err := list(ctx, p)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
