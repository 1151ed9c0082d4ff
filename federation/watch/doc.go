// Package watch keeps one list and watch alive.
//
// Does: runs client-go's reflector for one resource of one cluster, tells the state that it is in, and starts it again
// after every failure.
//
// Given: how to list and watch, and the store to fill.
//
// Promises: it ends only with its context; an error never empties the store; a type that appears later is found within
// seconds.
package watch
