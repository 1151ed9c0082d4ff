package archtest_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fedsync/fedsync/internal/archtest"
)

const module = "github.com/fedsync/fedsync"

// packages returns the packages of the module. Those that do not compile are among them, as far as they can be read.
func packages(t *testing.T) []archtest.Package {
	t.Helper()

	readDirectories(t)

	command := exec.CommandContext(
		t.Context(), "go", "list", "-e", "-json=ImportPath,Name,Dir,GoFiles,Imports,Deps", module+"/...",
	)

	var stderr strings.Builder

	command.Stderr = &stderr

	listed, err := command.Output()
	if err != nil {
		t.Fatalf("list packages: %v\n%s", err, stderr.String())
	}

	var found []archtest.Package

	for decoder := json.NewDecoder(strings.NewReader(string(listed))); ; {
		var p archtest.Package

		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}

		p.ImportPath = relative(p.ImportPath)
		for _, paths := range [][]string{p.Imports, p.Deps} {
			for i := range paths {
				paths[i] = relative(paths[i])
			}
		}

		found = append(found, p)
	}

	return found
}

// readDirectories lets go test see what the result depends on. It caches the result of a test until a file or directory
// that the test itself has read changes, and does not know what go list reads: a new package would go unnoticed.
func readDirectories(t *testing.T) {
	t.Helper()

	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == "bin" || strings.HasPrefix(entry.Name(), ".") && len(path) > len("../..")) {
			return filepath.SkipDir
		}

		if errors.Is(err, fs.ErrNotExist) { // Somebody is at work in the tree.
			return nil
		}

		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// relative turns a path of this module into one without the module's.
func relative(importPath string) string {
	if importPath == module {
		return ""
	}

	return strings.TrimPrefix(importPath, module+"/")
}

func sourceOf(t *testing.T, p archtest.Package) archtest.Source {
	t.Helper()

	source := archtest.Source{}

	for _, name := range p.GoFiles {
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			t.Fatal(err)
		}

		source[name] = string(text)
	}

	return source
}

func TestTree(t *testing.T) {
	t.Parallel()

	tree := packages(t)

	// A list that is empty by some mistake would keep every rule.
	if !slices.ContainsFunc(tree, func(p archtest.Package) bool {
		return p.ImportPath == "internal/archtest" && slices.Contains(p.Imports, "go/ast") && slices.Contains(p.Deps, "strings")
	}) {
		t.Fatalf("go list does not tell of this package, or not its imports: %+v", tree)
	}

	breaches := slices.Concat(
		archtest.PureImports(tree),
		archtest.Strangers(tree),
		archtest.Clients(tree),
		archtest.Names(tree),
	)
	for _, p := range tree {
		source := sourceOf(t, p)
		breaches = slices.Concat(breaches, archtest.Doc(p, source), archtest.Reconciles(p, source))
	}

	for _, breach := range breaches {
		t.Error(breach)
	}
}
