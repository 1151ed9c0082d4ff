// Package preview says what the daemon would do if the host stored something else than it does.
//
// Decides: for each copy that a change concerns, the action that package plan would choose; which copies have the same future, so that
// one of them can stand for all; and how sure that is.
//
// Given: the host as it is and as it would be, and what was seen of the copies in their members.
//
// Promises: no I/O, and no rules of its own: placement, override and plan decide, as they do in the daemon. The order of the inputs does
// not matter. Content of Secrets leaves it only as keyed hashes.
package preview
