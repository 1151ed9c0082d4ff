// Package provenance says of every field of a copy where it comes from.
//
// Decides: for each field, whether the template set it, an override, the federation itself, somebody in the member, or the member's API
// server; and which labels of a member keep a placement from selecting it.
//
// Given: the federated object, the copy as it should be, and, if the member could be asked, the copy as it is with its managedFields.
//
// Promises: no I/O. Every field gets one origin; fields come in a fixed order. Values of Secrets do not leave it.
package provenance
