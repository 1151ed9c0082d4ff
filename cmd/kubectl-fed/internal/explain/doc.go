// Package explain has the command that says why a copy is where and as it is.
//
// Does: reads a federated object, a member and the copy there, and lets placement and package federation/provenance say where each field
// comes from and why the member is selected or not.
//
// Given: the host, and the member with fedsyncd's own credentials.
//
// Promises: it works from the host alone when the member does not answer, and says so. Values of Secrets are not printed.
package explain
