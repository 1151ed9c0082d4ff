package metrics

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

// scrape finds at each scrape how everything stands: what the source tells, and what the census counted. A process that stands by
// has none of it. It is a prometheus.Collector.
type scrape struct {
	metrics *Metrics

	members, synced                                         *prometheus.Desc
	objects, copies, overdue, oldest, rejected              *prometheus.Desc
	info, up, parked, probe, ofMember, oldestIn, watches    *prometheus.Desc
	inFlight, throttled, credentialAge, credentialEnd, both *prometheus.Desc
	depth, waiting                                          *prometheus.Desc

	mu     sync.Mutex
	source Source
	// buried are types and members that are gone: what was on its way then may bring a series back, which the next scrapes
	// drop again.
	buried map[grave]burial
	// burials counts them all.
	burials int
}

// burial is when something went, and the how manieth burial it was.
type burial struct {
	at     time.Time
	number int
}

// grave names a type or a member that is gone.
type grave struct {
	typeName fleet.TypeName
	member   fleet.Name
}

// vigil is how long the series of a type or member that is gone are dropped again.
const vigil = 5 * time.Minute

func newScrape(c *catalogue, m *Metrics) *scrape {
	s := &scrape{metrics: m, buried: map[grave]burial{}}
	const gauge, counter = "gauge", "counter"
	c.section = "The fleet"
	s.members = c.asked(gauge, "fedsync_members", "Registered members by how the connection to them stands.", "state")
	s.objects = c.asked(gauge, "fedsync_federated_objects", "Federated objects by what their condition Propagation says.", "type", "condition")
	s.copies = c.asked(gauge, "fedsync_copies", "Copies that members have or should have, by how they stand.", "type", "state")
	s.overdue = c.asked(gauge, "fedsync_copies_overdue", "Copies that have been out of step for longer than --overdue-after.", "type")
	s.oldest = c.asked(gauge, "fedsync_oldest_unsettled_seconds", "How long the copy has been out of step that is so the longest; 0 if all are in step.", "type")
	s.rejected = c.asked(gauge, "fedsync_rejected_objects", "Federated objects with a copy that failed, by the word of their status.", "type", "reason")
	s.synced = c.asked(gauge, "fedsync_host_watch_synced", "1 if the host's watch of the type follows, else 0.", "type")
	c.section = "Members"
	s.info = c.asked(gauge, "fedsync_member_info", "What a member says of itself; the value is always 1.", "member", "kubernetes_version")
	s.up = c.asked(gauge, "fedsync_member_up", "1 if the member is ready by the thresholds on its health, else 0.", "member")
	s.parked = c.asked(gauge, "fedsync_member_parked", "1 if the member's queue waits because the member does not answer, else 0.", "member")
	s.probe = c.asked(gauge, "fedsync_member_probe_seconds", "How long the last health probe took.", "member")
	s.ofMember = c.asked(gauge, "fedsync_member_copies", "Copies of a member by how they stand.", "member", "state")
	s.oldestIn = c.asked(gauge, "fedsync_member_oldest_unsettled_seconds", "How long the member's copy has been out of step that is so the longest; 0 if all are in step.", "member")
	s.watches = c.asked(gauge, "fedsync_member_watches", "Watches of a member, one for each type, by state. Other states than synced are left out where there are none.", "member", "state")
	s.inFlight = c.asked(gauge, "fedsync_member_requests_in_flight", "Requests that wait for the member's answer; watches are not counted.", "member")
	s.throttled = c.asked(counter, "fedsync_member_throttled_total", "Answers of the member that asked to come back later (429).", "member")
	s.credentialAge = c.asked(gauge, "fedsync_member_credential_age_seconds", "How long ago the member's token was issued or, if it does not say, its Secret was written.", "member")
	s.credentialEnd = c.asked(gauge, "fedsync_member_credential_expiry_timestamp_seconds", "When the member's token ends, for tokens that say so.", "member")
	if m.options.FullDetail {
		c.only = "--metrics-detail=full"
		s.both = c.asked(gauge, "fedsync_member_type_copies", "Copies of a member by type and how they stand; states without copies are left out.", "member", "type", "state")
		c.only = ""
	}
	c.section = "Queues"
	s.depth = c.asked(gauge, "fedsync_queue_depth", "Keys that are due: federated objects in the host's queue, copies in those of all members.", "queue", "lane")
	s.waiting = c.asked(gauge, "fedsync_queue_oldest_seconds", "How long the key has been due that is so the longest; 0 if none is.", "queue", "lane")
	return s
}

