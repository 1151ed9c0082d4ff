// Package registry remembers the labs of this user on disk, so that they can be found and cleaned up by any process.
//
// Does: keeps one state file for each lab ([State]), hands out ports, removes a lab with all its processes and files.
//
// Given: a directory that all labs of the user share.
//
// Promises: changes are made under a lock that works between processes, and a reader never sees half a file; two labs
// never get the same port; a directory is only removed if it carries the lab's own mark.
package registry
