// Package fault reads the errors of an API server, once, at the boundary.
//
// Decides: to which class an error belongs, and therefore how to come back.
//
// Given: an error returned by a client, wrapped or not.
//
// Promises: every error has a class; nobody behind this package looks at status codes, and nobody at all at the text of
// a message. Only a positive answer is success: a request without an answer is Unreachable, never done.
package fault
