package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fedsync/fedsync/lab/simfleet"

	"github.com/fedsync/fedsync/test/measure"
)

// fleet creates all objects in all members, edits some, and restarts the daemon.
func fleet(ctx context.Context, w *world) error {
	members := w.fleet.Members
	if err := w.begin(ctx, members); err != nil {
		return err
	}
	empty, err := w.heap(ctx)
	if err != nil {
		return err
	}
	used := measure.ProcessorTime(w.daemon.PID())
	start := time.Now()
	if err := w.createAll(ctx); err != nil {
		return err
	}
	copies := w.options.objects * len(members)
	done, err := w.awaitApplies(ctx, "configmaps", copies)
	if err != nil {
		return err
	}
	took := done.Sub(start)
	w.notef("all copies made after", "%.1f s, %.0f copies/s", took.Seconds(), float64(copies)/took.Seconds())
	w.notef("CPU of fedsyncd per copy created", "%.3f ms", perCopy(measure.ProcessorTime(w.daemon.PID())-used, copies))
	if done, err = w.awaitSettled(ctx, len(members)); err != nil {
		return err
	}
	w.notef("the host says so after", "%.1f s", done.Sub(start).Seconds())
	full, err := w.heap(ctx)
	if err != nil {
		return err
	}
	w.notef("heap of fedsyncd, without and with the copies", "%d and %d MB: %d bytes per copy, everything included", empty>>20, full>>20, (full-empty)/int64(copies))
	w.notef("peak memory of fedsyncd", "%d MB", measure.PeakMemory(w.daemon.PID())>>20)
	if err := w.timeEdits(ctx, "one edit to all members", len(members)); err != nil {
		return err
	}
	return w.restart(ctx, len(members))
}

func perCopy(d time.Duration, copies int) float64 {
	return float64(d.Microseconds()) / 1e3 / float64(copies)
}

// begin registers the members, starts the daemon and makes the namespace.
func (w *world) begin(ctx context.Context, members []string) error {
	if err := w.register(ctx, members...); err != nil {
		return err
	}
	start := time.Now()
	if err := w.startDaemon(ctx, members...); err != nil {
		return err
	}
	w.notef("all members ready after", "%.1f s", time.Since(start).Seconds())
	return w.makeNamespace(ctx, len(members))
}

// heap is what the daemon's heap holds after a garbage collection, in bytes.
func (w *world) heap(ctx context.Context) (int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+pprofAddress+"/debug/pprof/heap?gc=1&debug=1", nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	page, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(page)) {
		if rest, found := strings.CutPrefix(line, "# HeapAlloc = "); found {
			return strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
		}
	}
	return 0, fmt.Errorf("read heap profile: it has no HeapAlloc")
}

// timedEdits is how many edits are timed, and manyEdits how many where one slow edit must not be the 99th percentile.
const timedEdits, manyEdits = 50, 200

// latencies times edits one after another, each until so many members have it.
func (w *world) latencies(ctx context.Context, count, healthy int) ([]time.Duration, error) {
	var took []time.Duration
	for i := range count {
		before, err := w.applies(ctx, "configmaps")
		if err != nil {
			return nil, err
		}
		start := time.Now()
		if err := w.edit(ctx, nameOf(i%w.options.objects), fmt.Sprint(time.Now().UnixNano())); err != nil {
			return nil, err
		}
		done, err := w.awaitApplies(ctx, "configmaps", before+healthy)
		if err != nil {
			return nil, err
		}
		took = append(took, done.Sub(start))
	}
	slices.Sort(took)
	return took, nil
}

func (w *world) timeEdits(ctx context.Context, what string, healthy int) error {
	took, err := w.latencies(ctx, timedEdits, healthy)
	if err == nil {
		w.notef(what, "p50 %.0f ms, p99 %.0f ms", milliseconds(took, 0.5), milliseconds(took, 0.99))
	}
	return err
}

func milliseconds(took []time.Duration, q float64) float64 {
	return float64(measure.Quantile(took, q).Microseconds()) / 1e3
}

