package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/federation/member"
)

// ConfigName is the name of the one KubeFedConfig that counts.
const ConfigName = "kubefed"

// Config is what a KubeFedConfig says, with KubeFed's defaults for what it leaves out. What only KubeFed's way of working
// needs (controllerDuration, statusController, the kind of its lock) is checked and has no field here.
type Config struct {
	// Limited tells that the control plane works in KubeFed's namespace alone: spec.scope is Namespaced.
	Limited bool
	// LeaseDuration, RenewDeadline and RetryPeriod are the leader election's.
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration
	// Push is the feature gate PushReconciler: without it nothing is synchronised.
	Push bool
	// CollectStatus is the feature gate RawResourceStatusCollection: types that ask for it have the status of their copies
	// collected.
	CollectStatus bool
	// Health smooths the members' health checks.
	Health member.Thresholds
	// Concurrency is how many copies are worked on at a time, if the daemon's own setting is lower.
	Concurrency int
	// Adopt allows taking over objects that exist in a member and are not managed yet.
	Adopt bool
}

// DefaultConfig is what counts without a KubeFedConfig: KubeFed's defaults, for the whole cluster. Only the retry period is shorter than
// KubeFed's 5s: a standby asks for the Lease once in 1 to 2.2 times this, so a leader that gives it back has a successor within two seconds.
func DefaultConfig() Config {
	return Config{
		LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 500 * time.Millisecond,
		Push: true, Concurrency: 1, Adopt: true,
		Health: member.Thresholds{Period: 10 * time.Second, Timeout: 3 * time.Second, Failure: 3, Success: 1},
	}
}

// GetConfig returns the KubeFedConfig.
func GetConfig(ctx context.Context, r client.Reader, namespace string) (*fedv1b1.KubeFedConfig, error) {
	stored := &fedv1b1.KubeFedConfig{}
	if err := r.Get(ctx, client.ObjectKey{Namespace: namespace, Name: ConfigName}, stored); err != nil {
		return nil, fmt.Errorf("get KubeFedConfig %q: %w", ConfigName, err)
	}
	return stored, nil
}

// Feature gates of KubeFed.
const (
	gatePush          = "PushReconciler"
	gateCollectStatus = "RawResourceStatusCollection"
	gateScheduler     = "SchedulerPreferences"
)

// DecodeConfig reads a KubeFedConfig. The error names every faulty field; then the Config must not be used: a typo in
// adoptResources must not take over anybody's objects. The rules are those of KubeFed's admission webhook.
func DecodeConfig(k *fedv1b1.KubeFedConfig) (Config, error) {
	d := configDecoder{config: DefaultConfig()}
	d.decode(&k.Spec)
	return d.config, errors.Join(d.faults...)
}

type configDecoder struct {
	config Config
	faults []error
}

func (d *configDecoder) faultf(field, format string, args ...any) {
	d.faults = append(d.faults, fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...)))
}

func (d *configDecoder) decode(spec *fedv1b1.KubeFedConfigSpec) {
	c := &d.config
	c.Limited = d.choice("spec.scope", string(spec.Scope), string(apiextensionsv1.ClusterScoped), string(apiextensionsv1.NamespaceScoped))
	if duration := spec.ControllerDuration; duration != nil { // nothing waits that long here
		var unused time.Duration
		d.duration("spec.controllerDuration.availableDelay", duration.AvailableDelay, &unused)
		d.duration("spec.controllerDuration.unavailableDelay", duration.UnavailableDelay, &unused)
		d.duration("spec.controllerDuration.cacheSyncTimeout", duration.CacheSyncTimeout, &unused)
	}
	d.election(spec.LeaderElect)
	d.gates(spec.FeatureGates)
	if check := spec.ClusterHealthCheck; check != nil {
		d.duration("spec.clusterHealthCheck.period", check.Period, &c.Health.Period)
		d.duration("spec.clusterHealthCheck.timeout", check.Timeout, &c.Health.Timeout)
		d.count("spec.clusterHealthCheck.failureThreshold", check.FailureThreshold, &c.Health.Failure)
		d.count("spec.clusterHealthCheck.successThreshold", check.SuccessThreshold, &c.Health.Success)
	}
	if sync := spec.SyncController; sync != nil {
		d.count("spec.syncController.maxConcurrentReconciles", sync.MaxConcurrentReconciles, &c.Concurrency)
		if sync.AdoptResources != nil {
			c.Adopt = !d.choice("spec.syncController.adoptResources", string(*sync.AdoptResources), string(fedv1b1.AdoptResourcesEnabled), string(fedv1b1.AdoptResourcesDisabled))
		}
	}
	if status := spec.StatusController; status != nil {
		var unused int
		d.count("spec.statusController.maxConcurrentReconciles", status.MaxConcurrentReconciles, &unused)
	}
}

