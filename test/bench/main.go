package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// minObjects is how many some phases edit.
const minObjects, maxLatencies = stoppedEdits, stoppedEdits

// options are the flags.
type options struct {
	fedsyncd, hyperfed, repository string
	sizes                          []int
	kinds                          []workload
	members, rounds, latencies     int
	inFlight                       int
	peer, base                     string
	rest                           time.Duration
	json, markdown, profiles       string
}

func parse(args []string) (options, error) {
	var o options
	var sizes, kinds string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.fedsyncd, "fedsyncd", "bin/fedsyncd", "path of the daemon's binary")
	flags.StringVar(&o.hyperfed, "hyperfed", "bin/hyperfed", "path of KubeFed's binary, for -peer=kubefed")
	flags.StringVar(&o.repository, "repository", ".", "root of the repository, for charts/")
	flags.StringVar(&sizes, "objects", "300,1000", "how many federated objects, in a comma-separated list")
	flags.StringVar(&kinds, "kinds", "configmaps,deployments", "what is federated, in a comma-separated list")
	flags.IntVar(&o.members, "members", 3, "how many member clusters")
	flags.IntVar(&o.rounds, "rounds", 3, "how often the limit and fedsync are measured in turn; the table has medians")
	flags.IntVar(&o.latencies, "latencies", 50, "how many single edits and drifts are timed")
	flags.StringVar(&o.peer, "peer", "", "measure another manager too: kubefed")
	flags.StringVar(&o.base, "base", "", "another binary of fedsyncd, measured in turn with the first: to see what a change is worth")
	flags.IntVar(&o.inFlight, "in-flight", 0, "how many objects the bare client has in flight; 0 finds out what is best")
	flags.DurationVar(&o.rest, "rest", time.Minute, "how long the managers are watched at rest, 0 for not at all")
	flags.StringVar(&o.json, "json", "", "file for the results as JSON")
	flags.StringVar(&o.profiles, "profiles", "", "directory for processor profiles of fedsyncd, one of the first seconds of each phase")
	flags.StringVar(&o.markdown, "markdown", "", "file whose part between the marks of this program gets the table")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.peer != "" && o.peer != "kubefed" {
		return o, fmt.Errorf("read flag -peer: %q is unknown, there is only kubefed", o.peer)
	}
	if o.rounds < 1 || o.members < 2 || o.latencies < 1 || o.latencies > maxLatencies {
		return o, fmt.Errorf("read flags: -rounds must be at least 1, -members at least 2, -latencies 1 to %d", maxLatencies)
	}
	for size := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil || n < minObjects {
			return o, fmt.Errorf("read flag -objects: %q is no number of at least %d", size, minObjects)
		}
		o.sizes = append(o.sizes, n)
	}
	for name := range strings.SplitSeq(kinds, ",") {
		w, known := workloads[name]
		if !known {
			return o, fmt.Errorf("read flag -kinds: %q is unknown, there are configmaps and deployments", name)
		}
		o.kinds = append(o.kinds, w)
	}
	return o, nil
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	w, err := bringUp(ctx, o)
	if err != nil {
		return err
	}
	defer w.takeDown(context.WithoutCancel(ctx))
	results, err := w.measure(ctx)
	if err != nil {
		return err
	}
	return results.publish(o)
}
