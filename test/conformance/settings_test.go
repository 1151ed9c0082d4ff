package conformance

import (
	"cmp"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// settings are what the environment says.
type settings struct {
	suite   string
	manager manager
	out     string
	kept    bool // whether out stays
	runs    int
	scope   string
	focus   string
	charts  string
	helm    string
}

func readSettings(t *testing.T) settings {
	t.Helper()
	s := settings{
		suite: needed(t, "KUBEFED_E2E"), out: os.Getenv("CONFORMANCE_OUT"), scope: os.Getenv("CONFORMANCE_SCOPE"),
		focus: os.Getenv("CONFORMANCE_FOCUS"), charts: repository(t, "charts", "fedsync"),
	}
	var err error
	if s.runs, err = strconv.Atoi(cmp.Or(os.Getenv("CONFORMANCE_RUNS"), "1")); err != nil || s.runs < 1 {
		t.Fatalf("CONFORMANCE_RUNS=%s: want a number from 1", os.Getenv("CONFORMANCE_RUNS"))
	}
	switch name := os.Getenv("CONFORMANCE_MANAGER"); name {
	case "", "fedsyncd":
		s.manager, s.helm = fedsyncd(needed(t, "FEDSYNCD")), needed(t, "HELM")
	case "kubefed":
		s.manager = kubefed(t, needed(t, "HYPERFED"))
	default:
		t.Fatalf("CONFORMANCE_MANAGER=%s: want fedsyncd or kubefed", name)
	}
	if s.kept = s.out != ""; !s.kept {
		s.out = t.TempDir()
	}
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		t.Fatal(err)
	}
	return s
}

func needed(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set; `make conformance` sets it", name)
	}
	return value
}

// repository returns a path in the repository, whose root is two directories up from this package.
func repository(t *testing.T, path ...string) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(append([]string{here, "..", ".."}, path...)...)
}
