// Package federate has the commands that turn objects into federated objects: federate, and orphaning-deletion.
//
// Does: makes a federated object out of an object of the host, of a file or of a kustomization, or out of a namespace and all that
// is in it.
//
// Given: objects as the API server has them, or as somebody wrote them.
//
// Promises: nothing is written before everything is known to be possible. The objects themselves stay as they are. Names, template and
// placement are those that kubefedctl would write.
package federate
