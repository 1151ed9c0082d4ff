// Package resolve joins the deciding stages for one federated object: what is decided about a copy, and from what.
//
// Does: asks placement for the verdict on a member and override for the copy as it should be, and puts both together with what
// was seen of the copy into the input of plan.Decide. The daemon does so before it acts; the command line does the same, and
// stops there.
//
// Given: a federated object with its namespace's placement, a member, and what is known of the copy there.
//
// Promises: no I/O. What is not known stays unknown: an unknown placement never becomes an exclusion.
package resolve
