// Package simfleet simulates a fleet of member clusters in one process, for what real API servers would need more
// machines for.
//
// Does: serves any number of members under one loopback address, each under its own path prefix, with the requests that
// fedsyncd and ordinary clients send: health, version and discovery; get, list and watch (JSON and protobuf, whole
// objects and PartialObjectMetadata, label selectors, bookmarks, streamed lists, expired versions); create, update, the
// four kinds of patch and delete with preconditions. It makes members slow, failing, hanging or overloaded when told to
// ([Client]), counts requests, and registers its members with a host ([Register]).
//
// Given: the number of members and an address to listen at.
//
// Promises: managedFields are right, because every write goes through the package of apimachinery that the real server
// uses, with the schema of the built-in kinds. What a write does to an object's content depends on nothing but the content
// and the request, so it is computed once and shared by all members to which the same is done; a member keeps of a copy what
// is its own: UID, version, times. A conformance test compares the answers with those of a real kube-apiserver.
//
// Unlike a real one, it applies only the defaults of Namespaces, Secrets, Services and Deployments, validates little besides
// names and schema, makes no names (generateName), answers lists whole whatever their limit, has no admission, no garbage
// collection, no controllers and no finalizers: a deleted object is gone at once, and a deleted namespace with everything in
// it. It forgets everything when it ends.
package simfleet
