package fleet

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// Name is the name of a member: the name of its KubeFedCluster.
type Name string

// Member is what the deciding stages know of a registered cluster.
type Member struct {
	// Name is unique in a Snapshot.
	Name Name
	// Labels are the labels of the KubeFedCluster; placements select by them.
	Labels labels.Set
	// UID is the UID of the member's kube-system namespace, empty until the first contact.
	UID types.UID
	// Ready tells whether the health checks, smoothed by their thresholds, call the member ready.
	Ready bool
	// Host tells that this member is the host cluster itself: its namespaces are not ours to delete.
	Host bool
	// Cordoned tells that the member gets no new copies.
	Cordoned bool
	// Drained tells that everything but namespaces moves off the member.
	Drained bool
}

// Snapshot is an immutable view of all registered members. The zero value has none.
type Snapshot struct {
	members []Member
}

// NewSnapshot sorts the members by name and keeps them. Of members with the same name the first one given stays.
func NewSnapshot(members ...Member) Snapshot {
	sorted := slices.Clone(members)
	slices.SortStableFunc(sorted, func(a, b Member) int { return cmp.Compare(a.Name, b.Name) })
	sorted = slices.CompactFunc(sorted, func(a, b Member) bool { return a.Name == b.Name })
	return Snapshot{members: sorted}
}

// Members returns all members sorted by name. The caller must not change the slice.
func (s Snapshot) Members() []Member { return s.members }

// Len is the number of members.
func (s Snapshot) Len() int { return len(s.members) }

// Member returns the member of that name and whether it is registered.
func (s Snapshot) Member(name Name) (Member, bool) {
	i, ok := slices.BinarySearchFunc(s.members, name, func(m Member, n Name) int { return cmp.Compare(m.Name, n) })
	if !ok {
		return Member{}, false
	}
	return s.members[i], true
}

// With returns a snapshot in which m replaces the member of the same name, or joins.
func (s Snapshot) With(m Member) Snapshot {
	return NewSnapshot(append([]Member{m}, s.members...)...)
}

// Without returns a snapshot that lacks the member of that name.
func (s Snapshot) Without(name Name) Snapshot {
	return Snapshot{members: slices.DeleteFunc(slices.Clone(s.members), func(m Member) bool { return m.Name == name })}
}
