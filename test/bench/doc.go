// Command bench measures fedsyncd, and if it is asked to KubeFed's controller manager, against the limit: a bare client
// that sends only the requests which cannot be avoided.
//
// Does: makes a lab of a host and members, runs every contestant through the same phases on the same clusters with the same
// objects (create all, edit all, one edit after another, drift, one member stopped, restart, rest, delete all), and prints
// what each phase took: time, processor, memory, requests.
//
// Given: the binaries, the sizes and the kinds of objects, as flags.
//
// Promises: what is measured was seen by watches of the clusters themselves, never taken from what a manager says of
// itself; a phase that does not end in time is reported as such and is not left out.
package main
