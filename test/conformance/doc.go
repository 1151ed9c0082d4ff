// Package conformance runs KubeFed's own e2e suite, unmodified, against fedsyncd.
//
// Does: brings up a lab of a host and one member, both of them members of the federation, starts the manager under test,
// and runs the suite: with the manager working on all namespaces, then limited to one. Each spec is a subtest.
//
// Given: the environment, as `make conformance` sets it.
//
//	FEDSYNCD             path of fedsyncd
//	KUBEFED_E2E          path of KubeFed's suite
//	CONFORMANCE_OUT      directory for the table and the logs; empty means that they are lost with the test
//	CONFORMANCE_MANAGER  "kubefed" judges KubeFed's own manager instead, which shows what the lab and the suite are worth
//	HYPERFED             path of KubeFed's programs, for that
//	CONFORMANCE_RUNS     how often the suite is run on all namespaces, in a row; empty means once
//	CONFORMANCE_SCOPE    Cluster or Namespaced: that part only
//	CONFORMANCE_FOCUS    a regular expression: only the specs whose names match, where a developer wants to look closer
//
// Promises: nothing of the suite is changed or left out but the specs that run KubeFed's own controllers (see leftOut), and
// with KubeFed's manager those that need its webhook. A spec that skips itself counts as skipped. When the suite ends early, that is a failure.
package conformance
