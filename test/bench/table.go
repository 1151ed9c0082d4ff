package main

import (
	"fmt"
	"slices"
	"strings"
)

// row is one line of a table: what is measured, and how a contestant's value is read.
type row struct {
	title  string
	phase  string
	value  func(measurement) float64
	format string
	limit  bool // the bare client has one, to compare with
}

// rows are those of each kind and size.
func rows() []row {
	per := func(value func(measurement) float64) func(measurement) float64 {
		return func(m measurement) float64 { return value(m) / float64(m.Objects) }
	}
	perCopy := func(value func(measurement) float64) func(measurement) float64 {
		return func(m measurement) float64 { return 1e3 * value(m) / float64(m.Objects*m.Members) }
	}
	seconds := func(m measurement) float64 { return m.Seconds }
	daemon := func(m measurement) float64 { return m.Daemon }
	hostCPU := func(m measurement) float64 { return m.HostCPU }
	memberCPU := func(m measurement) float64 { return m.MemberCPU }
	hostWrites := func(m measurement) float64 { return m.Host.writes(federationResource) }
	memberWrites := func(m measurement) float64 { return m.Member.writes(copyResource) }
	peak := func(m measurement) float64 { return float64(m.Peak) / (1 << 20) }
	var all []row
	for _, phase := range []string{phaseCreate, phaseEdit, phaseDelete} {
		all = append(all,
			row{phase + ", s", phase, seconds, "%.2f", true},
			row{"… CPU of the manager per copy, ms", phase, perCopy(daemon), "%.2f", false},
			row{"… CPU of the host's API server, s", phase, hostCPU, "%.2f", true},
			row{"… CPU of the members' API servers, s", phase, memberCPU, "%.2f", true},
			row{"… host writes per object", phase, per(hostWrites), "%.2f", true},
			row{"… writes to one member per object", phase, per(memberWrites), "%.2f", true},
			row{"… peak memory, MB", phase, peak, "%.0f", false})
	}
	milliseconds := func(value func(measurement) float64) func(measurement) float64 {
		return func(m measurement) float64 { return 1e3 * value(m) }
	}
	p50, p99 := milliseconds(func(m measurement) float64 { return m.P50 }), milliseconds(func(m measurement) float64 { return m.P99 })
	return append(all,
		row{"one edit to all members, p50, ms", phaseSingle, p50, "%.1f", true},
		row{"… p99, ms", phaseSingle, p99, "%.1f", true},
		row{"drift repaired, p50, ms", phaseDrift, p50, "%.1f", true},
		row{"… p99, ms", phaseDrift, p99, "%.1f", true},
		row{"one member stopped, 50 edits: the others have all after, s", phaseStopped, func(m measurement) float64 { return m.Others }, "%.2f", false},
		row{"… it has them so long after its return, s", phaseStopped, func(m measurement) float64 { return m.CatchUp }, "%.2f", false},
		row{"restart: ready after, s", phaseRestart, seconds, "%.2f", false},
		row{"… an edit has reached all members after, s", phaseRestart, func(m measurement) float64 { return m.Copies }, "%.2f", false},
		row{"… writes to the host, the edit's 2 included", phaseRestart, hostWrites, "%.0f", false},
		row{"… writes to one member, the edit's 1 included", phaseRestart, memberWrites, "%.0f", false},
		row{"at rest: host writes of any kind but leases", phaseRest, func(m measurement) float64 { return m.Host.writes(notLease) }, "%.0f", false},
		row{"… writes to one member but leases", phaseRest, func(m measurement) float64 { return m.Member.writes(notLease) }, "%.0f", false},
		row{"… CPU of the manager, s", phaseRest, daemon, "%.2f", false},
	)
}

func federationResource(resource string) bool {
	name, _, _ := strings.Cut(resource, "/")
	return strings.HasPrefix(name, "federated") || strings.HasSuffix(name, "propagatedversions") || name == "events"
}

func copyResource(resource string) bool { return resource == "configmaps" || resource == "deployments" }

func notLease(resource string) bool { return resource != "leases" }

// markdown writes a table for each kind and size.
func (r results) markdown() string {
	var b strings.Builder
	names := r.contestants()
	fmt.Fprintf(&b, "Measured on %s; medians of %d rounds for the limit and fedsync (phases with a stopped member, a restart and rest: one round).\n", r.Machine, r.Rounds)
	for _, kind := range []string{configMaps.name, deployments.name} {
		for _, objects := range r.sizes(kind) {
			members := r.group(names[0], kind, objects, phaseCreate)[0].Members
			fmt.Fprintf(&b, "\n**%d %s × %d members** (%d in flight)\n\n", objects, kind, members, r.Concurrency[kind])
			fmt.Fprintf(&b, "| | %s | fedsync / limit |%s\n|---|%s---|%s\n", strings.Join(names, " | "), peerTitles(names), strings.Repeat("---|", len(names)), strings.Repeat("---|", len(names)-2))
			for _, line := range rows() {
				b.WriteString(r.line(line, names, kind, objects))
			}
		}
	}
	return b.String()
}

func peerTitles(names []string) string {
	var titles strings.Builder
	for _, name := range names[2:] {
		fmt.Fprintf(&titles, " %s / fedsync |", name)
	}
	return titles.String()
}

func (r results) line(line row, names []string, kind string, objects int) string {
	cells := []string{line.title}
	values := make([]float64, len(names))
	known := make([]bool, len(names))
	for i, name := range names {
		rounds := r.group(name, kind, objects, line.phase)
		values[i], known[i] = medianOf(rounds, line.value)
		switch {
		case i == 0 && !line.limit:
			known[i] = false
			cells = append(cells, "")
		case !known[i] && len(rounds) > 0:
			cells = append(cells, "not in time")
		case !known[i]:
			cells = append(cells, "")
		default:
			cells = append(cells, fmt.Sprintf(line.format, values[i]))
		}
	}
	cells = append(cells, ratio(values[1], values[0], known[1] && known[0]))
	for i := 2; i < len(names); i++ {
		cells = append(cells, ratio(values[i], values[1], known[i] && known[1]))
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

func ratio(a, b float64, known bool) string {
	if !known || b == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", a/b)
}

// contestants are the names in the order of their first turns: the limit and fedsync come first.
func (r results) contestants() []string {
	var names []string
	for _, m := range r.Measurements {
		if !slices.Contains(names, m.Contestant) {
			names = append(names, m.Contestant)
		}
	}
	return names
}

func (r results) sizes(kind string) []int {
	var sizes []int
	for _, m := range r.Measurements {
		if m.Kind == kind && !slices.Contains(sizes, m.Objects) {
			sizes = append(sizes, m.Objects)
		}
	}
	slices.Sort(sizes)
	return sizes
}
