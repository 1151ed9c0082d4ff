// Package fleet holds the nouns that every other package speaks in: members, federated objects, copies.
//
// Decides: nothing. It is data, with the few rules that belong to the data itself (keys, hashes, order).
//
// Given: values that the I/O packages have already decoded.
//
// Promises: no I/O, no clock, no client. A value, once shared, is never changed: whoever wants another one makes a copy.
// Everything that is listed is sorted by name, so that equal inputs give equal bytes.
package fleet
