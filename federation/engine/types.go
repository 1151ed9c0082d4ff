package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/federation/watch"
	"github.com/fedsync/fedsync/fleet"
)

// typeState is a running type: its federated objects and the watch that tells them.
type typeState struct {
	kind fleet.Type
	// passive types have no copies: namespaces that are not synchronised still say where others may go.
	passive bool
	objects *host.Objects
	cell    *watch.Cell
	stop    context.CancelFunc
}

// typeReconciler starts and stops types as their FederatedTypeConfigs say.
type typeReconciler struct {
	*Engine

	mu      sync.Mutex
	written map[string]host.TypeState // what was last written of a type that does not run
}

// setUpTypes registers the reconciler of FederatedTypeConfigs.
func (e *Engine) setUpTypes(mgr ctrl.Manager) error {
	r := &typeReconciler{Engine: e, written: map[string]host.TypeState{}}
	return ctrl.NewControllerManagedBy(mgr).Named("federatedtypeconfig").
		For(&fedv1b1.FederatedTypeConfig{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesRawSource(e.configs.source()).Complete(r)
}

// source hands the controller's queue to the requeuer.
func (r *requeuer) source() source.Source {
	return source.Func(func(_ context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.add = q.Add
		return nil
	})
}

// Reconcile brings one type into the state that its FederatedTypeConfig asks for.
func (r *typeReconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	running, err := r.awaitStart(ctx)
	if err != nil {
		return reconcile.Result{}, err
	}
	config := &fedv1b1.FederatedTypeConfig{}
	if err := r.objects.Get(ctx, req.NamespacedName, config); err != nil {
		if apierrors.IsNotFound(err) {
			r.stopType(fleet.TypeName(req.Name))
			return reconcile.Result{}, nil
		}
		return reconcile.Result{}, fmt.Errorf("get FederatedTypeConfig %q: %w", req.Name, err)
	}
	state := r.bring(running, config)
	if config.DeletionTimestamp != nil {
		return settle(r.setFinalizer(ctx, config, false))
	}
	if state.Reason == host.TypeOutOfScope { // KubeFed leaves these without its finalizer
		return settle(r.report(ctx, config, state))
	}
	if err := r.setFinalizer(ctx, config, true); err != nil {
		return settle(err)
	}
	return settle(r.report(ctx, config, state))
}

// setFinalizer makes sure that the finalizer is there, or that it is not.
func (r *typeReconciler) setFinalizer(ctx context.Context, config *fedv1b1.FederatedTypeConfig, wanted bool) error {
	if controllerutil.ContainsFinalizer(config, host.TypeFinalizer) == wanted {
		return nil
	}
	return r.tell.hostWrote(telemetry.WriteTypeFinalizer, host.SetTypeFinalizer(ctx, r.Engine.objects, config, wanted))
}

// bring starts, restarts or stops the type and says how it stands.
func (r *typeReconciler) bring(running context.Context, config *fedv1b1.FederatedTypeConfig) host.TypeState {
	name := fleet.TypeName(config.Name)
	if config.DeletionTimestamp != nil {
		r.stopType(name)
		return host.TypeState{Reason: host.TypeDisabled, Message: "it is being deleted"}
	}
	t, err := host.DecodeType(config)
	if err != nil {
		r.stopType(name)
		return host.TypeState{Reason: host.TypeInvalid, Message: err.Error()}
	}
	t.CollectStatus = t.CollectStatus && r.config().CollectStatus
	t.DropAnnotations = r.options.DropAnnotations
	idle, idles := r.rest(running, config, t)
	switch {
	case idles && t.IsNamespace():
		r.startType(running, t, true)
		return idle
	case idles:
		r.stopType(name)
		return idle
	}
	ts := r.startType(running, t, false)
	switch s := ts.cell.Status(); s.State {
	case watch.Synced:
		return host.TypeState{Running: true, Reason: host.TypeRunning}
	case watch.Syncing:
		return host.TypeState{Reason: host.TypeStarting}
	default:
		return host.TypeState{Reason: host.TypeNotServed, Message: fmt.Sprintf("%s.%s cannot be watched on the host: %s", t.Federated.Plural, t.Federated.Group, s.Detail)}
	}
}

// rest tells why a type that is declared well is not synchronised, if it is not.
func (r *typeReconciler) rest(ctx context.Context, config *fedv1b1.FederatedTypeConfig, t fleet.Type) (why host.TypeState, rests bool) {
	switch {
	case !config.GetPropagationEnabled():
		return host.TypeState{Reason: host.TypeDisabled, Message: "spec.propagation is not Enabled"}, true
	case !r.config().Push:
		return host.TypeState{Reason: host.TypeDisabled, Message: "the feature gate PushReconciler of the KubeFedConfig is Disabled"}, true
	case !r.inScope(t):
		return host.TypeState{Reason: host.TypeOutOfScope, Message: "the control plane is limited to its namespace, and spec.targetType is not namespaced"}, true
	case t.Target.Namespaced && r.typeState(fleet.NamespaceType) == nil && r.namespacesDeclared(ctx):
		return host.TypeState{Reason: host.TypeStarting}, true // once it has started, all are asked again
	case t.Target.Namespaced && r.typeState(fleet.NamespaceType) == nil:
		return host.TypeState{Reason: host.TypeNamespacesMissing, Message: "there is no usable FederatedTypeConfig namespaces, which says where namespaces are"}, true
	}
	return host.TypeState{}, false
}

// namespacesDeclared tells that there is a FederatedTypeConfig for namespaces which will be started.
func (r *typeReconciler) namespacesDeclared(ctx context.Context) bool {
	config := &fedv1b1.FederatedTypeConfig{}
	name := client.ObjectKey{Namespace: r.options.Namespace, Name: string(fleet.NamespaceType)}
	if err := r.objects.Get(ctx, name, config); err != nil || config.DeletionTimestamp != nil {
		return false
	}
	_, err := host.DecodeType(config)
	return err == nil
}

// report writes the status unless the host has it already.
func (r *typeReconciler) report(ctx context.Context, config *fedv1b1.FederatedTypeConfig, s host.TypeState) error {
	if s.Reason == host.TypeStarting {
		return nil // the next state follows at once, and is worth a write
	}
	stored := config.Status
	current := stored.ObservedGeneration == config.Generation && (stored.PropagationController == fedv1b1.ControllerStatusRunning) == s.Running
	r.mu.Lock()
	written, known := r.written[config.Name]
	r.mu.Unlock()
	if current && (s.Running || known && written == s) {
		return nil
	}
	if err := r.tell.hostWrote(telemetry.WriteTypeStatus, host.WriteTypeStatus(ctx, r.Engine.objects, config, s, metav1.NewTime(r.clock.Now()))); err != nil {
		return err
	}
	if !s.Running && s.Reason != host.TypeDisabled && s.Reason != host.TypeOutOfScope {
		r.events.emit(config, "Warning", s.Reason, s.Message)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.written[config.Name] = s
	return nil
}

// startType makes sure that the type runs as declared, and returns its state.
func (e *Engine) startType(running context.Context, t fleet.Type, passive bool) *typeState {
	if ts := e.typeState(t.Name); ts != nil {
		if ts.kind == t && ts.passive == passive {
			return ts
		}
		e.dropType(t.Name)
	}
	ctx, stop := context.WithCancel(running)
	ts := &typeState{kind: t, passive: passive, stop: stop, objects: host.NewObjects(t.Name, e.objectChanged)}
	ts.cell = watch.New(e.host.Source(t, e.scope()), ts.objects, watch.Options{Clock: e.clock, Changed: func(s watch.Status) { e.typeChanged(t, s) }})
	e.wireType(ts)
	e.log.Info("type started", "type", t.Name, "passive", passive)
	if t.IsNamespace() {
		e.askTypesExcept(t.Name) // those in namespaces could not start without it
	}
	go ts.cell.Run(ctx, e.log.WithValues("type", t.Name))
	return ts
}

// typeChanged reacts to a new state of the host's watch of a type.
func (e *Engine) typeChanged(t fleet.Type, s watch.Status) {
	e.configs.ask(e.options.Namespace, string(t.Name))
	if ts := e.typeState(t.Name); ts != nil && s.State == watch.Synced {
		for _, ms := range e.memberStates() {
			e.enqueueStrays(ms, ts)
		}
	}
	if s.State == watch.Synced && t.IsNamespace() {
		// What lives in namespaces could not be placed until now.
		for _, ts := range e.typeStates() {
			for _, key := range ts.objects.Keys("") {
				e.enqueueCopies(key, resyncLane)
				e.review(resyncLane, key)
			}
		}
	}
}

// stopType ends the watches of a type. Its copies stay as they are, and so do the federated objects.
func (e *Engine) stopType(name fleet.TypeName) {
	e.dropType(name)
	if name == fleet.NamespaceType { // those in namespaces stop with it, or have waited for it
		e.askTypesExcept(name)
	}
}

// wireType makes the type known and starts its watches in the members.
func (e *Engine) wireType(ts *typeState) {
	e.wiring.Lock()
	defer e.wiring.Unlock()
	e.mu.Lock()
	e.types[ts.kind.Name] = ts
	e.mu.Unlock()
	if ts.passive {
		return
	}
	for _, ms := range e.memberStates() {
		ms.watch(ts.kind)
	}
}

// dropType ends the type's watches, and forgets what was told of its objects: nobody will tell what becomes of them meanwhile.
func (e *Engine) dropType(name fleet.TypeName) {
	e.wiring.Lock()
	defer e.wiring.Unlock()
	e.mu.Lock()
	ts := e.types[name]
	delete(e.types, name)
	e.mu.Unlock()
	if ts == nil {
		return
	}
	ts.stop()
	for _, ms := range e.memberStates() {
		ms.member.Unwatch(name)
	}
	e.edits.forgetType(name)
	e.tell.Gone(name, "")
	e.publishing.put(resyncLane, ts.objects.Keys("")...) // as in objectGone
	e.log.Info("type stopped", "type", name)
}

func (e *Engine) typeState(name fleet.TypeName) *typeState {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.types[name]
}

// typeStates returns the running types sorted by name.
func (e *Engine) typeStates() []*typeState {
	e.mu.RLock()
	defer e.mu.RUnlock()
	states := make([]*typeState, 0, len(e.types))
	for _, ts := range e.types {
		states = append(states, ts)
	}
	slices.SortFunc(states, func(a, b *typeState) int { return cmp.Compare(a.kind.Name, b.kind.Name) })
	return states
}
