package archtest

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Package is what `go list -json` tells of a package, without its tests. The JSON names are go list's.
type Package struct {
	// ImportPath is relative to the module: "federation/plan", and "" for the module's root.
	ImportPath string
	Name       string
	Dir        string
	// GoFiles are names in Dir.
	GoFiles []string
	// Imports are what the files import, Deps what that takes with it; paths inside the module are relative to it.
	Imports, Deps []string
}

// Breach is a place where a rule is not kept.
type Breach struct {
	// Rule is the rule's name and, in brackets, its number in STYLE.md.
	Rule string
	// Package is relative to the module.
	Package string
	// What names what is wrong.
	What string
}

// String returns the breach as one line for a test's log.
func (b Breach) String() string {
	return fmt.Sprintf("%s: %s [%s]", b.Package, b.What, b.Rule)
}

func sorted(breaches []Breach) []Breach {
	slices.SortFunc(breaches, func(a, b Breach) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.What, b.What))
	})

	return breaches
}

// within tells that a package is root or below it.
func within(importPath, root string) bool {
	return importPath == root || strings.HasPrefix(importPath, root+"/")
}

func withinAny(importPath string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return within(importPath, root) })
}

// clients are the libraries that can talk to a cluster.
func clients() []string {
	return []string{"k8s.io/client-go", "sigs.k8s.io/controller-runtime"}
}

// isPure tells that a package may not touch the world. Below crd there is a program, which may.
func isPure(importPath string) bool {
	return importPath == "crd" ||
		withinAny(importPath, []string{"fleet", "placement", "federation/plan", "federation/report", "federation/resolve", "federation/preview", "federation/provenance"})
}

// PureImports finds pure packages that import I/O, a clock's company, a logger, a metric or a source of chance, and those
// that take a client or Prometheus with them, be it through others.
func PureImports(packages []Package) []Breach {
	const rule = "pure packages do no I/O (1, 2, 6)"

	never := append(clients(), "github.com/prometheus")
	direct := append([]string{
		"context", "flag", "log", "math/rand", "crypto/rand", "net", "os",
		"k8s.io/klog", "github.com/go-logr",
	}, never...)

	var breaches []Breach

	for _, p := range packages {
		if !isPure(p.ImportPath) {
			continue
		}

		for _, imported := range p.Imports {
			if withinAny(imported, direct) {
				breaches = append(breaches, Breach{rule, p.ImportPath, "imports " + imported})
			}
		}

		for _, taken := range p.Deps {
			if withinAny(taken, never) && !slices.Contains(p.Imports, taken) {
				breaches = append(breaches, Breach{rule, p.ImportPath, "takes with it " + taken})
			}
		}
	}

	return sorted(breaches)
}

// Strangers finds the stages that know of each other. They meet only in federation/engine.
func Strangers(packages []Package) []Breach {
	stages := []string{"placement", "placement/override", "placement/replicas", "federation/plan"}

	var breaches []Breach

	for _, p := range packages {
		if !slices.Contains(stages, p.ImportPath) {
			continue
		}

		for _, stage := range stages {
			if stage != p.ImportPath && slices.Contains(slices.Concat(p.Imports, p.Deps), stage) {
				breaches = append(breaches, Breach{"stages do not import each other (DESIGN, Layout)", p.ImportPath, "knows " + stage})
			}
		}
	}

	return sorted(breaches)
}

// Clients finds packages that could talk to a cluster although it is not their work. It stands in for "only
// federation/host and federation/member write": whoever cannot import a client cannot call its verbs.
func Clients(packages []Package) []Breach {
	const rule = "only the edge holds clients (1, 20)"

	edge := []string{"federation/host", "federation/member", "federation/engine", "cmd", "lab", "test"}
	// The reflector is one of client-go's, and it reads through functions that it is given: no client is named there.
	// Package raw makes clients for others; itself it only lists and watches through them.
	readers := map[string]string{"federation/watch": "k8s.io/client-go/tools/cache", "federation/raw": "k8s.io/client-go/rest"}

	var breaches []Breach

	for _, p := range packages {
		if withinAny(p.ImportPath, edge) {
			continue
		}

		for _, imported := range p.Imports {
			if withinAny(imported, clients()) && imported != readers[p.ImportPath] {
				breaches = append(breaches, Breach{rule, p.ImportPath, "imports " + imported})
			}
		}
	}

	return sorted(breaches)
}

// Names finds packages that are called after nothing, by the last part of the path or by the package clause.
func Names(packages []Package) []Breach {
	forbidden := []string{"util", "utils", "common", "helper", "helpers", "misc", "types", "base"}

	var breaches []Breach

	for _, p := range packages {
		for _, name := range slices.Compact([]string{path.Base(p.ImportPath), p.Name}) {
			if slices.Contains(forbidden, name) {
				breaches = append(breaches, Breach{"packages are nouns of the domain (13)", p.ImportPath, "is called " + name})
			}
		}
	}

	return sorted(breaches)
}
