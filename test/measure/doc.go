// Package measure reads what processes use, and writes down what was measured.
//
// Does: reads processor time and peak memory of a process, finds quantiles, names the machine, and replaces a marked part of a page.
//
// Given: process IDs of this machine, a Linux.
//
// Promises: nothing is estimated: what cannot be read is zero.
package measure
