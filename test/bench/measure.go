package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fedsync/fedsync/test/measure"
)

// measure runs everything that the options ask for.
func (w *world) measure(ctx context.Context) (results, error) {
	inTurn, peers, err := w.contestants()
	if err != nil {
		return results{}, err
	}
	concurrency, err := w.bestConcurrency(ctx)
	if err != nil {
		return results{}, err
	}
	all := results{Concurrency: concurrency, Rounds: w.options.rounds, Rest: w.options.rest.Seconds(), Machine: measure.Machine()}
	for round := range w.options.rounds {
		for _, c := range inTurn {
			w.sayf("round %d of %d: %s", round+1, w.options.rounds, c.name)
			if err := w.everything(ctx, c, concurrency, round == 0, &all); err != nil {
				return results{}, err
			}
		}
	}
	for _, c := range peers {
		w.sayf("peer: %s", c.name)
		if err := w.everything(ctx, c, concurrency, true, &all); err != nil {
			return results{}, err
		}
	}
	return all, nil
}

// bestConcurrency finds out with how many objects in flight the bare client is fastest, by kind.
func (w *world) bestConcurrency(ctx context.Context) (map[string]int, error) {
	best := map[string]int{}
	for _, kind := range w.options.kinds {
		best[kind.name] = w.options.inFlight
		shortest := 0.0
		for _, inFlight := range []int{8, 16, 32, 64} {
			if w.options.inFlight > 0 {
				break
			}
			took, err := w.try(ctx, kind, inFlight)
			if err != nil {
				return nil, fmt.Errorf("try %d %s in flight: %w", inFlight, kind.name, err)
			}
			if shortest == 0 || took < shortest {
				shortest, best[kind.name] = took, inFlight
			}
		}
		w.sayf("the bare client has %d %s in flight", best[kind.name], kind.name)
	}
	return best, nil
}

// try returns how long the bare client takes to create everything.
func (w *world) try(ctx context.Context, kind workload, inFlight int) (float64, error) {
	r, err := w.begin(ctx, &race{contestant: contestant{name: "limit", patience: longPatience}, kind: kind, objects: w.options.sizes[0], inFlight: inFlight})
	if err != nil {
		return 0, err
	}
	made := r.phase(ctx, phaseCreate, r.createAll)
	gone := r.phase(ctx, phaseDelete, r.deleteAll)
	if failure := made.Failure + gone.Failure; failure != "" {
		return 0, errors.New(failure)
	}
	return made.Seconds, r.end(ctx)
}

// everything runs one contestant through all kinds and sizes. Phases whose length is a matter of patience run only once.
func (w *world) everything(ctx context.Context, c contestant, concurrency map[string]int, long bool, all *results) error {
	m, err := w.start(ctx, c)
	if err != nil {
		return err
	}
	for _, kind := range w.options.kinds {
		for _, size := range w.options.sizes {
			r, err := w.begin(ctx, &race{contestant: c, manager: m, kind: kind, objects: size, inFlight: concurrency[kind.name]})
			if err != nil {
				return err
			}
			all.Measurements = append(all.Measurements, r.phases(ctx, long)...)
			if err := r.end(ctx); err != nil {
				return fmt.Errorf("clean up after %s: %w", c.name, err)
			}
		}
	}
	return m.stop()
}

// phases runs the phases one after another. After one that fails, what follows would measure something else: only the
// removal is tried.
//

func (r *race) phases(ctx context.Context, long bool) []measurement {
	steps := []struct {
		name    string
		do      func(context.Context, *measurement) error
		long    bool // run once
		manager bool // means nothing without a manager
		edits   bool // leaves objects in two editions
	}{
		{name: phaseCreate, do: r.createAll},
		{name: phaseEdit, do: r.editAll},
		{name: phaseSingle, do: r.singleEdits, edits: true},
		{name: phaseDrift, do: r.drifts},
		{name: phaseStopped, do: r.stopped, manager: true, edits: true, long: true},
		{name: phaseRestart, do: r.restart, manager: true, edits: true, long: true},
		{name: phaseRest, do: r.rest, manager: true, long: true},
		{name: phaseDelete, do: r.deleteAll},
	}
	var done []measurement
	failed := false
	for _, s := range steps {
		pointless := s.manager && r.contestant.isBare() || s.long && !long || s.name == phaseRest && r.world.options.rest == 0
		if pointless || failed && s.name != phaseDelete || ctx.Err() != nil {
			continue
		}
		r.calm(ctx)
		m := r.phase(ctx, s.name, s.do)
		done = append(done, m)
		failed = failed || m.Failure != ""
		if s.edits && !failed {
			failed = r.restore(ctx) != nil
		}
	}
	return done
}

// calm waits until the members' own controllers have nothing left to do from the phase before.
func (r *race) calm(ctx context.Context) {
	for _, v := range r.members {
		if err := v.idle(ctx, longPatience); err != nil {
			r.world.sayf("the controllers of a member: %v", err)
		}
	}
}

// median of the values, which it sorts; of an even number the greater of the middle ones.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}
