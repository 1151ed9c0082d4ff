package build

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const goMod = `module github.com/fedsync/fedsync/lab/components

go 1.26.0

require (
	go.etcd.io/etcd/server/v3 v3.7.0
	k8s.io/kubernetes v1.37.2
)
`

func TestSourceIsFound(t *testing.T) {
	here := writeSource(t, filepath.Join(t.TempDir(), "repo", "lab", "components"))
	repo := filepath.Dir(filepath.Dir(here))
	deep := filepath.Join(repo, "test", "bench")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Run("by the environment", func(t *testing.T) {
		t.Setenv(componentsEnv, here)
		s, err := findSource()
		if err != nil || s.dir != here || s.kubernetes != "v1.37.2" || s.etcd != "v3.7.0" {
			t.Errorf("findSource() = %+v, %v", s, err)
		}
	})
	t.Run("a wrong environment is told", func(t *testing.T) {
		t.Setenv(componentsEnv, repo)
		if _, err := findSource(); err == nil || !strings.Contains(err.Error(), componentsEnv) {
			t.Errorf("findSource() = %v, want an error that names %s", err, componentsEnv)
		}
	})
	t.Run("past a file named lab", func(t *testing.T) {
		dir := filepath.Join(repo, "bin")
		write(t, filepath.Join(dir, "lab"), "a program")
		if s, err := firstSource(upwards(dir)); err != nil || s.dir != here {
			t.Errorf("firstSource() = %+v, %v; want %q", s, err, here)
		}
	})
	t.Run("above the working directory", func(t *testing.T) {
		t.Chdir(deep)
		if got := candidates(); !slices.Contains(got, here) {
			t.Errorf("candidates() = %q, want %q among them", got, here)
		}
	})
}

func TestKeyChangesWithTheSource(t *testing.T) {
	dir := writeSource(t, t.TempDir())
	before := mustRead(t, dir).key()
	if again := mustRead(t, dir).key(); again != before {
		t.Errorf("the key of the same source was %q, then %q", before, again)
	}
	for _, name := range []string{"go.mod", "go.sum", "etcd/main.go", "kube-controller-manager/main.go"} {
		path := filepath.Join(dir, name)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, string(content)+"\n// changed\n")
		if mustRead(t, dir).key() == before {
			t.Errorf("the key does not depend on %s", name)
		}
		write(t, path, string(content))
	}
}

func TestBuildSetsTheVersion(t *testing.T) {
	args := source{kubernetes: "v1.37.2"}.goArgs(APIServer, "/out")
	want := "-s -w -X k8s.io/component-base/version.gitVersion=v1.37.2" +
		" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37"
	if !slices.Contains(args, want) {
		t.Errorf("goArgs() = %q, want %q among them", args, want)
	}
}

func writeSource(t *testing.T, dir string) string {
	t.Helper()
	write(t, filepath.Join(dir, "go.mod"), goMod)
	write(t, filepath.Join(dir, "go.sum"), "")
	for _, c := range components {
		write(t, filepath.Join(dir, c, "main.go"), "package main\n")
	}
	return dir
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mustRead(t *testing.T, dir string) source {
	t.Helper()
	s, err := readSource(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
