package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/member"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

// memberReconciler connects and disconnects members as their KubeFedClusters and Secrets say.
type memberReconciler struct{ *Engine }

// SetUp registers the engine and its reconcilers with the manager.
func (e *Engine) SetUp(ctx context.Context, mgr ctrl.Manager) error {
	if err := mgr.Add(e); err != nil {
		return fmt.Errorf("add engine: %w", err)
	}
	if err := e.setUpTypes(mgr); err != nil {
		return fmt.Errorf("set up types: %w", err)
	}
	if e.options.WatchConfig {
		if err := e.setUpConfig(mgr); err != nil {
			return fmt.Errorf("set up configuration: %w", err)
		}
	}
	if err := e.setUpMembers(ctx, mgr); err != nil {
		return fmt.Errorf("set up members: %w", err)
	}
	return nil
}

func (e *Engine) setUpMembers(ctx context.Context, mgr ctrl.Manager) error {
	if err := mgr.GetFieldIndexer().IndexField(ctx, &fedv1b1.KubeFedCluster{}, secretRefIndex, secretRefOf); err != nil {
		return err
	}
	r := memberReconciler{e}
	return ctrl.NewControllerManagedBy(mgr).Named("kubefedcluster").For(&fedv1b1.KubeFedCluster{}).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.usersOf)).
		WatchesRawSource(e.clusters.source()).
		WithOptions(controller.Options{MaxConcurrentReconciles: 4}).Complete(r)
}

// secretRefIndex finds KubeFedClusters by the name of their Secret: with a thousand members, looking at each of them for each of
// their Secrets would be a million looks at every start.
const secretRefIndex = "spec.secretRef.name" //nolint:gosec // the name of a field

func secretRefOf(o client.Object) []string {
	if cluster, ok := o.(*fedv1b1.KubeFedCluster); ok {
		return []string{cluster.Spec.SecretRef.Name}
	}
	return nil
}

// usersOf returns the KubeFedClusters that name the Secret.
func (r memberReconciler) usersOf(ctx context.Context, secret client.Object) []reconcile.Request {
	var list fedv1b1.KubeFedClusterList
	if err := r.objects.List(ctx, &list, client.InNamespace(r.options.Namespace), client.MatchingFields{secretRefIndex: secret.GetName()}); err != nil {
		r.log.Error(err, "find the members whose Secret changed", "secret", secret.GetName()) // which the cache cannot fail to do once it runs
		return nil
	}
	users := make([]reconcile.Request, 0, len(list.Items))
	for i := range list.Items {
		users = append(users, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return users
}

// Reconcile brings the connection to one member in step with its KubeFedCluster.
func (r memberReconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	running, err := r.awaitStart(ctx)
	if err != nil {
		return reconcile.Result{}, err
	}
	cluster, secret, err := r.gatherCluster(ctx, req.NamespacedName)
	if err != nil {
		return reconcile.Result{}, err
	}
	name := fleet.Name(req.Name)
	if cluster == nil || !r.options.Owns(name) {
		r.dismiss(name)
		return reconcile.Result{}, nil
	}
	malformed := ""
	if err := r.connect(running, cluster, secret); err != nil {
		malformed = err.Error()
	}
	return settle(r.reportCluster(ctx, cluster, malformed))
}

// conflictPause is how long the cache may take to show what made a write conflict.
const conflictPause = 50 * time.Millisecond

// settle turns a conflict into another look: the object changed meanwhile, which is no error.
func settle(err error) (reconcile.Result, error) {
	if fault.Of(err).Class == fault.Conflict {
		return reconcile.Result{RequeueAfter: conflictPause}, nil
	}
	return reconcile.Result{}, err
}

// gatherCluster reads the KubeFedCluster, nil if there is none, and its Secret, nil if there is none.
func (r memberReconciler) gatherCluster(ctx context.Context, name types.NamespacedName) (*fedv1b1.KubeFedCluster, *corev1.Secret, error) {
	cluster := &fedv1b1.KubeFedCluster{}
	if err := r.objects.Get(ctx, name, cluster); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, nil, nil
		}
		return nil, nil, fmt.Errorf("get KubeFedCluster %q: %w", name.Name, err)
	}
	if cluster.DeletionTimestamp != nil {
		return nil, nil, nil
	}
	secret := &corev1.Secret{}
	err := r.objects.Get(ctx, types.NamespacedName{Namespace: name.Namespace, Name: cluster.Spec.SecretRef.Name}, secret)
	if apierrors.IsNotFound(err) || cluster.Spec.SecretRef.Name == "" {
		return cluster, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("get secret of KubeFedCluster %q: %w", name.Name, err)
	}
	return cluster, secret, nil
}

