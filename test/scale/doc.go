// Command scale measures fedsyncd with more members than one machine holds as real clusters: a real host and a simulated fleet
// (lab/simfleet).
//
// Does: for each scenario makes a host, a fleet and a daemon, and prints what it measured. Scenario "fleet" creates, edits and
// restarts, and reads the daemon's heap before and after. Scenario "faults" compares the latency of edits in a healthy fleet and
// in one with members that hang or fail. Scenario "join" adds a member to a fleet with many objects.
//
// Given: binaries, and the sizes of the scenarios, as flags.
//
// Promises: what members hold and were asked is counted by the simulated members themselves.
package main
