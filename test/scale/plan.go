package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// scenarioPlan measures how long `kubectl fed plan` takes for an edit of all objects.
const scenarioPlan = "plan"

// planRounds is how often the plan is made.
const planRounds = 3

func planAll(ctx context.Context, w *world) error {
	members := w.fleet.Members
	if err := w.begin(ctx, members); err != nil {
		return err
	}
	if err := w.createAll(ctx); err != nil {
		return err
	}
	if _, err := w.awaitApplies(ctx, "configmaps", w.options.objects*len(members)); err != nil {
		return err
	}
	if _, err := w.awaitSettled(ctx, len(members)); err != nil {
		return err
	}
	file := filepath.Join(w.lab.Dir(), "edited.yaml")
	if err := os.WriteFile(file, editedObjects(w.options.objects), 0o600); err != nil {
		return err
	}
	for round := range planRounds {
		if err := w.planOnce(ctx, file, fmt.Sprintf("plan, round %d", round+1)); err != nil {
			return err
		}
	}
	return nil
}

// editedObjects are all objects with another value.
func editedObjects(objects int) []byte {
	var stream bytes.Buffer
	for i := range objects {
		fmt.Fprintf(&stream, "---\napiVersion: types.kubefed.io/v1beta1\nkind: FederatedConfigMap\nmetadata: {name: %s, namespace: %s}\n"+
			"spec: {placement: {clusterSelector: {}}, template: {data: {value: edited, payload: %q}}}\n", nameOf(i), namespace, payload)
	}
	return stream.Bytes()
}

// planOnce makes the plan as a person would, and checks that it says what is true.
func (w *world) planOnce(ctx context.Context, file, what string) error {
	command := exec.CommandContext(ctx, w.options.plugin, "plan", "-f", file, "-o", "json", "--kubeconfig", w.lab.Kubeconfig(), "--context", "host")
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	start := time.Now()
	err := command.Run()
	took := time.Since(start)
	const changes = 3 // the exit status of a plan with changes
	if exit, ok := errors.AsType[*exec.ExitError](err); err == nil || ok && exit.ExitCode() != changes {
		return fmt.Errorf("%s: %w\n%s", command, err, said.String())
	}
	var plan struct {
		Copies struct {
			Changed int `json:"changed"`
		} `json:"copies"`
		DryRuns int `json:"dryRuns"`
	}
	if err := json.Unmarshal(out.Bytes(), &plan); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	if want := w.options.objects * len(w.fleet.Members); plan.Copies.Changed != want {
		return fmt.Errorf("the plan would change %d copies, and not %d", plan.Copies.Changed, want)
	}
	w.notef(what, "%.1f s, %d dry runs", took.Seconds(), plan.DryRuns)
	return nil
}
