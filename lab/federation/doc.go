// Package federation makes a KubeFed federation out of running clusters.
//
// Does: installs manifests on the host ([Install], [InstallIn], [Apply]), registers members ([Join]) and removes them
// ([Unjoin]), and waits until the daemon reports them healthy ([WaitReady]).
//
// Given: REST configurations with the rights of a cluster administrator, such as lab.Cluster.RESTConfig returns.
//
// Promises: every call can be repeated; objects are written by server-side apply with the field manager
// fedsync-lab, so what others own in them stays. What Join leaves in a member and on the host is what `kubefedctl join`
// leaves there: a member may be handed to KubeFed and back.
package federation
