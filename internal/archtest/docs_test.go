package archtest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocsNameTestsThatExist holds docs/operations.md to its word: each claim of the security model names the test that proves it.
func TestDocsNameTestsThatExist(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}

	defined := definedTests(t)
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Z][A-Za-z0-9]*)(?:/([a-z0-9A-Z_]+))?`").FindAllStringSubmatch(string(text), -1)

	if len(named) < 20 {
		t.Errorf("only %d tests are named", len(named))
	}

	for _, n := range named {
		file, there := defined[n[1]]
		if !there {
			t.Errorf("docs/operations.md names %s, which does not exist", n[1])

			continue
		}

		if step := strings.ReplaceAll(n[2], "_", " "); step != "" && !strings.Contains(file, `"`+step+`"`) {
			t.Errorf("docs/operations.md names step %q of %s, which does not exist", step, n[1])
		}
	}
}

// definedTests returns the text of the file that defines each test of the repository.
func definedTests(t *testing.T) map[string]string {
	t.Helper()

	found := map[string]string{}
	definition := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]*)\(`)
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}

		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}

		for _, match := range definition.FindAllStringSubmatch(string(text), -1) {
			found[match[1]] = string(text)
		}

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	return found
}
