package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const a, b = "{apiVersion: v1, kind: A, metadata: {name: a}}", "{apiVersion: v1, kind: B, metadata: {name: b}}"
	write("one.yaml", a)
	write("two.yml", "# first\n---\n"+a+"\n---\n\n---\n"+b+"\n")
	write("list.yaml", "{apiVersion: v1, kind: List, items: ["+a+", "+b+"]}")
	write("empty.yaml", "# nothing\n")
	write("broken.yaml", a+"\n---\n}{\n")
	write("text.yaml", "just words\n")
	write("nokind.yaml", "{apiVersion: v1, metadata: {name: a}}")
	write("noname.yaml", "{apiVersion: v1, kind: A}")
	write("dir/b.yaml", b)
	write("dir/a.yaml", a)
	write("dir/note.txt", "not a manifest")
	write("dir/below/c.yaml", a)
	tests := map[string]struct {
		why     string
		sources Sources
		in      string
		want    []string
		err     string
	}{
		"one file":          {why: "it needs no number", sources: Sources{Files: []string{"one.yaml"}}, want: []string{"one.yaml: A"}},
		"several documents": {why: "comments are none", sources: Sources{Files: []string{"two.yml"}}, want: []string{"two.yml, document 2: A", "two.yml, document 4: B"}},
		"a list":            {why: "its items count", sources: Sources{Files: []string{"list.yaml"}}, want: []string{"list.yaml, document 1, item 1: A", "list.yaml, document 1, item 2: B"}},
		"a directory":       {why: "in the order of names, and not what lies below", sources: Sources{Files: []string{"dir"}}, want: []string{"dir/a.yaml: A", "dir/b.yaml: B"}},
		"all below":         {why: "where that is asked for", sources: Sources{Files: []string{"dir"}, Recursive: true}, want: []string{"dir/a.yaml: A", "dir/b.yaml: B", "dir/below/c.yaml: A"}},
		"standard input":    {why: "it is called -", sources: Sources{Files: []string{"-"}}, in: b, want: []string{"standard input: B"}},
		"nothing in it":     {why: "that is a mistake", sources: Sources{Files: []string{"empty.yaml"}}, err: "there is no object in what was given"},
		"no YAML":           {why: "file and document are named", sources: Sources{Files: []string{"broken.yaml"}}, err: "broken.yaml, document 2: this is neither YAML nor JSON"},
		"words":             {why: "as above", sources: Sources{Files: []string{"text.yaml"}}, err: "text.yaml, document 1: this is no object: it has no fields"},
		"no kind":           {why: "as above", sources: Sources{Files: []string{"nokind.yaml"}}, err: "nokind.yaml, document 1: apiVersion and kind must be set"},
		"no name":           {why: "as above", sources: Sources{Files: []string{"noname.yaml"}}, err: "noname.yaml, document 1: A: metadata.name must be set"},
		"no file":           {why: "as above", sources: Sources{Files: []string{"nothere"}}, err: `read "nothere": no such file or directory`},
		"no kustomization":  {why: "as above", sources: Sources{Kustomize: "dir"}, err: `build kustomization "dir"`},
	}
	t.Chdir(dir)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			documents, err := tc.sources.Read(strings.NewReader(tc.in))
			if err != nil || tc.err != "" {
				if !strings.HasPrefix(fmt.Sprint(err), tc.err) || tc.err == "" {
					t.Errorf("error %v, because %s", err, tc.why)
				}
				return
			}
			var got []string
			for _, d := range documents {
				got = append(got, d.Source+": "+d.Object.GetKind())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}
