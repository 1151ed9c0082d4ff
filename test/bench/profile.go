package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

const (
	profileAddress = "127.0.0.1:16060"
	profileSeconds = 4
)

// profile takes a processor profile of the manager's first seconds from now on, if profiles are asked for and it serves any.
// The function that it returns waits for the end.
func (r *race) profile(ctx context.Context, phase string) func() {
	if r.manager == nil || r.manager.pprof == "" {
		return func() {}
	}
	done := make(chan error, 1)
	file := filepath.Join(r.world.options.profiles, fmt.Sprintf("%s-%d-%s.pprof", r.kind.name, r.objects, strings.ReplaceAll(phase, " ", "-")))
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", r.manager.pprof, profileSeconds)
	go func() { done <- download(ctx, url, file) }()
	return func() {
		if err := <-done; err != nil {
			r.world.sayf("no profile of %q: %v", phase, err)
		}
	}
}

func download(ctx context.Context, url, file string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(file, raw, 0o644)
}
