// Package member is everything that the daemon says to and hears from one member cluster.
//
// Does: turns a KubeFedCluster and its Secret into a connection; probes health and identity; watches copies as metadata
// and keeps a compact record of each; applies, creates, deletes and releases copies. No other package writes to a member.
//
// Given: a KubeFedCluster, its Secret, and the types to watch.
//
// Promises: a member never waits for another one. A cluster whose identity changed gets no request. A request without an
// answer is never taken for done. A delete names the UID that was observed. The last known copies outlive a broken watch.
package member
