package metrics

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

// DefaultOverdueAfter is after what time a copy that is out of step counts as overdue.
const DefaultOverdueAfter = time.Minute

// Options are the optional parts of Metrics.
type Options struct {
	// Version is the version of the program.
	Version string
	// FullDetail adds a series for each member, type and state.
	FullDetail bool
	// KubeFed serves KubeFed's metrics too, under their names.
	KubeFed bool
	// HostWorkers is how many federated objects are looked at side by side.
	HostWorkers int
	// OverdueAfter is after what time a copy that is out of step counts as overdue; 0 means DefaultOverdueAfter.
	OverdueAfter time.Duration
	// TraceID returns the trace that an edit belongs to, or "" if it is not traced; nil for no traces.
	TraceID func(uid types.UID, generation int64) string
	// Clock is the real one if nil.
	Clock clock.PassiveClock
}

// Source tells how things stand now. It is asked at each scrape.
type Source interface {
	Members() []telemetry.Member
	Types() []telemetry.Type
	Queues() []telemetry.Queue
}

// Metrics are all metrics of the daemon. They are safe for concurrent use.
type Metrics struct {
	options     Options
	clock       clock.PassiveClock
	definitions []Definition

	leader  *prometheus.GaugeVec
	leading atomic.Bool

	work        work
	convergence convergence
	census      *census
	kubefed     *kubefed // nil unless asked for
	scrape      *scrape
}

// New registers the metrics. It fails if one of their names is taken.
func New(r prometheus.Registerer, o Options) (*Metrics, error) {
	if o.OverdueAfter == 0 {
		o.OverdueAfter = DefaultOverdueAfter
	}
	m := &Metrics{options: o, clock: o.Clock, census: newCensus(o.FullDetail)}
	if m.clock == nil {
		m.clock = clock.RealClock{}
	}
	c := &catalogue{registry: r, section: "The daemon"}
	c.gauge("fedsync_build_info", "The build that runs; the value is always 1.", "version", "goversion").WithLabelValues(o.Version, runtime.Version()).Set(1)
	m.leader = c.gauge("fedsync_leader", "1 if this process holds the lease and does the work, 0 if it stands by.")
	m.leader.WithLabelValues().Set(0)
	m.scrape = newScrape(c, m)
	m.convergence = newConvergence(c, o.TraceID)
	m.work = newWork(c)
	if o.KubeFed {
		m.kubefed = newKubeFed(c, m)
	}
	c.register("fedsync_members", m.scrape)
	m.definitions = c.all
	return m, c.err
}

// Definitions returns what each metric is, in the order of their sections.
func (m *Metrics) Definitions() []Definition { return m.definitions }

// Watch has the source asked at each scrape.
func (m *Metrics) Watch(s Source) { m.scrape.watch(s) }

// Lead notes that this process does the work from now on.
func (m *Metrics) Lead() {
	m.leading.Store(true)
	m.leader.WithLabelValues().Set(1)
	m.work.begin()
	m.convergence.begin()
	if m.kubefed != nil {
		m.kubefed.begin()
	}
}

// Heard counts an edit.
func (m *Metrics) Heard(e telemetry.Edit) {
	m.convergence.edits.WithLabelValues(string(e.Object.Type)).Inc()
}

// Attempted counts a request that was to bring a copy in step.
func (m *Metrics) Attempted(a telemetry.Attempt) {
	m.work.attempted(a)
	m.convergence.attempted(a)
	if m.kubefed != nil {
		m.kubefed.attempted(a)
	}
}

// Settled counts an edit that every member has.
func (m *Metrics) Settled(s telemetry.Settlement) { m.convergence.settled(s) }

// Summarized counts what an object's status says. heard is when the edit that is under way was heard of, zero if there is none.
func (m *Metrics) Summarized(key fleet.ObjectKey, s report.Summary, heard time.Time) {
	m.census.summarized(key, &s, heard, m.clock.Now())
}

// Forgotten ends the count of an object that is gone.
func (m *Metrics) Forgotten(key fleet.ObjectKey) { m.census.forget(key) }

// Gone drops the series of a type or of a member; the other one is empty.
func (m *Metrics) Gone(t fleet.TypeName, member fleet.Name) {
	m.census.gone(grave{t, member})
	m.scrape.bury(t, member)
	m.drop(t, member)
}

