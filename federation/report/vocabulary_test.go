package report_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// Users and their tools match these words: a change of one is a change of the API, and must be meant.
func TestVocabulary(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "vocabulary.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var words strings.Builder
	for _, declaration := range file.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			t.Fatalf("vocabulary.go declares more than constants")
		}
		for _, spec := range group.Specs {
			constant, ok := spec.(*ast.ValueSpec)
			if !ok || len(constant.Values) != 1 {
				t.Fatalf("a constant without a value of its own: %v", spec)
			}
			literal, ok := constant.Values[0].(*ast.BasicLit)
			if !ok {
				t.Fatalf("%s is not written out", constant.Names[0])
			}
			word, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&words, "%s = %q\n", constant.Names[0], word)
		}
	}
	golden := filepath.Join("testdata", "vocabulary.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(words.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), words.String()); diff != "" {
		t.Errorf("run with -update if this is meant (-want +got):\n%s", diff)
	}
}

// vocabularyWords returns the words of status.clusters[].status.
func vocabularyWords(t *testing.T) (words []string) {
	t.Helper()
	golden, err := os.ReadFile(filepath.Join("testdata", "vocabulary.golden"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(golden)) {
		name, quoted, _ := strings.Cut(strings.TrimSpace(line), " = ")
		word, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("read %q: %v", line, err)
		}
		if strings.HasPrefix(name, "Cluster") {
			words = append(words, word)
		}
	}
	return words
}
