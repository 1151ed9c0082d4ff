// Package enable has the commands that switch federated types on and off.
//
// Does: makes the CustomResourceDefinition and the FederatedTypeConfig of a type, from what the host says of its target; takes both
// away again.
//
// Given: the name of a type, or KubeFed's EnableTypeDirective in a file.
//
// Promises: enabling twice changes nothing. A definition is deleted only if no object of it exists.
package enable
