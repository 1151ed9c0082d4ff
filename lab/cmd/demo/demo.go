package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/dynamic"

	"github.com/fedsync/fedsync/lab"
	"github.com/fedsync/fedsync/lab/daemon"
	"github.com/fedsync/fedsync/lab/federation"
)

const members = 2

// demo is one run.
type demo struct {
	binary, plugin, repository string
	out                        io.Writer
	// stay keeps everything running until Ctrl-C; live redraws the table in place.
	stay, live bool

	monitoring monitoring

	lab    *lab.Lab
	daemon *daemon.Process
	host   dynamic.Interface
	member map[string]dynamic.Interface
	drawn  int // lines of the table that are on the screen
}

func (d *demo) sayf(format string, args ...any) {
	d.drawn = 0
	fmt.Fprintf(d.out, format+"\n", args...)
}

type step struct {
	title string
	do    func(context.Context) error
}

// steps returns what the demo plays, with Prometheus in it if that is asked for.
func (d *demo) steps() []step {
	steps := []step{
		{"Starting a host and two members, each with its own etcd, API server and controller manager", d.start},
		{"Installing the CRDs, starting fedsyncd, joining the members", d.federate},
		{"Applying examples/: a namespace, a ConfigMap, a Deployment and a Service, with overrides per member", d.declare},
		{"Changing the template of ConfigMap greeting on the host", d.edit},
		{"Changing the copy of ConfigMap greeting in member1 behind fedsyncd's back", d.drift},
		{"Asking the plugin", d.ask},
		{"Everything that was shown, once more", d.review},
	}
	if d.monitoring.binaries == "" {
		return steps
	}
	steps = slices.Insert(steps, 2, step{"Starting Prometheus, which scrapes fedsyncd every second", d.startPrometheus})
	return append(steps, step{"Asking Prometheus", d.askPrometheus})
}

// run plays the demo. It returns an error if anything that it showed was not true.
func (d *demo) run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, d.end()) }()
	for _, step := range d.steps() {
		d.sayf("\n== %s", step.title)
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	d.tellWhere()
	if d.stay {
		return d.watch(ctx)
	}
	return nil
}

func (d *demo) start(ctx context.Context) error {
	var err error
	if d.lab, err = lab.Up(ctx, lab.Options{Members: members, Progress: d.out}); err != nil {
		return err
	}
	if d.host, err = dynamic.NewForConfig(d.lab.Host().RESTConfig()); err != nil {
		return err
	}
	d.member = map[string]dynamic.Interface{}
	for _, m := range d.lab.Members() {
		if d.member[m.Name], err = dynamic.NewForConfig(m.RESTConfig()); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) federate(ctx context.Context) error {
	charts := filepath.Join(d.repository, "charts", "fedsync")
	host := d.lab.Host().RESTConfig()
	if err := federation.Install(ctx, host, filepath.Join(charts, "crds"), filepath.Join(charts, "types")); err != nil {
		return err
	}
	var err error
	d.daemon, err = daemon.Start(ctx, daemon.Options{Binary: d.binary, Kubeconfig: d.lab.Kubeconfig(), Log: filepath.Join(d.lab.Dir(), "fedsyncd.log")})
	if err != nil {
		return err
	}
	for i, m := range d.lab.Members() {
		if err := d.fed(ctx, "join", m.Name, "--labels", "tier=production,region="+[...]string{"eu", "us"}[i%2]); err != nil {
			return err
		}
	}
	began := time.Now()
	waiting, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := federation.WaitReady(waiting, host, d.names()...); err != nil {
		return err
	}
	d.sayf("all members are ready after %s", took(began))
	return nil
}

func (d *demo) names() []string {
	var names []string
	for _, m := range d.lab.Members() {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return names
}

func (d *demo) declare(ctx context.Context) error {
	files, err := filepath.Glob(filepath.Join(d.repository, "examples", "*.yaml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("find examples in %q: %w", d.repository, errors.Join(err, os.ErrNotExist))
	}
	began := time.Now()
	for _, file := range files {
		stream, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := federation.Apply(ctx, d.lab.Host().RESTConfig(), stream); err != nil {
			return fmt.Errorf("apply %s: %w", file, err)
		}
	}
	if err := d.untilInStep(ctx); err != nil {
		return err
	}
	d.sayf("all copies are as declared %s after the first write", took(began))
	return nil
}

// fed runs the plugin as a person would, and shows the command and what it says.
func (d *demo) fed(ctx context.Context, args ...string) error {
	d.sayf("$ kubectl fed %s", strings.Join(args, " "))
	command := exec.CommandContext(ctx, d.plugin, append(args, "--kubeconfig", d.lab.Kubeconfig(), "--context", "host")...)
	command.Stdout, command.Stderr = d.out, d.out
	if err := command.Run(); err != nil {
		return fmt.Errorf("kubectl fed %s: %w", args[0], err)
	}
	return nil
}

// ask shows what a person would ask for first.
func (d *demo) ask(ctx context.Context) error {
	return errors.Join(
		d.fed(ctx, "status"),
		d.fed(ctx, "tree", "federatedconfigmaps/"+greeting, "-n", namespace),
		d.fed(ctx, "explain", "federatedconfigmaps/"+greeting, d.names()[0], "-n", namespace),
	)
}

// review looks at everything again, in the members themselves.
func (d *demo) review(ctx context.Context) error { return d.untilInStep(ctx) }

func (d *demo) tellWhere() {
	d.sayf("\nKUBECONFIG=%s", d.lab.Kubeconfig())
	for _, c := range d.lab.Clusters() {
		d.sayf("  %-8s kubectl --context %-8s  %s", c.Name, c.Name, c.URL)
	}
	d.sayf("  %s status --kubeconfig %s --context host", d.plugin, d.lab.Kubeconfig())
	d.sayf("  fedsyncd %s   %s/readyz", d.daemon.MetricsURL, d.daemon.HealthURL)
	if d.monitoring.server != nil {
		d.tellPrometheus()
	}
}

// end stops everything that was started. It works after Ctrl-C too.
func (d *demo) end() error {
	problems := []error{d.stopPrometheus()}
	if d.daemon != nil {
		elapsed, err := d.daemon.Stop()
		problems = append(problems, err)
		if err == nil {
			d.sayf("\nfedsyncd stopped in %s", elapsed.Round(time.Millisecond))
		}
	}
	if d.lab != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		problems = append(problems, d.lab.Down(ctx))
	}
	return errors.Join(problems...)
}

func took(began time.Time) string { return time.Since(began).Round(time.Millisecond).String() }
