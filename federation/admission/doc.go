// Package admission judges objects of the host before they are stored.
//
// Decides: whether a KubeFedCluster, a FederatedTypeConfig or a KubeFedConfig may be stored, by KubeFed's own rules; what a
// KubeFedConfig leaves to defaults; what is wrong with a federated object, and what is remarkable about it; whether a new one gets
// the finalizer at once.
//
// Given: objects as JSON, as an API server sends them, and what is known of types and members.
//
// Promises: no panic, whatever it is given. What cannot be read is Malformed. The same input has the same judgement. Faults
// that an object had before are never a reason to refuse a change: whoever corrects one of two faults, or takes off a finalizer, is let through.
package admission
