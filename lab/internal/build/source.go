package build

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/mod/modfile"
)

const (
	componentsEnv    = "FEDSYNC_LAB_COMPONENTS"
	componentsModule = "github.com/fedsync/fedsync/lab/components"
)

// source is the module of the components as found on this machine.
type source struct {
	dir        string
	kubernetes string // version, such as v1.37.2
	etcd       string
	hash       string // of all files that the build reads from dir
}

// key names the programs that come out of the source.
func (s source) key() string {
	return fmt.Sprintf("kubernetes-%s-etcd-%s-%s", s.kubernetes, s.etcd, s.hash[:12])
}

// findSource looks where the environment says, beside the file that this is compiled from, and in lab/components of
// the working directory, of the program's directory and of all directories above them. The latter serve programs that
// are built with -trimpath.
func findSource() (source, error) {
	if dir := os.Getenv(componentsEnv); dir != "" {
		s, err := readSource(dir)
		if err != nil {
			return source{}, fmt.Errorf("use %s: %w", componentsEnv, err)
		}
		return s, nil
	}
	return firstSource(candidates())
}

func firstSource(dirs []string) (source, error) {
	for _, dir := range dirs {
		s, err := readSource(dir)
		if err == nil {
			return s, nil
		}
		if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) { // "lab" may be a program there
			return source{}, err
		}
	}
	return source{}, fmt.Errorf("find the sources of the lab's components: no lab/components above the working directory or"+
		" this program; run this inside the fedsync repository or set %s to that directory", componentsEnv)
}

func candidates() []string {
	var dirs []string
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) { // .../lab/internal/build/source.go
		dirs = append(dirs, filepath.Join(filepath.Dir(file), "..", "..", "components"))
	}
	if dir, err := os.Getwd(); err == nil {
		dirs = append(dirs, upwards(dir)...)
	}
	if program, err := os.Executable(); err == nil {
		dirs = append(dirs, upwards(filepath.Dir(program))...)
	}
	return dirs
}

// upwards lists lab/components of a directory and of all directories above it.
func upwards(dir string) []string {
	var dirs []string
	for {
		dirs = append(dirs, filepath.Join(dir, "lab", "components"))
		parent := filepath.Dir(dir)
		if parent == dir {
			return dirs
		}
		dir = parent
	}
}

// readSource reads the module in dir. The error wraps [os.ErrNotExist] when it is not there.
func readSource(dir string) (source, error) {
	path := filepath.Join(dir, "go.mod")
	data, err := os.ReadFile(path)
	if err != nil {
		return source{}, fmt.Errorf("read module of the components: %w", err)
	}
	mod, err := modfile.ParseLax(path, data, nil)
	if err != nil {
		return source{}, fmt.Errorf("parse module of the components: %w", err)
	}
	if mod.Module == nil || mod.Module.Mod.Path != componentsModule {
		return source{}, fmt.Errorf("read module of the components: %s is not module %s: %w", path, componentsModule, os.ErrNotExist)
	}
	s := source{dir: dir}
	for _, r := range mod.Require {
		switch {
		case r.Mod.Path == "k8s.io/kubernetes":
			s.kubernetes = r.Mod.Version
		case strings.HasPrefix(r.Mod.Path, "go.etcd.io/etcd/server/"):
			s.etcd = r.Mod.Version
		}
	}
	if s.kubernetes == "" || s.etcd == "" {
		return source{}, fmt.Errorf("read module of the components: %s does not require k8s.io/kubernetes and etcd", path)
	}
	s.hash, err = s.sum()
	return s, err
}

// sum hashes the files that the build reads, and the way it is done.
func (s source) sum() (string, error) {
	hash := sha256.New()
	files := []string{"go.mod", "go.sum"}
	for _, c := range components {
		files = append(files, filepath.Join(c, "main.go"))
	}
	for _, name := range files {
		data, err := os.ReadFile(filepath.Join(s.dir, name))
		if err != nil {
			return "", fmt.Errorf("hash the components' sources: %w", err)
		}
		fmt.Fprintf(hash, "%s %d\n%s\n", filepath.ToSlash(name), len(data), data)
	}
	for _, arg := range s.goArgs("", "") {
		_, _ = io.WriteString(hash, arg+"\n")
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// goArgs are the arguments of the go command that builds one component. The version flags make the API server and
// `kubectl version` tell the truth; without them they claim v0.0.0.
func (s source) goArgs(component, out string) []string {
	major, rest, _ := strings.Cut(strings.TrimPrefix(s.kubernetes, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	const pkg = "k8s.io/component-base/version"
	ldflags := fmt.Sprintf("-s -w -X %s.gitVersion=%s -X %s.gitMajor=%s -X %s.gitMinor=%s",
		pkg, s.kubernetes, pkg, major, pkg, minor)
	return []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", ldflags, "-o", out, "./" + component}
}
