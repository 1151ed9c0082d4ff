package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
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

// machine says what the numbers were measured on.
func machine() string {
	model := "unknown processor"
	if info, err := os.Open("/proc/cpuinfo"); err == nil {
		defer info.Close() //nolint:errcheck // it was only read
		for lines := bufio.NewScanner(info); lines.Scan(); {
			if key, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(key) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	commit, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output() //nolint:noctx // it is over at once
	if err != nil {
		commit = []byte("unknown")
	}
	return fmt.Sprintf("%d x %s, %s %s/%s, commit %s", runtime.NumCPU(), model, runtime.Version(), runtime.GOOS, runtime.GOARCH, strings.TrimSpace(string(commit)))
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
	page, err := os.ReadFile(o.markdown)
	if err != nil {
		return err
	}
	replaced, err := replaceMarked(string(page), table)
	if err != nil {
		return fmt.Errorf("write the table to %q: %w", o.markdown, err)
	}
	return os.WriteFile(o.markdown, []byte(replaced), 0o644)
}

// The marks around the part of a page that is replaced.
const (
	markBegin = "<!-- bench: begin -->\n"
	markEnd   = "<!-- bench: end -->"
)

func replaceMarked(page, table string) (string, error) {
	before, rest, found := strings.Cut(page, markBegin)
	_, after, ended := strings.Cut(rest, markEnd)
	if !found || !ended {
		return "", fmt.Errorf("there are no lines %q and %q", strings.TrimSpace(markBegin), markEnd)
	}
	return before + markBegin + table + markEnd + after, nil
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
