package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fedsync/fedsync/lab"
)

// clockTick is the unit of /proc/PID/stat; Linux has had no other on the machines that we know.
const clockTick = 10 * time.Millisecond

// processorTime is what a process has used, in user and system mode. A process that is gone has used none.
func processorTime(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The second field is the program's name in parentheses, which may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const user, system = 11, 12
	if len(fields) <= system {
		return 0
	}
	u, _ := strconv.Atoi(fields[user])   // the kernel writes numbers
	s, _ := strconv.Atoi(fields[system]) // as above
	return time.Duration(u+s) * clockTick
}

// forgetPeak makes the peak memory of a process start anew.
func forgetPeak(pid int) {
	if pid == 0 {
		return
	}
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// peakMemory is the most that a process has had resident, in bytes.
func peakMemory(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kilobytes, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64) // the kernel writes a number
			return kilobytes << 10
		}
	}
	return 0
}

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
		r.daemon = processorTime(pid)
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
	forgetPeak(pid)
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
		u.Peak = peakMemory(pid)
	}
	return u, failure
}
