// Package integration holds the tests of fedsyncd on real clusters: one lab of a host and three members for all of them,
// a namespace of its own for each.
//
// Does: nothing outside its tests.
//
// Given: FEDSYNCD and FEDSYNCD_RACE, the paths of the binary, plain and with the race detector.
//
// Promises: every test leaves the members registered, reachable and without its objects.
package integration
