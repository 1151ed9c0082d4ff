package engine

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/fleet"
)

// Reasons of the events about a KubeFedConfig.
const (
	eventInvalidConfig   = "InvalidKubeFedConfig"
	eventRestartRequired = "RestartRequired"
)

// configReconciler applies the KubeFedConfig to the running engine (kubefed#961: KubeFed reads it once, at its start).
type configReconciler struct{ *Engine }

func (e *Engine) setUpConfig(mgr ctrl.Manager) error {
	ours := predicate.NewPredicateFuncs(func(o client.Object) bool { return o.GetName() == host.ConfigName })
	return ctrl.NewControllerManagedBy(mgr).Named("kubefedconfig").
		For(&fedv1b1.KubeFedConfig{}, builder.WithPredicates(ours, predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).Complete(configReconciler{e})
}

// Reconcile applies what the KubeFedConfig says now. A faulty one changes nothing, and neither does a missing one: who
// deletes it to write it anew did not ask for other settings in between.
func (r configReconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	if _, err := r.awaitStart(ctx); err != nil {
		return reconcile.Result{}, err
	}
	stored := &fedv1b1.KubeFedConfig{}
	if err := r.objects.Get(ctx, req.NamespacedName, stored); err != nil {
		if apierrors.IsNotFound(err) {
			r.log.Info("there is no KubeFedConfig any more: its last settings stay", "name", req.Name)
			return reconcile.Result{}, nil
		}
		return reconcile.Result{}, fmt.Errorf("get KubeFedConfig %q: %w", req.Name, err)
	}
	r.approve(stored.Annotations[ApproveRemovalsAnnotation])
	config, err := host.DecodeConfig(stored)
	if err != nil {
		r.events.emit(stored, "Warning", eventInvalidConfig, "the settings before stay: "+err.Error())
		r.log.Info("KubeFedConfig is invalid: the settings before stay", "reason", err.Error())
		return reconcile.Result{}, nil
	}
	if field := r.needsRestart(config); field != "" {
		r.events.emit(stored, "Warning", eventRestartRequired, field+" is read at the start only: restart fedsyncd to apply it")
		r.log.Info("KubeFedConfig asks for what only a restart can apply", "field", field)
	}
	r.configure(config)
	return reconcile.Result{}, nil
}

// refreshConfig reads the KubeFedConfig again before any work begins: who waited for the Lease has settings of that time.
// What cannot be used ends the process, whose next start waits for better.
func (e *Engine) refreshConfig(ctx context.Context) error {
	if !e.options.WatchConfig {
		return nil
	}
	stored, err := e.storedConfig(ctx)
	if fault.Of(err).Class == fault.Absent {
		return nil
	}
	if err != nil {
		return err
	}
	config, err := host.DecodeConfig(stored)
	if err != nil {
		return fmt.Errorf("read KubeFedConfig: %w", err)
	}
	now := e.config()
	if config.Limited != now.Limited {
		return errors.New("spec.scope of the KubeFedConfig has changed: start again")
	}
	config.LeaseDuration, config.RenewDeadline, config.RetryPeriod = now.LeaseDuration, now.RenewDeadline, now.RetryPeriod
	e.settings.Store(&config)
	return nil
}

// needsRestart names what differs and cannot change while the daemon runs.
func (e *Engine) needsRestart(config host.Config) string {
	now := e.config()
	switch {
	case config.Limited != now.Limited:
		return "spec.scope"
	case config.LeaseDuration != now.LeaseDuration, config.RenewDeadline != now.RenewDeadline, config.RetryPeriod != now.RetryPeriod:
		return "spec.leaderElect"
	}
	return ""
}

// config returns the settings that count now.
func (e *Engine) config() host.Config { return *e.settings.Load() }

// configure applies settings to everything that runs.
func (e *Engine) configure(config host.Config) {
	before := e.config()
	config.Limited = before.Limited
	config.LeaseDuration, config.RenewDeadline, config.RetryPeriod = before.LeaseDuration, before.RenewDeadline, before.RetryPeriod
	if config == before {
		return
	}
	e.settings.Store(&config)
	e.log.Info("settings changed", "settings", fmt.Sprintf("%+v", config))
	for _, ms := range e.memberStates() {
		ms.member.SetThresholds(config.Health)
		e.hire(ms)
	}
	if config.Push != before.Push || config.CollectStatus != before.CollectStatus {
		e.askTypes()
	}
	if config.Adopt != before.Adopt {
		e.retryAll()
	}
}

// retryAll lets every refused copy try again now.
func (e *Engine) retryAll() {
	for _, ms := range e.memberStates() {
		ms.forgetAll()
		for _, ts := range e.typeStates() {
			e.enqueueMember(ms, ts, resyncLane)
		}
	}
}

// hire makes sure that the member has as many workers as are asked for. Those beyond the number leave by themselves.
func (e *Engine) hire(ms *memberState) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if ms.stopped {
		return
	}
	for i := range e.memberWorkers() {
		if ms.hired[i] {
			continue
		}
		ms.hired[i] = true
		ms.workers.Go(func() { e.work(ms.running, ms, i) })
	}
}

// memberWorkers is how many copies are written to one member at a time.
func (e *Engine) memberWorkers() int { return max(e.options.MemberWorkers, e.config().Concurrency) }

// askTypes has every FederatedTypeConfig reconciled again.
func (e *Engine) askTypes() {
	e.askTypesExcept("")
}

func (e *Engine) askTypesExcept(name fleet.TypeName) {
	var list fedv1b1.FederatedTypeConfigList
	if err := e.objects.List(e.running, &list, client.InNamespace(e.options.Namespace)); err != nil {
		return // the cache cannot fail once it runs, and while it does not, each type is reconciled anyway
	}
	for i := range list.Items {
		if list.Items[i].Name != string(name) {
			e.configs.ask(list.Items[i].Namespace, list.Items[i].Name)
		}
	}
}

// inScope tells that copies of the type are synchronised: a limited control plane leaves cluster-scoped targets alone.
func (e *Engine) inScope(t fleet.Type) bool { return t.Target.Namespaced || !e.config().Limited }

// scope is the namespace whose federated objects are synchronised, empty for all.
func (e *Engine) scope() string {
	if e.config().Limited {
		return e.options.Namespace
	}
	return ""
}
