// Package host is everything that the daemon says to and hears from the host cluster.
//
// Does: watches federated objects of any type and decodes them into fleet.FederatedObject; writes their finalizer and
// status; writes the status of KubeFedClusters and FederatedTypeConfigs. No other package writes to the host.
//
// Given: a REST configuration of the host.
//
// Promises: a malformed object is an object with Problems, never an error and never a panic. An error or an unsynced
// watch never makes an object vanish. Every write is a merge patch that names the UID it is meant for.
package host
