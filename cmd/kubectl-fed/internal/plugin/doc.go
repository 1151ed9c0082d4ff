// Package plugin puts the commands together.
//
// Does: makes the root command with kubectl's flags, groups and completion; writes the reference of all commands.
//
// Given: the streams, and the arguments with the name that the program was called by.
//
// Promises: under the name kubefedctl it takes the same commands, and KubeFed's flags; under kubectl_complete-fed it completes for kubectl.
package plugin
