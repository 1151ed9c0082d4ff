// Package process starts processes and finds them again.
//
// Does: starts programs ([Spawner]), names them by more than their PID ([Ref]), looks at them, signals and kills them.
//
// Given: a program, its arguments and a log file.
//
// Promises: a signal never reaches a process that only has the same PID. On Linux, children of a tied Spawner die
// with this process, however it ends.
package process
