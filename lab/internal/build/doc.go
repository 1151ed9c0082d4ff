// Package build compiles the components of a cluster and keeps them.
//
// Does: finds the sources (the Go module lab/components), builds etcd, kube-apiserver and kube-controller-manager from
// them with the go command, and stores them in the user's cache directory.
//
// Given: the environment variables FEDSYNC_LAB_CACHE (another cache directory) and FEDSYNC_LAB_COMPONENTS (where the
// sources are), which are both optional.
//
// Promises: programs in the cache are complete; a change of the sources, of the versions or of the way they are built
// makes new ones; two processes never build at the same time.
package build
