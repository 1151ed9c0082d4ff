// Package crd writes the CustomResourceDefinitions that fedsync serves: one for each federated type, in the schema that
// KubeFed v0.10 gives it, and KubeFed's core kinds.
//
// Decides: names, scope, schema, short names and columns of a federated type; what is added to the definitions that
// controller-gen derives from KubeFed's Go types; the set of files that the Helm chart carries.
//
// Given: a [Type], which says what a FederatedTypeConfig says; for the core kinds, the output of controller-gen.
//
// Promises: a definition accepts every object that KubeFed's own definition accepts, so that a fleet can switch without
// rewriting one. What is added is optional: the message of a condition and of a cluster, and the conditions of a
// FederatedTypeConfig. Equal inputs give equal bytes.
package crd

//go:generate go run ./generate -controller-gen ../bin/controller-gen -out ../charts/fedsync
