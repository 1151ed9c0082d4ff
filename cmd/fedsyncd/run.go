package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/go-logr/logr"
	"go.uber.org/zap/zapcore"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/federation/engine"
	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/watch"
	"github.com/fedsync/fedsync/internal/version"
	"github.com/fedsync/fedsync/metrics"
)

// shutdownTimeout is how long a clean end may take; pods get killed later than that.
const shutdownTimeout = 4 * time.Second

func run(ctx context.Context, c *Config) error {
	log := newLogger(c)
	ctrl.SetLogger(log)
	klog.SetLogger(log.WithName("client-go"))
	config, err := hostConfig(c)
	if err != nil {
		return fmt.Errorf("find the host cluster: %w", err)
	}
	log.Info("starting", "version", version.Version(), "host", config.Host, "namespace", c.Namespace)
	uid, err := hostIdentity(ctx, config, log)
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), fedv1b1.AddToScheme(scheme)); err != nil {
		return err
	}
	settings, err := loadConfig(ctx, config, scheme, c, log)
	if err != nil {
		return err
	}
	lock, err := newLock(config, c.Namespace, settings.RenewDeadline/2, log.WithName("election"))
	if err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	if !c.LeaderElect {
		if err := lock.await(ctx); err != nil {
			return err
		}
	}
	mgr, err := newManager(config, scheme, c, settings, lock)
	if err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	tracer, endTraces, err := newTracer(ctx, c, log.WithName("tracing"))
	if err != nil {
		return err
	}
	defer endTraces()
	counted, err := addMetrics(mgr, c, tracer)
	if err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	o := engineOptions(c, settings, uid, counted)
	if tracer != nil {
		o.Traces = tracer
	}
	if err := addEngine(ctx, mgr, o, counted); err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	if err := addWebhook(mgr, c, settings); err != nil {
		return fmt.Errorf("set up the webhook: %w", err)
	}
	go announceLeader(ctx, mgr, log, counted)
	if err := mgr.Start(ctx); ctx.Err() == nil {
		return err
	}
	log.Info("stopped") // as asked: what did not end in time ends with the process
	return nil
}

// announceLeader says when the work begins, in KubeFed's words, which scripts wait for.
func announceLeader(ctx context.Context, mgr manager.Manager, log logr.Logger, m *metrics.Metrics) {
	select {
	case <-mgr.Elected():
		log.Info("promoted as leader")
		log.Info("Starting cluster controller")
		m.Lead()
	case <-ctx.Done():
	}
}

func newLogger(c *Config) logr.Logger {
	options := zap.Options{Development: c.LogFormat == "text", Level: zapcore.Level(-c.Verbosity), StacktraceLevel: zapcore.DPanicLevel} //nolint:gosec // small numbers
	return zap.New(zap.UseFlagOptions(&options), zap.WriteTo(os.Stderr))
}

// hostConfig follows kubectl's order, with the pod's service account before the home directory.
func hostConfig(c *Config) (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.Kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: c.Context})
	if c.Kubeconfig == "" && c.Context == "" && os.Getenv(clientcmd.RecommendedConfigPathEnvVar) == "" {
		if config, err := rest.InClusterConfig(); err == nil {
			return tune(config), nil
		} else if !errors.Is(err, rest.ErrNotInCluster) {
			return nil, err
		}
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, err
	}
	return tune(config), nil
}

// tune lifts the client-side limit: bounded workers and the server's priority and fairness are the limit.
func tune(config *rest.Config) *rest.Config {
	config.QPS = -1
	config.Wrap(watch.Plain)
	config.UserAgent = "fedsyncd/" + version.Version()
	return config
}

// hostIdentity asks until the host answers: it may start later than we do.
func hostIdentity(ctx context.Context, config *rest.Config, log logr.Logger) (types.UID, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", fmt.Errorf("connect to the host: %w", err)
	}
	for pause := time.Second; ; pause = min(2*pause, 10*time.Second) {
		asking, cancel := context.WithTimeout(ctx, 10*time.Second)
		ns, err := client.CoreV1().Namespaces().Get(asking, metav1.NamespaceSystem, metav1.GetOptions{})
		cancel()
		switch fault.Of(err).Class {
		case fault.None:
			return ns.UID, nil
		case fault.Forbidden:
			log.Info("may not see who the host is: namespaces will be released in members, never deleted", "reason", err.Error())
			return "", nil
		default:
		}
		log.Info("the host does not answer yet", "reason", err.Error(), "retryAfter", pause.String())
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(pause):
		}
	}
}

func newManager(config *rest.Config, scheme *runtime.Scheme, c *Config, settings *startConfig, lock resourcelock.Interface) (manager.Manager, error) {
	timeout := shutdownTimeout
	return ctrl.NewManager(config, ctrl.Options{
		Scheme:                              scheme,
		Cache:                               cache.Options{DefaultNamespaces: map[string]cache.Config{c.Namespace: {}}},
		Metrics:                             metricsserver.Options{BindAddress: noAddress},
		HealthProbeBindAddress:              c.HealthAddr,
		PprofBindAddress:                    c.PprofAddr,
		LeaderElection:                      c.LeaderElect,
		LeaderElectionReleaseOnCancel:       true,
		LeaderElectionResourceLockInterface: lock,
		LeaseDuration:                       &settings.LeaseDuration,
		RenewDeadline:                       &settings.RenewDeadline,
		RetryPeriod:                         &settings.RetryPeriod,
		GracefulShutdownTimeout:             &timeout,
	})
}

func engineOptions(c *Config, settings *startConfig, uid types.UID, counted *metrics.Metrics) engine.Options {
	return engine.Options{
		Namespace: c.Namespace, MemberWorkers: c.MemberWorkers, HostWorkers: c.HostWorkers,
		Config: &settings.Config, WatchConfig: settings.watched, PropagatedVersions: c.PropagatedVersions, Budget: c.Budget,
		DropAnnotations: c.TemplateAnnotations == "drop", HostUID: uid, Metrics: counted,
	}
}

// addEngine adds the engine to the manager and has the metrics ask it.
func addEngine(ctx context.Context, mgr ctrl.Manager, o engine.Options, counted *metrics.Metrics) error {
	h, err := host.NewClient(mgr.GetConfig())
	if err != nil {
		return err
	}
	//nolint:staticcheck // events of the core group are what KubeFed's RBAC allows and its users watch
	recorder := mgr.GetEventRecorderFor("fedsyncd")
	o.Log = mgr.GetLogger().WithName("engine")
	e := engine.New(h, mgr.GetClient(), recorder, o)
	if err := e.SetUp(ctx, mgr); err != nil {
		return err
	}
	counted.Watch(e)
	return errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("caches", cachesSynced(mgr)))
}

// cachesSynced is ready once the host's configuration objects are known.
func cachesSynced(mgr manager.Manager) healthz.Checker {
	return func(req *http.Request) error {
		ctx, cancel := context.WithTimeout(req.Context(), time.Second)
		defer cancel()
		if !mgr.GetCache().WaitForCacheSync(ctx) {
			return errors.New("the host's configuration objects are not known yet")
		}
		return nil
	}
}
