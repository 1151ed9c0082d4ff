// Command lab runs a host and member Kubernetes clusters on this machine, for trying fedsync out.
//
// Does: makes, shows, disturbs and ends labs, see package lab.
//
// Given: a command, and the name of the lab unless it is "default".
//
// Promises: a lab made by `lab up` outlives the command and ends with `lab down`; progress goes to standard error,
// results to standard output; the exit status is 0 or, after an error, 1.
package main
