package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fedsync/fedsync/test/measure"
)

// The phases, in their order.
const (
	phaseCreate  = "create all"
	phaseEdit    = "edit all"
	phaseSingle  = "one edit"
	phaseDrift   = "drift"
	phaseStopped = "one member stopped"
	phaseRestart = "restart"
	phaseRest    = "rest"
	phaseDelete  = "delete all"
)

// stoppedEdits is how many edits are made while a member is stopped.
const stoppedEdits = 50

// measurement is one phase of one run. Times are seconds.
type measurement struct {
	usage

	Contestant string `json:"contestant"`
	Kind       string `json:"kind"`
	Objects    int    `json:"objects"`
	Members    int    `json:"members"`
	Phase      string `json:"phase"`
	// Copies is the time until all members had everything; Seconds until the host said so, or, for other phases, see there.
	Seconds float64 `json:"seconds,omitempty"`
	Copies  float64 `json:"copiesSeconds,omitempty"`
	// P50 and P99 are of single latencies, Count many.
	P50   float64 `json:"p50Seconds,omitempty"`
	P99   float64 `json:"p99Seconds,omitempty"`
	Count int     `json:"count,omitempty"`
	// Others and CatchUp are of the phase with a stopped member.
	Others  float64 `json:"othersSeconds,omitempty"`
	CatchUp float64 `json:"catchUpSeconds,omitempty"`
	Failure string  `json:"failure,omitempty"`
}

// phase runs one phase between readings of the meters. A failure is noted, and ends only the phase.
func (r *race) phase(ctx context.Context, name string, do func(context.Context, *measurement) error) measurement {
	m := measurement{Contestant: r.contestant.name, Kind: r.kind.name, Objects: r.objects, Members: len(r.members), Phase: name}
	used, err := r.world.metered(ctx, r.manager, func() error {
		defer r.profile(ctx, name)()
		return do(ctx, &m)
	})
	m.usage = used
	if err != nil {
		m.Failure = err.Error()
	}
	r.world.sayf("%s", m)
	return m
}

// String is a line of progress.
func (m measurement) String() string {
	line := fmt.Sprintf("%-10s %4d %-11s %-18s", m.Contestant, m.Objects, m.Kind, m.Phase)
	switch {
	case m.Failure != "":
		return line + " FAILED: " + m.Failure
	case m.Count > 0:
		line += fmt.Sprintf(" p50 %6.1f ms, p99 %6.1f ms of %d", 1e3*m.P50, 1e3*m.P99, m.Count)
	case m.Phase == phaseStopped:
		line += fmt.Sprintf(" others %6.2f s, catches up %6.2f s", m.Others, m.CatchUp)
	default:
		line += fmt.Sprintf(" copies %6.2f s, settled %6.2f s", m.Copies, m.Seconds)
	}
	return line + fmt.Sprintf("  cpu: daemon %5.2f, host %5.2f, members %5.2f s; %d MB", m.Daemon, m.HostCPU, m.MemberCPU, m.Peak>>20)
}

func (r *race) createAll(ctx context.Context, m *measurement) error {
	r.edition = 0
	return r.timed(ctx, m, r.create)
}

func (r *race) editAll(ctx context.Context, m *measurement) error {
	r.edition++
	return r.timed(ctx, m, func(ctx context.Context, name string) error { return r.edit(ctx, name, fmt.Sprint(r.edition)) })
}

// timed writes every object and waits until all are settled.
func (r *race) timed(ctx context.Context, m *measurement, write func(context.Context, string) error) error {
	start := time.Now()
	if err := r.each(ctx, r.objects, write); err != nil {
		return err
	}
	copies, settled, err := r.awaitAll(ctx, r.objects)
	m.Copies, m.Seconds = copies.Sub(start).Seconds(), settled.Sub(start).Seconds()
	return err
}

// deleteAll is over when nothing is left in the members (Copies) and on the host (Seconds).
func (r *race) deleteAll(ctx context.Context, m *measurement) error {
	start := time.Now()
	if err := r.each(ctx, r.objects, r.remove); err != nil {
		return err
	}
	for _, v := range r.members {
		at, err := v.empty(ctx, r.contestant.patience)
		if err != nil {
			return err
		}
		m.Copies = max(m.Copies, at.Sub(start).Seconds())
	}
	at, err := r.host.empty(ctx, r.contestant.patience)
	m.Seconds = at.Sub(start).Seconds()
	return err
}

// singleEdits times edits one after another, each from before the user's request until the last member's watch told it. The next
// one begins when the host says that this one is over: the bare client has no status left to write then, and no manager may.
func (r *race) singleEdits(ctx context.Context, m *measurement) error {
	var took []time.Duration
	for i := range r.contestant.latencies {
		name, value := nameOf(i%r.objects), fmt.Sprintf("%d", r.edition+1)
		start := time.Now()
		if err := r.edit(ctx, name, value); err != nil {
			return err
		}
		last := start
		for _, v := range r.members {
			at, err := v.has(ctx, r.contestant.patience, name, value)
			if err != nil {
				return err
			}
			if at.After(last) {
				last = at
			}
		}
		took = append(took, last.Sub(start))
		if _, err := r.host.has(ctx, r.contestant.patience, name, fmt.Sprint(generationOf(value))); err != nil {
			return err
		}
	}
	setLatencies(m, took)
	return nil
}

