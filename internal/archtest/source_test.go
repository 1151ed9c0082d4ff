package archtest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/internal/archtest"
)

func TestDoc(t *testing.T) {
	t.Parallel()

	const complete = "// Package plan decides.\n//\n// Decides: the action.\n//\n// Given: copies.\n//\n// Promises: order.\npackage plan\n"

	tests := map[string]struct {
		why    string
		name   string
		source archtest.Source
		want   []string
	}{
		"all headings": {why: "the plain case", source: archtest.Source{"doc.go": complete}},
		"does instead of decides": {
			why:    "I/O decides nothing",
			source: archtest.Source{"doc.go": strings.Replace(complete, "Decides", "Does", 1)},
		},
		"headings in one line": {
			why:    "STYLE.md shows it so",
			source: archtest.Source{"doc.go": "// Package a. Decides: x. Given: y. Promises: z.\npackage a\n"},
		},
		"program":     {why: "its comment is a manual", name: "main", source: archtest.Source{"main.go": "package main\n"}},
		"tests alone": {why: "nobody imports them", source: archtest.Source{}},
		"no doc.go": {
			why:    "a comment elsewhere is not found by a reader who looks there",
			source: archtest.Source{"plan.go": complete},
			want:   []string{"has no doc.go"},
		},
		"headings missing": {
			why:    "each is named",
			source: archtest.Source{"doc.go": "// Package plan is Given: away.\npackage plan\n"},
			want:   []string{"doc.go does not say Decides: or Does:", "doc.go does not say Promises:"},
		},
		"headings in another comment": {
			why:    "godoc does not show it",
			source: archtest.Source{"doc.go": "// Decides: x. Given: y. Promises: z.\n\n// Package a is.\npackage a\n"},
			want: []string{
				"doc.go does not say Decides: or Does:", "doc.go does not say Given:", "doc.go does not say Promises:",
			},
		},
		"no comment": {
			why:    "and no panic",
			source: archtest.Source{"doc.go": "package a\n"},
			want: []string{
				"doc.go does not say Decides: or Does:", "doc.go does not say Given:", "doc.go does not say Promises:",
			},
		},
		"a file that is being written": {
			why:    "the reader of the failure should see where",
			source: archtest.Source{"doc.go": "// Package a\n"},
			want:   []string{"doc.go:1:14: expected 'package', found 'EOF'"},
		},
	}

	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if diff := cmp.Diff(tc.want, what(archtest.Doc(packageOf(tc.name, tc.source), tc.source))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.why, diff)
			}
		})
	}
}

func TestReconciles(t *testing.T) {
	t.Parallel()

	// A function of that many lines has its head, its closing brace and statements between them.
	body := func(lines int) string { return "{\n" + strings.Repeat("\t_ = 0\n", lines-2) + "}\n" }

	tests := map[string]struct{ why, source, want string }{
		"longest that may be": {why: "60 is allowed", source: "func (r *R) Reconcile() " + body(60)},
		"method": {
			why:    "61 is not, and the comment above is no part of it",
			source: "// Reconcile is\n// long.\nfunc (r *R) Reconcile() " + body(61),
			want:   "a.go:5 has 61 lines, more than 60",
		},
		"function":     {why: "it need not be a method", source: "func Reconcile() " + body(61), want: "a.go:3 has 61 lines, more than 60"},
		"another name": {why: "the linter looks after it", source: "func Run() " + body(61)},
		"variable":     {why: "a literal is a function too", source: "var Reconcile = func() " + body(61), want: "a.go:3 has 61 lines, more than 60"},
		"field of a value": {
			why:    "controller-runtime's Funcs are written so",
			source: "var f = Funcs{\nReconcile: func() " + strings.TrimSuffix(body(62), "\n") + ",\n}\n",
			want:   "a.go:4 has 62 lines, more than 60",
		},
		"assigned field": {
			why:    "and so",
			source: "func run() {\nf.Reconcile = func() " + body(61) + "}\n",
			want:   "a.go:4 has 61 lines, more than 60",
		},
		"function in a Reconcile": {
			why:    "hiding the length in a literal does not help",
			source: "func Reconcile() {\ndo(func() " + strings.TrimSuffix(body(60), "\n") + ")\n}\n",
			want:   "a.go:3 has 62 lines, more than 60",
		},
		"a file that is being written": {why: "it says where", source: "func Reconcile( {}\n", want: "a.go:3:17: expected ')', found '{'"},
	}

	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			source := archtest.Source{"a.go": "package a\n\n" + tc.source}

			got := strings.Join(what(archtest.Reconciles(packageOf("a", source), source)), "; ")
			if tc.want == "" && got != "" || !strings.HasPrefix(got, tc.want) {
				t.Errorf("%s: want %q, got %q", tc.why, tc.want, got)
			}
		})
	}
}

func packageOf(name string, source archtest.Source) archtest.Package {
	p := archtest.Package{ImportPath: "federation/plan", Name: name}
	for file := range source {
		p.GoFiles = append(p.GoFiles, file)
	}

	return p
}

func what(breaches []archtest.Breach) []string {
	var said []string
	for _, breach := range breaches {
		said = append(said, breach.What)
	}

	return said
}