// connect makes sure that the member runs with the credentials that are declared now. If they are faulty, the old
// connection is given up too: they were taken away, or are being replaced.
func (r memberReconciler) connect(running context.Context, cluster *fedv1b1.KubeFedCluster, secret *corev1.Secret) error {
	name := fleet.Name(cluster.Name)
	r.register(cluster)
	defer r.attempt(name)
	credentials, err := member.NewCredentials(cluster, secret)
	if err != nil {
		if r.disconnect(name) {
			r.reselect(name) // no probe will tell that the member is lost
		}
		return err
	}
	// The pin is part of what makes a connection: without its annotation a name may stand for another cluster.
	pin := types.UID(cluster.Annotations[host.MemberUIDAnnotation])
	if ms := r.memberState(name); ms != nil {
		if ms.generation == credentials.Generation && (pin == ms.pin || ms.pin == "") {
			ms.pin = pin
			return nil
		}
		r.disconnect(name)
	}
	return r.start(running, name, credentials, pin)
}

func (r memberReconciler) start(running context.Context, name fleet.Name, c *member.Credentials, pin types.UID) error {
	m, err := member.New(name, c, r.Engine, member.Options{
		Thresholds: r.config().Health, Pin: pin, Namespace: r.scope(), Versions: r.versions != nil,
		Log: r.log.WithValues("member", name), Clock: r.clock,
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(running)
	ms := &memberState{
		name: name, member: m, generation: c.Generation, pin: pin, running: ctx, began: r.clock.Now(), unknownYet: pin == "",
		credentials: c.Validity, queue: newQueue(r.clock, func(l lane, d time.Duration) { r.tell.Waited(queueOfMembers, l.String(), d) }), hired: map[int]bool{},
		trouble: map[fleet.ObjectKey]trouble{}, waiting: map[string]map[fleet.ObjectKey]lane{}, gone: map[fleet.ObjectKey]types.UID{},
		unknown: map[fleet.ObjectKey]unknownFields{}, granted: map[fleet.ObjectKey]bool{}, unsure: map[fleet.ObjectKey]bool{},
		writing: map[fleet.ObjectKey]lane{},
	}
	ms.watch = func(t fleet.Type) { m.Watch(ctx, t) }
	ms.stop = sync.OnceFunc(func() {
		ms.dismiss()
		stop()
		ms.queue.ShutDown()
	})
	// Who answers to these credentials is not known yet: what was known of the name may be another cluster's.
	r.updateMember(name, false, func(m *fleet.Member) { m.UID, m.Host, m.Ready = "", false, false })
	r.hire(ms)
	r.wire(name, ms)
	m.SetThresholds(r.config().Health) // they may have changed before the member was known
	r.hire(ms)
	ms.workers.Go(func() { m.Run(ctx) })
	r.log.Info("member connected", "member", name)
	return nil
}

// wire makes the member known and starts its watches.
func (e *Engine) wire(name fleet.Name, ms *memberState) {
	e.wiring.Lock()
	defer e.wiring.Unlock()
	e.mu.Lock()
	e.members[name] = ms
	e.mu.Unlock()
	for _, ts := range e.typeStates() {
		if !ts.passive {
			ms.watch(ts.kind)
		}
	}
}

// dismiss ends everything about a member that is not registered any more.
func (e *Engine) dismiss(name fleet.Name) {
	began := e.clock.Now()
	e.disconnect(name) // unless that was done already: its Secret may be seen to go first
	if e.unregister(name) {
		e.tell.Left(e.clock.Since(began))
	}
}

// disconnect ends everything that runs for the member and touches nothing in it. It tells whether there was anything.
func (e *Engine) disconnect(name fleet.Name) bool {
	e.mu.Lock()
	ms := e.members[name]
	delete(e.members, name)
	e.mu.Unlock()
	if ms == nil {
		return false
	}
	ms.stop()
	ms.workers.Wait() // the old credentials must not write once new ones do
	e.log.Info("member disconnected", "member", name)
	return true
}

// reportCluster pins the member's identity and writes the status, as far as either says something new.
func (r memberReconciler) reportCluster(ctx context.Context, cluster *fedv1b1.KubeFedCluster, malformed string) error {
	var health member.Health
	if ms := r.memberState(fleet.Name(cluster.Name)); ms != nil && malformed == "" {
		health = ms.member.Health()
	}
	if health.UID != "" && health.Finding != member.Stranger && cluster.Annotations[host.MemberUIDAnnotation] == "" {
		if err := r.tell.hostWrote(telemetry.WriteClusterPin, host.PinCluster(ctx, r.objects, cluster, health.UID)); err != nil {
			return err
		}
	}
	status, changed := host.ClusterStatus(cluster, host.ClusterReport{Malformed: malformed, Health: health, Now: r.clock.Now(), Since: r.since})
	if !changed {
		return nil
	}
	return r.tell.hostWrote(telemetry.WriteClusterStatus, host.WriteClusterStatus(ctx, r.objects, cluster, status))
}

// registerAll registers every member before any work begins: a status that lacks a member which is only not read yet
// would forget that it holds a copy.
func (e *Engine) registerAll(ctx context.Context) error {
	var list fedv1b1.KubeFedClusterList
	if err := e.objects.List(ctx, &list, client.InNamespace(e.options.Namespace)); err != nil {
		return fmt.Errorf("list KubeFedClusters: %w", err)
	}
	for i := range list.Items {
		if list.Items[i].DeletionTimestamp == nil && e.options.Owns(fleet.Name(list.Items[i].Name)) {
			e.register(&list.Items[i])
		}
	}
	return nil
}

// attempt notes that it was tried to connect to the member: if there is no connection now, that is worth reporting.
func (e *Engine) attempt(name fleet.Name) {
	e.mu.Lock()
	first := !e.tried[name]
	e.tried[name] = true
	e.mu.Unlock()
	if first && e.memberState(name) == nil {
		e.reselect(name)
	}
}

func (e *Engine) attempted(name fleet.Name) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.tried[name]
}

// register makes the member part of the snapshot, and looks at every object if that changes who is selected.
func (e *Engine) register(cluster *fedv1b1.KubeFedCluster) {
	e.updateMember(fleet.Name(cluster.Name), true, func(m *fleet.Member) {
		m.Labels = labels.Set(cluster.Labels)
		m.Cordoned, m.Drained = host.Marked(cluster, host.CordonedAnnotation), host.Marked(cluster, host.DrainedAnnotation)
	})
}

// describeMember puts what the probes found into the snapshot.
func (e *Engine) describeMember(name fleet.Name, h member.Health) {
	e.updateMember(name, false, func(m *fleet.Member) {
		m.Ready = h.Finding == member.Healthy
		if h.UID != "" { // a probe that failed does not make it another cluster
			m.UID, m.Host = h.UID, h.UID == e.options.HostUID
		}
	})
}

// updateMember changes a member in the snapshot. One that is not registered joins only if it is meant to: the last probe
// of a connection may end after its member is gone.
func (e *Engine) updateMember(name fleet.Name, joins bool, change func(*fleet.Member)) {
	e.mu.Lock()
	before, known := e.snapshot.Member(name)
	if !known && !joins {
		e.mu.Unlock()
		return
	}
	after := before
	after.Name = name
	change(&after)
	e.snapshot = e.snapshot.With(after)
	e.mu.Unlock()
	if !known || !labels.Equals(before.Labels, after.Labels) || before.Host != after.Host || before.Cordoned != after.Cordoned || before.Drained != after.Drained {
		e.reselect(name)
	}
}

// reselect looks at every object again, for one member whose selection may have changed.
func (e *Engine) reselect(name fleet.Name) {
	ms := e.memberState(name)
	for _, ts := range e.typeStates() {
		if ms != nil {
			e.enqueueMember(ms, ts, editLane)
		}
		e.review(resyncLane, ts.objects.Keys("")...)
	}
}

// unregister takes the member out of the snapshot and tells whether it was there.
func (e *Engine) unregister(name fleet.Name) bool {
	e.mu.Lock()
	_, known := e.snapshot.Member(name)
	e.snapshot = e.snapshot.Without(name)
	e.mu.Unlock()
	if known {
		e.tell.Gone("", name)
		e.removals.withdrawMember(name)
		e.reselect(name)
	}
	return known
}

// Snapshot returns the registered members.
func (e *Engine) Snapshot() fleet.Snapshot {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.snapshot
}

func (e *Engine) memberState(name fleet.Name) *memberState {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.members[name]
}

// memberStates returns the connected members sorted by name.
func (e *Engine) memberStates() []*memberState {
	e.mu.RLock()
	defer e.mu.RUnlock()
	states := make([]*memberState, 0, len(e.members))
	for _, ms := range e.members {
		states = append(states, ms)
	}
	slices.SortFunc(states, func(a, b *memberState) int { return cmp.Compare(a.name, b.name) })
	return states
}