func (s *scrape) watch(source Source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.source = source
}

// Describe implements prometheus.Collector: what comes depends on the fleet, so it is not told before.
func (s *scrape) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (s *scrape) Collect(out chan<- prometheus.Metric) {
	s.mu.Lock()
	source, burials := s.source, s.burials
	s.mu.Unlock()
	if source == nil || !s.metrics.leading.Load() {
		return
	}
	now := s.metrics.clock.Now()
	send := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	types, members := s.settle(source.Types(), source.Members(), burials, now)
	s.sendMembers(out, send, members, now)
	s.sendCensus(send, s.metrics.census.take(now, s.metrics.options.OverdueAfter), types, members)
	for _, t := range types {
		send(s.synced, boolean(t.Synced), string(t.Name))
	}
	for _, q := range source.Queues() {
		send(s.depth, float64(q.Depth), q.Name, q.Lane)
		send(s.waiting, q.Oldest.Seconds(), q.Name, q.Lane)
	}
	if s.metrics.kubefed != nil {
		s.metrics.kubefed.send(send, members)
	}
}

func (s *scrape) sendMembers(out chan<- prometheus.Metric, send func(*prometheus.Desc, float64, ...string), members []telemetry.Member, now time.Time) {
	standing := map[telemetry.Connection]int{}
	for i := range members {
		m := &members[i]
		standing[m.Connection]++
		name := string(m.Name)
		send(s.up, boolean(m.Connection == telemetry.ConnectionReady), name)
		send(s.parked, boolean(m.Parked), name)
		send(s.probe, m.Probe.Seconds(), name)
		send(s.inFlight, float64(m.InFlight), name)
		out <- prometheus.MustNewConstMetric(s.throttled, prometheus.CounterValue, float64(m.Throttled), name)
		if m.Version != "" {
			send(s.info, 1, name, short(m.Version)) // a member may say anything
		}
		if !m.CredentialSince.IsZero() {
			send(s.credentialAge, now.Sub(m.CredentialSince).Seconds(), name)
		}
		if !m.CredentialExpiry.IsZero() {
			send(s.credentialEnd, float64(m.CredentialExpiry.Unix()), name)
		}
		if _, told := m.Watches[syncedState]; !told {
			send(s.watches, 0, name, syncedState)
		}
		for state, n := range m.Watches {
			send(s.watches, float64(n), name, state)
		}
	}
	for _, c := range telemetry.Connections() {
		send(s.members, float64(standing[c]), string(c))
	}
}

// syncedState is the state of a watch that is always told.
const syncedState = "synced"

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// bury remembers that a type or member is gone; one that comes back is dug out.
func (s *scrape) bury(t fleet.TypeName, member fleet.Name) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.burials++
	s.buried[grave{t, member}] = burial{at: s.metrics.clock.Now(), number: s.burials}
}

// settle returns those of the types and members which are still there, begins their series, and drops those of the others. The
// source was asked after the given number of burials: what was buried since is gone, although the source may have named it.
// A burial waits for the lock and drops after it, so that no series which begins here outlives it.
func (s *scrape) settle(types []telemetry.Type, members []telemetry.Member, burials int, now time.Time) ([]telemetry.Type, []telemetry.Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := func(g grave) bool { return s.buried[g].number > burials }
	types = slices.DeleteFunc(slices.Clone(types), func(t telemetry.Type) bool { return gone(grave{typeName: t.Name}) })
	members = slices.DeleteFunc(slices.Clone(members), func(m telemetry.Member) bool { return gone(grave{member: m.Name}) })
	for _, t := range types {
		delete(s.buried, grave{typeName: t.Name})
	}
	for i := range members {
		delete(s.buried, grave{member: members[i].Name})
	}
	for g, b := range s.buried {
		if now.Sub(b.at) > vigil {
			delete(s.buried, g)
			continue
		}
		s.metrics.census.gone(g) // the last look at an object may have ended after its type or member
		s.metrics.drop(g.typeName, g.member)
	}
	s.metrics.begin(types, members)
	return types, members
}
