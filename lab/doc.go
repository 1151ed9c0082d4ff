// Package lab runs real Kubernetes clusters on this machine: a host and its members, each an etcd, a kube-apiserver
// and a kube-controller-manager as child processes. No container runtime, no virtual machine and no network is needed.
//
// Does: [Up] builds the three programs once (8 to 10 minutes, kept in the user's cache directory), starts all clusters
// side by side and returns when each of them serves requests; [Lab.Down] ends them and removes what they wrote.
// Between the two, a [Cluster] can be paused, resumed, killed and started again, to see what its users do then.
//
// Given: a directory, free loopback ports and the sources in lab/components. There are no nodes: Pods stay Pending.
//
// Promises: clients verify the servers' certificates and carry a token; nothing listens beyond 127.0.0.1; nothing
// survives Down. On Linux the clusters also die with the process that called Up, unless [Options.Detached] is set, and
// what a dead process left on disk is removed by the next Up.
//
// A lab is for tests and demonstrations, not for data: etcd does not fsync, and its port asks nobody for a password,
// so any local user of this machine can read and write a lab.
package lab
