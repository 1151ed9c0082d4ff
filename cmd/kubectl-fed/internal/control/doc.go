// Package control reads a federation as its control plane has it on the host, and finds the way to its members.
//
// Does: lists types, members and federated objects; decodes them with the daemon's own code, so that what a command says of an
// object is what the daemon sees in it; connects to members with the daemon's own credentials.
//
// Given: how the host is reached, and the namespace of the control plane.
//
// Promises: it reads only. What cannot be decoded is returned with its fault and does not hide the rest. Everything listed is
// sorted.
package control