func (d *configDecoder) election(elect *fedv1b1.LeaderElectConfig) {
	c := &d.config
	if elect == nil {
		return
	}
	d.duration("spec.leaderElect.leaseDuration", elect.LeaseDuration, &c.LeaseDuration)
	d.duration("spec.leaderElect.renewDeadline", elect.RenewDeadline, &c.RenewDeadline)
	d.duration("spec.leaderElect.retryPeriod", elect.RetryPeriod, &c.RetryPeriod)
	if elect.ResourceLock != nil { // accepted, and a Lease used: client-go has no other lock any more
		d.choice("spec.leaderElect.resourceLock", string(*elect.ResourceLock), string(fedv1b1.ConfigMapsResourceLock), string(fedv1b1.EndpointsResourceLock))
	}
	if c.LeaseDuration < time.Second { // a Lease stores whole seconds
		d.faultf("spec.leaderElect.leaseDuration", "must be at least 1s")
	}
	if c.LeaseDuration <= c.RenewDeadline {
		d.faultf("spec.leaderElect.leaseDuration", "must be greater than renewDeadline")
	}
	if float64(c.RenewDeadline) <= 1.2*float64(c.RetryPeriod) {
		d.faultf("spec.leaderElect.renewDeadline", "must be greater than 1.2 times retryPeriod")
	}
}

func (d *configDecoder) gates(gates []fedv1b1.FeatureGatesConfig) {
	known := []string{gatePush, gateCollectStatus, gateScheduler}
	seen := map[string]bool{}
	for i, g := range gates {
		field := fmt.Sprintf("spec.featureGates[%d]", i)
		if !slices.Contains(known, g.Name) {
			d.faultf(field+".name", "%q is not one of %s", g.Name, strings.Join(known, ", "))
		}
		if seen[g.Name] {
			d.faultf(field+".name", "%q is given twice", g.Name)
		}
		seen[g.Name] = true
		on := !d.choice(field+".configuration", string(g.Configuration), string(fedv1b1.ConfigurationEnabled), string(fedv1b1.ConfigurationDisabled))
		switch g.Name {
		case gatePush:
			d.config.Push = on
		case gateCollectStatus:
			d.config.CollectStatus = on
		}
	}
}

// choice tells whether the value is the second of two.
func (d *configDecoder) choice(field, value, first, second string) bool {
	if value != first && value != second {
		d.faultf(field, "must be %s or %s, not %q", first, second, value)
	}
	return value == second
}

func (d *configDecoder) duration(field string, value *metav1.Duration, to *time.Duration) {
	switch {
	case value == nil:
	case value.Duration <= 0:
		d.faultf(field, "must be greater than 0")
	default:
		*to = value.Duration
	}
}

func (d *configDecoder) count(field string, value *int64, to *int) {
	switch {
	case value == nil:
	case *value <= 0:
		d.faultf(field, "must be greater than 0")
	default:
		*to = int(min(*value, maxCount))
	}
}

// maxCount bounds numbers that would otherwise become as many goroutines.
const maxCount = 1000
