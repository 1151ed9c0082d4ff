// Package see has the commands that show how a federation stands: status, get, tree, members and top.
//
// Does: sums up what the host stores: KubeFedClusters, FederatedTypeConfigs, and the statuses and events of federated objects.
//
// Given: the host alone. A member need not answer.
//
// Promises: what is shown is what fedsyncd last wrote; of an object that changed since, that is said. Nothing is invented: where
// no time is stored, none is shown.
package see
