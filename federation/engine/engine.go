package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"
	"k8s.io/utils/clock"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

// Options are the settings of an Engine.
type Options struct {
	// Namespace is where KubeFedClusters, their Secrets and FederatedTypeConfigs live.
	Namespace string
	// MemberWorkers is how many copies are written to one member at a time, unless the configuration asks for more; 0
	// means 8.
	MemberWorkers int
	// HostWorkers is how many federated objects are written on the host at a time; 0 means 8.
	HostWorkers int
	// Config are the settings at the start; nil means host.DefaultConfig. With WatchConfig they follow the KubeFedConfig.
	Config      *host.Config
	WatchConfig bool
	// DropAnnotations leaves annotations of templates out of copies, as KubeFed does.
	DropAnnotations bool
	// PropagatedVersions writes KubeFed's record of each object too, so that KubeFed could take over again.
	PropagatedVersions bool
	// HostUID is the UID of the host's kube-system namespace: the member with the same one is the host itself.
	HostUID types.UID
	// Owns tells whether this process works on the member; nil means on all.
	Owns func(fleet.Name) bool
	// Budget bounds removals; the zero value means 100 copies and 20 percent in 10 minutes.
	Budget Budget
	// Clock is the real one if nil.
	Clock clock.Clock
	// Metrics hear what is worth counting; nil for nobody.
	Metrics Metrics
	// Traces follow edits; nil for nobody.
	Traces EditListener
	Log    logr.Logger
}

func (o *Options) setDefaults() {
	if o.MemberWorkers == 0 {
		o.MemberWorkers = 8
	}
	if o.HostWorkers == 0 {
		o.HostWorkers = 8
	}
	if o.Config == nil {
		config := host.DefaultConfig()
		o.Config = &config
	}
	if o.Owns == nil {
		o.Owns = func(fleet.Name) bool { return true }
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Budget == (Budget{}) {
		o.Budget = Budget{Count: 100, Percent: 20, Window: 10 * time.Minute}
	}
	if o.Metrics == nil {
		o.Metrics = unheard{}
	}
}

// Engine is the daemon's inside.
type Engine struct {
	host     *host.Client
	objects  client.Client
	events   *events
	versions *host.Versions // nil unless they are asked for
	options  Options
	settings atomic.Pointer[host.Config]
	clock    clock.Clock
	log      logr.Logger

	tell       *teller
	edits      *edits
	removals   *removals
	counted    atomic.Pointer[count]
	publishing *hostQueue
	pace       pace
	renderers  *lru.Cache // by rendererKey
	proofs     *lru.Cache // by proof
	clusters   requeuer   // asks for a KubeFedCluster to be reconciled
	configs    requeuer   // asks for a FederatedTypeConfig to be reconciled

	// running is the context that everything started at run time lives in.
	running context.Context //nolint:containedctx // set once by Start, for goroutines that outlive the calls which start them
	started chan struct{}
	since   time.Time // when running was set

	// wiring is held while watches are started or ended because a type or a member comes or goes: none is left out, and
	// none outlives its type.
	wiring sync.Mutex

	mu       sync.RWMutex
	types    map[fleet.TypeName]*typeState
	members  map[fleet.Name]*memberState
	snapshot fleet.Snapshot
	tried    map[fleet.Name]bool // members that it was tried to connect to since the start
}

// renderedObjects bounds how many federated objects keep their rendered copies: enough for those in work.
const renderedObjects = 2048

// rememberedProofs bounds how many proofs are kept, each as small as a hash: those of all objects that a restart finds.
const rememberedProofs = 1 << 14

// New returns an engine that does nothing until Start. objects reads from the manager's cache and writes the host's
// configuration objects; events go to the recorder.
func New(h *host.Client, objects client.Client, recorder record.EventRecorder, o Options) *Engine {
	o.setDefaults()
	e := &Engine{
		host: h, objects: objects, options: o, clock: o.Clock, log: o.Log,
		tell: &teller{Metrics: o.Metrics, traces: o.Traces}, edits: newEdits(),
		pace: pace{steps: map[fleet.ObjectKey]step{}}, renderers: lru.New(renderedObjects), proofs: lru.New(rememberedProofs),
		started: make(chan struct{}), types: map[fleet.TypeName]*typeState{}, members: map[fleet.Name]*memberState{}, tried: map[fleet.Name]bool{},
	}
	e.events = newEvents(recorder, o.Clock, e.tell)
	e.publishing = newHostQueue(o.Clock, func(l lane, d time.Duration) { e.tell.Waited(queueOfHost, l.String(), d) })
	e.removals = newRemovals(o.Budget)
	e.settings.Store(o.Config)
	if o.PropagatedVersions {
		e.versions = host.NewVersions(h, func(err error) error { return e.tell.hostWrote(telemetry.WriteVersion, err) })
	}
	return e
}

// Start runs the engine until the context ends. It implements manager.Runnable.
func (e *Engine) Start(ctx context.Context) error {
	if err := e.refreshConfig(ctx); err != nil {
		return err
	}
	if err := e.registerAll(ctx); err != nil {
		return err
	}
	e.running, e.since = ctx, e.clock.Now()
	close(e.started)
	var workers sync.WaitGroup
	for range e.options.HostWorkers {
		workers.Go(func() { e.publishForever(ctx) })
	}
	workers.Go(func() { e.publishing.letIn(ctx) })
	workers.Go(func() { e.watchBudget(ctx) })
	<-ctx.Done()
	e.publishing.ShutDown()
	e.stopMembers()
	workers.Wait()
	return nil
}

// awaitStart returns the context of the running engine.
func (e *Engine) awaitStart(ctx context.Context) (context.Context, error) {
	select {
	case <-e.started:
		return e.running, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// stopMembers ends every member and waits until none is writing any more.
func (e *Engine) stopMembers() {
	members := e.memberStates()
	for _, ms := range members {
		ms.stop()
	}
	for _, ms := range members {
		ms.workers.Wait()
	}
}

// requeuer asks a controller to reconcile an object. Until the controller runs it does nothing: everything is reconciled
// once at the start anyway.
type requeuer struct {
	mu  sync.Mutex
	add func(reconcile.Request)
}

func (r *requeuer) ask(namespace, name string) {
	r.mu.Lock()
	add := r.add
	r.mu.Unlock()
	if add != nil {
		add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}})
	}
}
