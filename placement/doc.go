// Package placement chooses the members that hold a copy of a federated object.
//
// Decides: for one member or for all, whether it is chosen, and why or why not.
//
// Given: the object's placement, the placement of the namespace it lives in, the registered members.
//
// Promises: the meaning is KubeFed's (a list of clusters wins over a selector; an empty list is nobody; an empty
// selector is everybody; a namespaced object goes only where its namespace goes). What is not known (a selector that
// cannot be read, a namespace whose placement is missing) never counts as an exclusion, so it never removes a copy.
package placement
