// Package override renders what a copy should be in one member.
//
// Decides: the exact bytes of the copy: the template, cleaned of what belongs to a server, changed by the overrides for
// that member, marked as managed, and the hash that identifies them.
//
// Given: a federated object and its type. Overrides have KubeFed's meaning: JSON patches of evanphx/json-patch v4, in
// which replace of a missing map key succeeds, an absent op means replace and an absent value means null.
//
// Promises: equal inputs give equal bytes. A fault in the overrides of one member stops that member only. Members with
// the same overrides share one rendering. Nothing that a user writes can make it panic.
package override
