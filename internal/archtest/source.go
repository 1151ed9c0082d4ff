package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
)

// MaxReconcile is how many lines a Reconcile may have, from its first to its closing brace.
const MaxReconcile = 60

// docFile is where a package speaks of itself.
const docFile = "doc.go"

// Source is the text of a file by its name.
type Source map[string]string

// Doc returns how a package's comment falls short of telling what the package decides or does, what it is given and what
// it promises, or nothing. Programs are exempt, as their comment is a manual; so is a directory of tests alone.
func Doc(p Package, source Source) []Breach {
	const rule = "doc.go has three headings (13)"

	if p.Name == "main" || len(p.GoFiles) == 0 {
		return nil
	}

	text, found := source[docFile]
	if !found {
		return []Breach{{rule, p.ImportPath, "has no " + docFile}}
	}

	file, err := parser.ParseFile(token.NewFileSet(), docFile, text, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		return []Breach{{rule, p.ImportPath, err.Error()}}
	}

	var breaches []Breach

	for _, heading := range []string{"Decides|Does", "Given", "Promises"} {
		if !regexp.MustCompile(`(^|\s)(` + heading + `):\s`).MatchString(file.Doc.Text()) {
			breaches = append(breaches, Breach{
				rule, p.ImportPath,
				docFile + " does not say " + strings.ReplaceAll(heading, "|", ": or ") + ":",
			})
		}
	}

	return sorted(breaches)
}

// Reconciles finds functions and function literals named Reconcile that are longer than MaxReconcile. A file that does
// not parse is a breach too: the compiler will say more.
func Reconciles(p Package, source Source) []Breach {
	const rule = "Reconcile is gather, decide, act, report (3)"

	var breaches []Breach

	for name, text := range source {
		files := token.NewFileSet()

		file, err := parser.ParseFile(files, name, text, parser.SkipObjectResolution)
		if err != nil {
			breaches = append(breaches, Breach{rule, p.ImportPath, err.Error()})

			continue
		}

		for _, function := range reconcilesIn(file) {
			start, end := files.Position(function.Pos()), files.Position(function.End())
			if lines := end.Line - start.Line + 1; lines > MaxReconcile {
				breaches = append(breaches, Breach{
					rule, p.ImportPath,
					fmt.Sprintf("%s:%d has %d lines, more than %d", name, start.Line, lines, MaxReconcile),
				})
			}
		}
	}

	return sorted(breaches)
}

// reconcilesIn returns the functions of a file that are declared as, or assigned to, something named Reconcile.
func reconcilesIn(file *ast.File) []ast.Node {
	var found []ast.Node

	assigned := func(name, value ast.Node) {
		literal, isFunction := value.(*ast.FuncLit)
		if isFunction && nameOf(name) == "Reconcile" {
			found = append(found, literal)
		}
	}

	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			if nameOf(node.Name) == "Reconcile" {
				found = append(found, node)
			}
		case *ast.AssignStmt:
			for i := range min(len(node.Lhs), len(node.Rhs)) {
				assigned(node.Lhs[i], node.Rhs[i])
			}
		case *ast.ValueSpec:
			for i := range min(len(node.Names), len(node.Values)) {
				assigned(node.Names[i], node.Values[i])
			}
		case *ast.KeyValueExpr:
			assigned(node.Key, node.Value)
		default:
		}

		return true
	})

	return found
}

// nameOf returns the name of x or y.x, or nothing.
func nameOf(node ast.Node) string {
	switch node := node.(type) {
	case *ast.Ident:
		return node.Name
	case *ast.SelectorExpr:
		return node.Sel.Name
	default:
		return ""
	}
}
