package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fedsync/fedsync/lab"

	"github.com/fedsync/fedsync/test/measure"
)

// requests are counts of requests by "VERB resource/subresource".
type requests map[string]float64

// requestsOf reads what an API server was asked since its start. Watches count when they end.
func requestsOf(ctx context.Context, c *lab.Cluster) (requests, error) {
	samples, err := c.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	counts := requests{}
	for _, s := range samples {
		if s.Name != "apiserver_request_total" {
			continue
		}
		name := s.Labels["verb"] + " " + s.Labels["resource"]
		if sub := s.Labels["subresource"]; sub != "" {
			name += "/" + sub
		}
		counts[name] += s.Value
	}
	return counts, nil
}

// since returns what was added.
func (r requests) since(before requests) requests {
	added := requests{}
	for name, count := range r {
		if more := count - before[name]; more > 0 {
			added[name] = more
		}
	}
	return added
}

func isWrite(verb string) bool {
	return slices.Contains([]string{"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"}, verb)
}

// writes counts the writes of the resources that the function names.
func (r requests) writes(counts func(resource string) bool) float64 {
	total := 0.0
	for name, count := range r {
		verb, resource, _ := strings.Cut(name, " ")
		if isWrite(verb) && counts(resource) {
			total += count
		}
	}
	return total
}

// String names the writes, the most frequent first.
func (r requests) String() string {
	names := slices.SortedFunc(maps.Keys(r), func(a, b string) int { return int(r[b] - r[a]) })
	var words []string
	for _, name := range names {
		if verb, _, _ := strings.Cut(name, " "); isWrite(verb) {
			words = append(words, fmt.Sprintf("%.0f %s", r[name], name))
		}
	}
	return strings.Join(words, ", ")
}

// reading is the state of all meters at one moment.
type reading struct {
	at                 time.Time
	daemon             time.Duration
	hostCPU, memberCPU time.Duration // of the API servers; members' all together
	host, member       requests      // the member's is the first one's
}

// read reads the meters; pid is the manager's, 0 for none. The counters, which cost the API servers something to tell, are
// read last at the beginning of a phase and first at none: first is false at its end.
func (w *world) read(ctx context.Context, pid int, first bool) (reading, error) {
	var r reading
	if !first {
		w.readProcesses(&r, pid)
	}
	var err error
	if r.host, err = requestsOf(ctx, w.lab.Host()); err != nil {
		return r, err
	}
	if r.member, err = requestsOf(ctx, w.lab.Members()[0]); err != nil {
		return r, err
	}
	if first {
		w.readProcesses(&r, pid)
	}
	return r, nil
}

func (w *world) readProcesses(r *reading, pid int) {
	r.at = time.Now()
	if pid != 0 {
		r.daemon = measure.ProcessorTime(pid)
	}
	for i, c := range w.lab.Clusters() {
		status, err := c.Status()
		if err != nil {
			continue // it has just been running
		}
		if used := status.Process("kube-apiserver").CPU; i == 0 {
			r.hostCPU = used
		} else {
			r.memberCPU += used
		}
	}
}

// usage is what a phase took.
type usage struct {
	// Daemon, HostCPU and MemberCPU are processor seconds: of the manager, of the host's API server, and of all members' API
	// servers together.
	Daemon    float64 `json:"daemonSeconds"`
	HostCPU   float64 `json:"hostServerSeconds"`
	MemberCPU float64 `json:"memberServersSeconds"`
	// Peak is the manager's peak memory in bytes.
	Peak int64 `json:"peakMemoryBytes"`
	// Host and Member are the requests to the host and to the first member, the user's own included.
	Host   requests `json:"hostRequests"`
	Member requests `json:"memberRequests"`
}

// metered runs the function between two readings of the meters. A manager that is another process at the end counts from its
// start.
func (w *world) metered(ctx context.Context, m *manager, do func() error) (usage, error) {
	pid := m.pid()
	measure.ForgetPeak(pid)
	before, err := w.read(ctx, pid, true)
	if err != nil {
		return usage{}, err
	}
	failure := do()
	if m.pid() != pid {
		pid, before.daemon = m.pid(), 0
	}
	after, err := w.read(ctx, pid, false)
	if err != nil {
		return usage{}, errors.Join(failure, err)
	}
	u := usage{
		Daemon:    (after.daemon - before.daemon).Seconds(),
		HostCPU:   (after.hostCPU - before.hostCPU).Seconds(),
		MemberCPU: (after.memberCPU - before.memberCPU).Seconds(),
		Host:      after.host.since(before.host), Member: after.member.since(before.member),
	}
	if pid != 0 {
		u.Peak = measure.PeakMemory(pid)
	}
	return u, failure
}
