// Package membership has the commands about members: join, unjoin, rotate, cordon, uncordon and drain.
//
// Does: makes an account for fedsync in a cluster, with the rights that the federated types need and no more, and registers the
// cluster on the host; takes both back; renews credentials; takes members out of service.
//
// Given: the host and the cluster, each with the rights of whoever runs the command.
//
// Promises: everything is checked before anything is written. Each command can be repeated, whatever became of the time before.
// A namespace is deleted only if join made it and nothing of anybody else is in it; copies are deleted only where asked for.
package membership
