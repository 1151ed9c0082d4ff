package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/fedsync/fedsync/test/measure"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	fedsyncd, simfleet, plugin, repository string
	scenario, json, markdown, inside       string
	members, objects                       int
	patience                               time.Duration
}

func run(ctx context.Context, args []string) error {
	var o options
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	flags.StringVar(&o.fedsyncd, "fedsyncd", "bin/fedsyncd", "path of the daemon's binary")
	flags.StringVar(&o.simfleet, "simfleet", "bin/simfleet", "path of the simulated fleet's binary")
	flags.StringVar(&o.plugin, "kubectl-fed", "bin/kubectl-fed", "path of the plugin's binary, for scenario plan")
	flags.StringVar(&o.repository, "repository", ".", "root of the repository, for charts/")
	flags.StringVar(&o.scenario, "scenario", "fleet", "fleet, faults, join, metrics or plan")
	flags.IntVar(&o.members, "members", 100, "how many members")
	flags.IntVar(&o.objects, "objects", 1000, "how many federated ConfigMaps, each in all members")
	flags.DurationVar(&o.patience, "patience", 20*time.Minute, "how long a step may take")
	flags.StringVar(&o.json, "json", "", "file for the results as JSON")
	flags.StringVar(&o.markdown, "markdown", "", "page whose part between the marks -inside gets the results")
	flags.StringVar(&o.inside, "inside", "scale", "name of the marks")
	if err := flags.Parse(args); err != nil {
		return err
	}
	scenario, known := map[string]func(context.Context, *world) error{"fleet": fleet, "faults": faults, "join": join, scenarioMetrics: costOfMetrics, scenarioPlan: planAll}[o.scenario]
	if !known || o.members < 1 || o.objects < 1 {
		return fmt.Errorf("read flags: -scenario is fleet, faults, join, metrics or plan; -members and -objects are at least 1")
	}
	w, err := bringUp(ctx, o)
	if err != nil {
		return err
	}
	defer w.takeDown(context.WithoutCancel(ctx))
	w.notef("members", "%d", o.members)
	w.notef("objects", "%d", o.objects)
	failure := scenario(ctx, w)
	if failure != nil && w.daemon != nil {
		failure = fmt.Errorf("%w\nthe daemon's last words:\n%s", failure, w.daemon.LogTail())
	}
	if err := w.publish(o); err != nil {
		return err
	}
	return failure
}

// finding is one line of the results.
type finding struct {
	What  string `json:"what"`
	Value string `json:"value"`
}

// notef adds a line to the results and tells it at once.
func (w *world) notef(what, format string, values ...any) {
	f := finding{What: what, Value: fmt.Sprintf(format, values...)}
	w.findings = append(w.findings, f)
	w.sayf("%s: %s", f.What, f.Value)
}

// sayf tells how far the run is.
func (w *world) sayf(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "%5.0f s  "+format+"\n", append([]any{time.Since(w.began).Seconds()}, values...)...)
}

func (w *world) publish(o options) error {
	var table strings.Builder
	fmt.Fprintf(&table, "Scenario %q, measured on %s.\n\n| | |\n|---|---|\n", o.scenario, w.machine)
	for _, f := range w.findings {
		fmt.Fprintf(&table, "| %s | %s |\n", f.What, f.Value)
	}
	fmt.Fprint(os.Stdout, table.String())
	if o.json != "" {
		raw, err := json.MarshalIndent(w.findings, "", "  ")
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
	return measure.WriteMarked(o.markdown, o.inside, table.String())
}