// setLatencies notes the quantiles of what was timed.
func setLatencies(m *measurement, took []time.Duration) {
	slices.Sort(took)
	m.Count = len(took)
	m.P50, m.P99 = measure.Quantile(took, 0.50).Seconds(), measure.Quantile(took, 0.99).Seconds()
}

// drifts changes copies one after another, each timed from before the change until the member's watch told that it is undone.
func (r *race) drifts(ctx context.Context, m *measurement) error {
	var took []time.Duration
	for i := range r.contestant.latencies {
		target := i % len(r.members)
		name, v := nameOf(i%r.objects), r.members[target]
		told := v.follow(name)
		start := time.Now()
		err := r.drift(ctx, r.world.members[target], name)
		if err == nil && r.contestant.isBare() {
			err = bareClient{r}.apply(ctx, r.world.members[target], name, fmt.Sprint(r.edition))
		}
		if err == nil {
			err = awaitRepair(ctx, told, r.contestant.patience, fmt.Sprint(r.edition))
		}
		v.unfollow(name)
		if err != nil {
			return err
		}
		took = append(took, time.Since(start))
	}
	setLatencies(m, took)
	return nil
}

func awaitRepair(ctx context.Context, told <-chan string, patience time.Duration, want string) error {
	expired := time.NewTimer(patience)
	defer expired.Stop()
	drifted := false
	for {
		select {
		case value := <-told:
			drifted = drifted || value != want
			if drifted && value == want {
				return nil
			}
		case <-expired.C:
			return fmt.Errorf("the copy is not repaired within %s", patience)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stopped makes edits while the last member is stopped: Others is the time until all others have them, CatchUp from the
// member's return until it has them too.
func (r *race) stopped(ctx context.Context, m *measurement) error {
	last := len(r.members) - 1
	cluster := r.world.lab.Members()[last]
	if err := cluster.Pause(); err != nil {
		return err
	}
	running := false
	defer func() {
		if !running {
			_ = cluster.Resume() // what comes next fails loudly without it
		}
	}()
	value := fmt.Sprint(r.edition + 1)
	start := time.Now()
	if err := r.each(ctx, stoppedEdits, func(ctx context.Context, name string) error { return r.edit(ctx, name, value) }); err != nil {
		return err
	}
	for _, v := range r.members[:last] {
		at, err := v.allHave(ctx, r.contestant.patience, value, stoppedEdits)
		if err != nil {
			return fmt.Errorf("wait for the others: %w", err)
		}
		m.Others = max(m.Others, at.Sub(start).Seconds())
	}
	running = true
	back := time.Now()
	if err := cluster.Resume(); err != nil {
		return err
	}
	at, err := r.members[last].allHave(ctx, r.contestant.patience, value, stoppedEdits)
	if err != nil {
		return fmt.Errorf("wait for the member to catch up: %w", err)
	}
	m.CatchUp = at.Sub(back).Seconds()
	return nil
}

// restore brings all objects into one edition again after a phase that edited some of them.
func (r *race) restore(ctx context.Context) error {
	r.edition++
	err := r.each(ctx, r.objects, func(ctx context.Context, name string) error { return r.edit(ctx, name, fmt.Sprint(r.edition)) })
	if err != nil {
		return err
	}
	_, _, err = r.awaitAll(ctx, r.objects)
	return err
}

// quietTime is how long after a restart writes are still counted.
const quietTime = 5 * time.Second

// restart ends the manager and starts another: Seconds is the time until it says that it is ready, Copies until an edit made
// at its start has reached all members. What it wrote besides that edit shows in its requests.
func (r *race) restart(ctx context.Context, m *measurement) error {
	if err := r.manager.stop(); err != nil {
		return err
	}
	start := time.Now()
	next, err := r.world.launch(ctx, r.contestant)
	if err != nil {
		return err
	}
	*r.manager = *next
	m.Seconds = time.Since(start).Seconds()
	name, value := nameOf(0), fmt.Sprint(r.edition+1)
	if err := r.edit(ctx, name, value); err != nil {
		return err
	}
	for _, v := range r.members {
		at, err := v.has(ctx, r.contestant.patience, name, value)
		if err != nil {
			return err
		}
		m.Copies = max(m.Copies, at.Sub(start).Seconds())
	}
	return pause(ctx, quietTime)
}

func (r *race) rest(ctx context.Context, m *measurement) error {
	m.Seconds = r.world.options.rest.Seconds()
	return pause(ctx, r.world.options.rest)
}

// pause lets time go by in which nothing must happen: what is measured is that nothing does.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
