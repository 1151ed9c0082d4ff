// Package daemon runs fedsyncd as a process beside a lab.
//
// Does: starts the binary on free ports, waits until it is ready, and ends it, cleanly or not.
//
// Given: a built binary and the kubeconfig of a lab.
//
// Promises: the process does not outlive a call of Stop or Kill; when it does not get ready, the error holds the end of
// its log.
package daemon
