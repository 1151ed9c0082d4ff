package watch

import (
	"context"
	"sync"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/fedsync/fedsync/federation/fault"
)

// State is the state of a cell.
type State int

// The states.
const (
	// Syncing: nothing was told yet.
	Syncing State = iota
	// Synced: the store was filled, and the watch follows. It stays Synced while a broken watch is being resumed.
	Synced
	// TypeMissing: the server does not serve the type.
	TypeMissing
	// Forbidden: the credentials may not list or watch the type.
	Forbidden
	// Unreachable: the last attempt got no usable answer.
	Unreachable
)

// String returns the state as it is written in labels of metrics.
func (s State) String() string {
	names := [...]string{Syncing: "syncing", Synced: "synced", TypeMissing: "type_missing", Forbidden: "forbidden", Unreachable: "unreachable"}
	if s < 0 || int(s) >= len(names) {
		return "unknown"
	}
	return names[s]
}

// Status is a state and, for a person, what the server said.
type Status struct {
	State  State
	Detail string
}

// Source lists and watches one resource.
type Source interface {
	List(ctx context.Context, o metav1.ListOptions) (runtime.Object, error)
	Watch(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error)
}

// Options are the optional parts of a Cell.
type Options struct {
	// Changed is called, from the cell's goroutine, after each change of the status.
	Changed func(Status)
	// Clock is the real one if nil.
	Clock clock.Clock
}

// Cell keeps a store in step with one resource of one cluster.
type Cell struct {
	source  Source
	store   cache.ReflectorStore
	changed func(Status)
	clock   clock.Clock

	mu     sync.Mutex
	status Status
	wake   chan struct{}
}

// New returns a cell that waits for Run.
func New(s Source, store cache.ReflectorStore, o Options) *Cell {
	c := &Cell{source: s, store: store, changed: o.Changed, clock: o.Clock, wake: make(chan struct{}, 1)}
	if c.changed == nil {
		c.changed = func(Status) {}
	}
	if c.clock == nil {
		c.clock = clock.RealClock{}
	}
	return c
}

// Status returns the current status.
func (c *Cell) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// Wake ends a pause between two attempts: something happened that makes success likelier.
func (c *Cell) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// firstPause and lastPause bound the growing pauses between attempts. The last is how long a CRD that is installed later
// may go unnoticed.
const (
	firstPause = 500 * time.Millisecond
	lastPause  = 5 * time.Second
)

func pauses() wait.Backoff {
	return wait.Backoff{Duration: firstPause, Cap: lastPause, Factor: 2, Jitter: 0.2, Steps: 5}
}

// Run lists and watches until the context ends.
func (c *Cell) Run(ctx context.Context, log logr.Logger) {
	ctx = logr.NewContext(ctx, log) // where the reflector looks for it
	backoff, resume := pauses(), pauses()
	// One reflector for the cell's whole life: it remembers the last version and never lists an older state.
	r := cache.NewReflectorWithOptions(&listerWatcher{c}, nil, &notifyingStore{ReflectorStore: c.store, cell: c}, cache.ReflectorOptions{
		Logger: &log, Name: "cell", TypeDescription: "objects", Backoff: &resume,
	})
	for ctx.Err() == nil {
		if err := r.ListAndWatchWithContext(ctx); err == nil { // the watch ended in its usual way
			backoff = pauses()
		}
		select {
		case <-ctx.Done():
		case <-c.wake:
			backoff = pauses()
		case <-c.clock.After(backoff.Step()):
		}
	}
}

// saw takes note of what the server answered to a list or watch.
func (c *Cell) saw(ctx context.Context, err error) {
	f := fault.Of(err)
	switch {
	case err == nil || ctx.Err() != nil:
		return
	case f.Class == fault.TypeMissing || f.Class == fault.Absent:
		c.set(Status{State: TypeMissing, Detail: "the type is not served"})
	case f.Class == fault.Forbidden:
		c.set(Status{State: Forbidden, Detail: f.Message()})
	case c.Status().State != Synced: // a watch that broke resumes from where it was: what the store says still counts
		c.set(Status{State: Unreachable, Detail: f.Message()})
	}
}

func (c *Cell) set(s Status) {
	c.mu.Lock()
	same := c.status == s
	c.status = s
	c.mu.Unlock()
	if !same {
		c.changed(s)
	}
}

// listerWatcher is what the reflector lists and watches through.
type listerWatcher struct{ cell *Cell }

func (l *listerWatcher) List(o metav1.ListOptions) (runtime.Object, error) {
	return l.ListWithContext(context.Background(), o) //nolint:forbidigo // required by the interface, never called by the reflector
}

func (l *listerWatcher) Watch(o metav1.ListOptions) (apiwatch.Interface, error) {
	return l.WatchWithContext(context.Background(), o) //nolint:forbidigo // as above
}

func (l *listerWatcher) ListWithContext(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	list, err := l.cell.source.List(ctx, o)
	l.cell.saw(ctx, err)
	return list, err
}

func (l *listerWatcher) WatchWithContext(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error) {
	w, err := l.cell.source.Watch(ctx, o)
	// A watch is refused by a server that forgot the version to resume from, or that cannot stream lists. The reflector
	// lists instead; if that is refused too, the cell says so.
	if fault.Of(err).Class != fault.Rejected {
		l.cell.saw(ctx, err)
	}
	return w, err
}

// notifyingStore tells the cell that the store was filled.
type notifyingStore struct {
	cache.ReflectorStore

	cell *Cell
}

// Replace fills the store. It is the one place where a cell becomes Synced.
func (s *notifyingStore) Replace(objects []any, version string) error {
	if err := s.ReflectorStore.Replace(objects, version); err != nil {
		return err
	}
	s.cell.set(Status{State: Synced})
	return nil
}
