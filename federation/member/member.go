package member

import (
	"context"
	"fmt"
	"sync"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/fedsync/fedsync/federation/watch"
	"github.com/fedsync/fedsync/fleet"
)

// Listener hears what a member has to tell. Its methods are called from the member's goroutines and must not block.
type Listener interface {
	// HealthChanged is called after every probe.
	HealthChanged(name fleet.Name, before, after Health)
	// CopyChanged is called when a copy was seen for the first time, differs, or is gone.
	CopyChanged(name fleet.Name, t fleet.TypeName, namespace, copyName string)
	// WatchChanged is called when the watch of a type changed its state.
	WatchChanged(name fleet.Name, t fleet.TypeName, s watch.Status)
}

// Options are the optional parts of a Member.
type Options struct {
	Thresholds Thresholds
	// Pin is the identity that was recorded at the first contact, empty if there was none.
	Pin types.UID
	// Namespace limits the watches of namespaced types, empty for all namespaces.
	Namespace string
	// Versions tells the listener of every new version of a copy, not only of those that matter to whether it is in step.
	Versions bool
	Log      logr.Logger
	Clock    clock.Clock
}

// Member is the connection to one member cluster, with one set of credentials. Other credentials make another Member.
type Member struct {
	name      fleet.Name
	client    *client
	gate      *gate
	listener  Listener
	namespace string
	versions  bool
	log       logr.Logger
	clock     clock.Clock
	suspected chan struct{}

	mu         sync.Mutex
	thresholds Thresholds
	pinned     types.UID
	health     Health
	types      map[fleet.TypeName]*watched
}

// watched is one type's watch and what it told.
type watched struct {
	kind   fleet.Type
	copies *copies
	cell   *watch.Cell
	stop   context.CancelFunc
}

// New returns a member that does nothing until Run.
func New(name fleet.Name, c *Credentials, l Listener, o Options) (*Member, error) {
	connection, err := newClient(c)
	if err != nil {
		return nil, fmt.Errorf("connect to member %q: %w", name, err)
	}
	m := &Member{
		name: name, client: connection, gate: newGate(), listener: l, namespace: o.Namespace, versions: o.Versions,
		log: o.Log, clock: o.Clock, pinned: o.Pin, thresholds: o.Thresholds.complete(), suspected: make(chan struct{}, 1), types: map[fleet.TypeName]*watched{},
	}
	if m.clock == nil {
		m.clock = clock.RealClock{}
	}
	return m, nil
}

// SetThresholds changes how health is judged, and probes at once if that is something new. What is zero gets KubeFed's
// default.
func (m *Member) SetThresholds(t Thresholds) {
	t = t.complete()
	m.mu.Lock()
	changed := m.thresholds != t
	m.thresholds = t
	m.mu.Unlock()
	if changed {
		m.probeNow()
	}
}

// probeNow ends the pause between two probes.
func (m *Member) probeNow() {
	select {
	case m.suspected <- struct{}{}:
	default:
	}
}

func (m *Member) currentThresholds() Thresholds {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.thresholds
}

// Name returns the member's name.
func (m *Member) Name() fleet.Name { return m.name }

// Run probes until the context ends. All watches end with it, and every connection is closed: nothing may be done with
// these credentials any more, and the member should not keep what nobody uses.
func (m *Member) Run(ctx context.Context) {
	defer m.client.transport.close()
	m.probeForever(ctx)
}

// Health returns what the last probes found.
func (m *Member) Health() Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.health
}

// Ready returns at once while the member is reachable, else when it becomes so or the context ends.
func (m *Member) Ready(ctx context.Context) error { return m.gate.wait(ctx) }

// Open tells whether the member's workers may work now.
func (m *Member) Open() bool { return m.gate.passable() }

// Load tells how much is asked of the member.
func (m *Member) Load() Load { return m.client.transport.load.sum() }

// WatchStates returns the state of each watch, in no particular order.
func (m *Member) WatchStates() []watch.State {
	m.mu.Lock()
	defer m.mu.Unlock()
	states := make([]watch.State, 0, len(m.types))
	for _, w := range m.types {
		states = append(states, w.cell.Status().State)
	}
	return states
}

// Suspect parks the member until the next probe, which follows at once.
func (m *Member) Suspect() {
	m.gate.set(false)
	m.probeNow()
}

// Watch starts watching the copies of a type, as long as the context and Unwatch allow. It waits for the first contact,
// so that a cluster that is not ours is not listed. Watching a type twice changes nothing.
func (m *Member) Watch(ctx context.Context, t fleet.Type) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.types[t.Name]; known {
		return
	}
	ctx, stop := context.WithCancel(ctx)
	w := &watched{kind: t, stop: stop}
	w.copies = newCopies(func(namespace, name string) { m.listener.CopyChanged(m.name, t.Name, namespace, name) })
	w.copies.versions = m.versions
	w.cell = watch.New(newSource(m.client, t, m.namespace), w.copies, watch.Options{Clock: m.clock, Changed: func(s watch.Status) {
		m.listener.WatchChanged(m.name, t.Name, s)
	}})
	m.types[t.Name] = w
	log := m.log.WithValues("type", t.Name)
	go func() {
		if m.gate.wait(ctx) == nil {
			w.cell.Run(ctx, log)
		}
	}()
}

// Unwatch ends the watch of a type and forgets its copies.
func (m *Member) Unwatch(t fleet.TypeName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if w, known := m.types[t]; known {
		w.stop()
		delete(m.types, t)
	}
}

// Observed returns what is known of a copy, whether it is known to exist, and the state of the type's watch.
func (m *Member) Observed(t fleet.TypeName, namespace, name string) (o fleet.Observed, present bool, s watch.Status) {
	w := m.watched(t)
	if w == nil {
		return fleet.Observed{}, false, watch.Status{}
	}
	// The state first: a copy that shows up in between is then seen, not missed.
	s = w.cell.Status()
	o, present = w.copies.get(namespace, name)
	return o, present, s
}

// CollectedStatus returns the status of a copy as JSON, nil if there is none or it is not collected for the type. The
// caller must not change it.
func (m *Member) CollectedStatus(t fleet.TypeName, namespace, name string) []byte {
	w := m.watched(t)
	if w == nil {
		return nil
	}
	return w.copies.statusOf(namespace, name)
}

// Copies returns the names of everything that is observed of a type, in no particular order.
func (m *Member) Copies(t fleet.TypeName) []types.NamespacedName {
	w := m.watched(t)
	if w == nil {
		return nil
	}
	return w.copies.names()
}

// CountCopies returns how many objects are observed of all types together.
func (m *Member) CountCopies() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, w := range m.types {
		n += w.copies.count()
	}
	return n
}

func (m *Member) watched(t fleet.TypeName) *watched {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.types[t]
}

func (m *Member) pin() types.UID {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pinned
}

// wakeCells makes every watch that pauses try again now.
func (m *Member) wakeCells() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range m.types {
		w.cell.Wake()
	}
}

// told pins the identity on first contact and passes the health on.
func (m *Member) told(before, after Health) {
	m.mu.Lock()
	if m.pinned == "" {
		m.pinned = after.UID
	}
	m.mu.Unlock()
	m.listener.HealthChanged(m.name, before, after)
}
