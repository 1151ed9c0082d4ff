// Package version knows what was built.
//
// Decides: nothing. It returns the version that the build was stamped with.
//
// Given: `-ldflags "-X github.com/fedsync/fedsync/internal/version.stamped=v1.2.3"` at the build, or what Go itself writes into a program
// that is built from a repository or a module.
//
// Promises: never empty.
package version
