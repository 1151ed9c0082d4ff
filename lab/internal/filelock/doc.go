// Package filelock keeps processes of one machine from doing the same thing at the same time.
//
// Does: takes exclusive locks on files ([Lock]).
//
// Given: the path of a file that is used for nothing else.
//
// Promises: two holders of one path never exist at the same time, also inside one process; a lock ends with its
// holder.
package filelock
