// Package cli is what all commands of the plugin share: flags, output, errors, progress and exit statuses.
//
// Does: finds the host by kubectl's flags, prints tables and objects as kubectl does, says how long things take, and turns any
// error into one line and the next step.
//
// Given: the command line, and the streams that the program was started with.
//
// Promises: 0 when all went well, 1 when something failed, 3 when a plan shows changes. What is printed for programs goes to the
// standard output, all else to the standard error. No colour and no redrawing unless the stream is a terminal.
package cli
