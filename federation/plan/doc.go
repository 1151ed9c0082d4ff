// Package plan decides what to do with one copy.
//
// Decides: one action for a copy (apply, create, delete, release, wait, nothing) and the reason for it.
//
// Given: what the copy should be, what the member's watch last told about it, and what is known around it.
//
// Promises: a delete or release needs evidence: a present federated object that is being deleted or that excludes the
// member, and an observed copy. Whatever is unknown leads to Wait. Deciding twice on the same input gives the same action.
package plan