// restart ends the daemon and starts another one over settled objects. It is settled when it has come to rest.
func (w *world) restart(ctx context.Context, members int) error {
	if _, err := w.awaitSettled(ctx, members); err != nil {
		return err
	}
	before, err := w.fleet.Counts(ctx, "")
	if err != nil {
		return err
	}
	if _, err := w.daemon.Stop(); err != nil {
		return err
	}
	start := time.Now()
	if err := w.launch(ctx); err != nil {
		return err
	}
	rested, err := w.awaitRest(ctx)
	if err != nil {
		return err
	}
	after, err := w.fleet.Counts(ctx, "")
	if err != nil {
		return err
	}
	w.notef("restart: at rest after", "%.1f s, with %.1f s of CPU", rested.Sub(start).Seconds(), measure.ProcessorTime(w.daemon.PID()).Seconds())
	w.notef("… writes to members", "%d", writes(after)-writes(before))
	w.notef("… peak memory of fedsyncd", "%d MB", measure.PeakMemory(w.daemon.PID())>>20)
	return w.timeEdits(ctx, "one edit after the restart", members)
}

func writes(c simfleet.Counts) int {
	n := 0
	for request, made := range c.Requests {
		if verb, _, _ := strings.Cut(request, " "); !slices.Contains([]string{"GET", "LIST", "WATCH"}, verb) {
			n += made
		}
	}
	return n
}

// awaitRest returns when the daemon began to use less than a tenth of a processor, for as long as quiet.
func (w *world) awaitRest(ctx context.Context) (time.Time, error) {
	const quiet, look = 5 * time.Second, 250 * time.Millisecond
	tick := time.NewTicker(look)
	defer tick.Stop()
	since, used := time.Now(), measure.ProcessorTime(w.daemon.PID())
	for begun := since; time.Since(begun) < w.options.patience; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return since, ctx.Err()
		}
		now := measure.ProcessorTime(w.daemon.PID())
		if now-used > time.Since(since)/10+look/10 {
			since, used = time.Now(), now
		} else if time.Since(since) > quiet {
			return since, nil
		}
	}
	return since, fmt.Errorf("the daemon does not come to rest within %s", w.options.patience)
}

// faults compares edits in a healthy fleet with edits while one member in a hundred hangs, and ten fail.
func faults(ctx context.Context, w *world) error {
	members := w.fleet.Members
	if len(members) < 20 {
		return fmt.Errorf("scenario faults needs at least 20 members")
	}
	if err := w.begin(ctx, members); err != nil {
		return err
	}
	if err := w.createAll(ctx); err != nil {
		return err
	}
	if _, err := w.awaitSettled(ctx, len(members)); err != nil {
		return err
	}
	healthy, err := w.latencies(ctx, manyEdits, len(members))
	if err != nil {
		return err
	}
	hanging, failing := members[:1], members[1:1+max(1, len(members)/10)]
	if err := w.fleet.SetFaults(ctx, simfleet.Faults{Hang: true}, hanging...); err != nil {
		return err
	}
	if err := w.fleet.SetFaults(ctx, simfleet.Faults{ErrorRate: 1}, failing...); err != nil {
		return err
	}
	troubled, err := w.latencies(ctx, manyEdits, len(members)-len(hanging)-len(failing))
	if err != nil {
		return err
	}
	again, err := w.recover(ctx, append(slices.Clone(hanging), failing...))
	if err != nil {
		return err
	}
	for _, q := range []float64{0.5, 0.99} {
		a, b, c := milliseconds(healthy, q), milliseconds(troubled, q), milliseconds(again, q)
		w.notef(fmt.Sprintf("edit p%.0f, healthy; %d hang and %d answer 500: the others; healthy again", q*100, len(hanging), len(failing)),
			"%.1f ms; %.1f ms (%.2f x); %.1f ms", a, b, b/max(a, c), c)
	}
	return nil
}

// recover takes the faults back, waits until all members have caught up, and times edits once more: the machine may be slower or
// faster than at the beginning.
func (w *world) recover(ctx context.Context, members []string) ([]time.Duration, error) {
	start := time.Now()
	if err := w.fleet.SetFaults(ctx, simfleet.Faults{}, members...); err != nil {
		return nil, err
	}
	done, err := w.awaitSettled(ctx, len(w.fleet.Members))
	if err != nil {
		return nil, err
	}
	w.notef("after the faults all are in step again within", "%.1f s", done.Sub(start).Seconds())
	return w.latencies(ctx, manyEdits, len(w.fleet.Members))
}
