// Package webhook answers the host's API server before it stores what concerns fedsync.
//
// Does: finds out what is known of types and members, asks federation/admission, and puts its judgement into an answer. KubeFed's
// paths are KubeFed's; those of federated objects are ours.
//
// Given: a reader of the FederatedTypeConfigs and KubeFedClusters in the control plane's namespace, which is a cache.
//
// Promises: nothing is written. An object that is being deleted is never refused, nor is a change for faults that were there before it.
// Where the reader cannot be asked, federated objects are let through unjudged: the controllers say later what is wrong with them.
package webhook
