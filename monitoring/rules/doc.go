// Package rules tests that charts/fedsync/rules, its promtool tests and docs/operations.md belong together.
//
// Decides: nothing; it has only tests. What the rules say is tested by promtool, with make rules.
//
// Given: the files of the repository.
//
// Promises: an alert has a severity, words, a runbook and both kinds of test; a recording rule has a test; and there is no
// runbook without an alert.
package rules
