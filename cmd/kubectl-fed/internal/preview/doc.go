// Package preview has the commands plan and apply.
//
// Does: reads proposed objects, what the host stores now, and what the members have; lets package federation/preview work out what would
// become of every copy; asks one member for each group of copies with the same future, by a dry run, so that defaults, admission and
// immutable fields show; prints it; and applies it if nothing has moved since.
//
// Given: files, the host, and the members with fedsyncd's own credentials.
//
// Promises: plan writes nothing anywhere. A member that does not answer delays nobody, and what is said of it is marked as predicted.
// apply writes only what a plan showed, each object at the very version that the plan read.
package preview