// begin makes the series that start from zero: what is born with its first value lacks an increase to see.
func (m *Metrics) begin(types []telemetry.Type, members []telemetry.Member) {
	for _, t := range types {
		m.convergence.edits.WithLabelValues(string(t.Name))
		m.convergence.ofObject.WithLabelValues(string(t.Name))
		m.work.unknown.WithLabelValues(string(t.Name))
	}
	for i := range members {
		m.convergence.ofMember.WithLabelValues(string(members[i].Name))
		m.work.failures.WithLabelValues(string(members[i].Name))
	}
}

func (m *Metrics) drop(t fleet.TypeName, member fleet.Name) {
	labels := prometheus.Labels{"type": string(t)}
	vectors := []interface {
		DeletePartialMatch(labels prometheus.Labels) int
	}{m.convergence.edits, m.convergence.ofObject, m.work.drift, m.work.unknown}
	if t == "" {
		labels = prometheus.Labels{"member": string(member)}
		vectors = vectors[:0]
		vectors = append(vectors, m.convergence.ofMember, m.work.failures)
	}
	for _, v := range vectors {
		v.DeletePartialMatch(labels)
	}
	if m.kubefed != nil && t != "" {
		m.kubefed.drop(t)
	}
}

// FieldsUnknown counts declared fields that a member does not know.
func (m *Metrics) FieldsUnknown(t fleet.TypeName, fields int) {
	m.work.unknown.WithLabelValues(string(t)).Add(float64(fields))
}

// RemovalsFrozen says how many copies are held back from removal.
func (m *Metrics) RemovalsFrozen(copies int) { m.work.frozen.WithLabelValues().Set(float64(copies)) }

// HostWrote counts a write to the host.
func (m *Metrics) HostWrote(kind telemetry.HostWriteKind, result fault.Class) {
	m.work.host.WithLabelValues(string(kind), result.String()).Inc()
}

// Emitted counts an event; one that was dropped was over the limit on their rate.
func (m *Metrics) Emitted(eventType string, dropped bool) {
	if dropped {
		m.work.dropped.WithLabelValues().Inc()
		return
	}
	m.work.events.WithLabelValues(eventType).Inc()
}

// Waited counts how long a key was due in a queue.
func (m *Metrics) Waited(queue, lane string, d time.Duration) {
	m.work.wait.WithLabelValues(queue, lane).Observe(d.Seconds())
}

// Probed counts a health probe.
func (m *Metrics) Probed(took time.Duration) {
	m.work.probes.WithLabelValues().Observe(took.Seconds())
	if m.kubefed != nil {
		m.kubefed.probes.WithLabelValues().Observe(took.Seconds())
	}
}

// Left counts a member whose registration was removed, and how long it took to end the work on it.
func (m *Metrics) Left(took time.Duration) {
	if m.kubefed != nil {
		m.kubefed.unjoins.WithLabelValues().Observe(took.Seconds())
	}
}

// Connected counts a connection to a member, and how long it took from its credentials to the first good probe. With joined it is
// the first since the member was registered.
func (m *Metrics) Connected(took time.Duration, joined bool) {
	if m.kubefed == nil {
		return
	}
	m.kubefed.connections.WithLabelValues().Observe(took.Seconds())
	if joined {
		m.kubefed.joins.WithLabelValues().Observe(took.Seconds())
	}
}

// Looking counts a look at a federated object of the type and its federated kind, until the function that it returns is called.
func (m *Metrics) Looking(t fleet.TypeName, kind string) (ended func(telemetry.Look)) {
	if m.kubefed == nil {
		return func(telemetry.Look) {}
	}
	return m.kubefed.looking(t, kind, m.clock)
}

// bounded lets a fixed number of words through and calls every other one "other".
type bounded struct {
	mu    sync.Mutex
	limit int
	known map[string]bool
}

// other stands for what does not fit in.
const other = "other"

func (b *bounded) word(w string) string {
	w = strings.ToValidUTF8(w, "")
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case w == "":
		return "unknown"
	case b.known[w]:
		return w
	case len(b.known) >= b.limit || len(w) > maxWord:
		return other
	}
	b.known[w] = true
	return w
}

// maxWord bounds a label's value in bytes.
const maxWord = 64

// short makes a label's value of what a stranger says. What is no UTF-8 would be refused.
func short(w string) string {
	return strings.ToValidUTF8(w[:min(len(w), maxWord)], "")
}
