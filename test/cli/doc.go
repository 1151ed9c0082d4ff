// Package cli runs the command-line scripts of cmd/kubectl-fed/testdata on real clusters.
//
// Does: starts a host and three members, installs the CRDs and types, starts fedsyncd, joins member1 and member2 with the
// plugin itself and the least rights, and then plays every script.
//
// Given: the binaries, by FEDSYNCD and KUBECTL_FED. FEDSYNC_CLI_UPDATE=1 writes the golden output that the scripts compare with.
//
// Promises: scripts run one after another in the order of their names, and each leaves members 1 and 2 joined and in use by
// nobody. member3 is free for scripts that join and unjoin.
package cli
