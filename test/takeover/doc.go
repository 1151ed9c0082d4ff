// Package takeover holds the test that KubeFed's own controller manager and fedsyncd hand a fleet over to each other, and
// back, without a member noticing.
//
// Does: nothing outside its test.
//
// Given: FEDSYNCD and HYPERFED, the paths of the two managers, KUBEFED_CHART, the directory of KubeFed's Helm chart,
// and, if somebody wants to read the managers' logs, TAKEOVER_LOGS, a directory for them.
//
// Promises: one lab of a host and two members for all steps, which build on each other; nothing is left of it.
package takeover
