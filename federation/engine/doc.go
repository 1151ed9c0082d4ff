// Package engine joins the stages: it hears from the host and the members, decides with the pure packages, and acts
// through packages host and member.
//
// Does: turns every event into keys of copies, gives each member its own queue and workers, and publishes one settled
// status per federated object.
//
// Given: a manager for the host's configuration objects, a client for its federated objects, and Options.
//
// Promises: no worker of one member waits on another. A copy that cannot be brought in step costs one attempt per backoff
// step. State is derived from what is observed; all that is remembered is which refusals still stand, and when to retry.
package engine
