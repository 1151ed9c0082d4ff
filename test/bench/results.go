package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/fedsync/fedsync/test/measure"
)

// results are everything that was measured, as it is written to JSON.
type results struct {
	Machine     string         `json:"machine"`
	Rounds      int            `json:"rounds"`
	Rest        float64        `json:"restSeconds"`
	Concurrency map[string]int `json:"bestConcurrency"`
	// Measurements are in the order in which they were made.
	Measurements []measurement `json:"measurements"`
}

// publish prints the table, and writes the files that are asked for.
func (r results) publish(o options) error {
	table := r.markdown()
	fmt.Fprint(os.Stdout, table)
	if o.json != "" {
		raw, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.json, append(raw, '\n'), 0o644); err != nil {
			return err
		}
	}
	if o.markdown == "" {
		return nil
	}
	return measure.WriteMarked(o.markdown, "bench", table)
}

// group finds all rounds of one phase.
func (r results) group(contestant, kind string, objects int, phase string) []measurement {
	var found []measurement
	for _, m := range r.Measurements {
		if m.Contestant == contestant && m.Kind == kind && m.Objects == objects && m.Phase == phase {
			found = append(found, m)
		}
	}
	return found
}

// medianOf is the median over the rounds, and whether there is any.
func medianOf(rounds []measurement, value func(measurement) float64) (float64, bool) {
	var values []float64
	for _, m := range rounds {
		if m.Failure == "" {
			values = append(values, value(m))
		}
	}
	return median(values), len(values) > 0
}
