// Package archtest holds the tree to its architecture: who may import what, what packages are called and say of
// themselves, and how long a Reconcile may be.
//
// Decides: whether a list of packages keeps the rules of STYLE.md that a linter cannot see. The numbers in the breaches
// are those of that file.
//
// Given: what `go list` tells of each package of the module, and the text of its files. The tests fetch both; the rules
// themselves read nothing.
//
// Promises: every breach is found and comes with its rule, in a total order. A package that does not exist breaks no
// rule. For each rule there is a test that sees it fail.
package archtest
