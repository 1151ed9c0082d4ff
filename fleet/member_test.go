package fleet_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/fleet"
)

func TestSnapshot(t *testing.T) {
	tests := map[string]struct {
		why  string
		made fleet.Snapshot
		want []fleet.Member
	}{
		"members in disorder": {
			why:  "whoever lists members lists them sorted",
			made: fleet.NewSnapshot(fleet.Member{Name: "b"}, fleet.Member{Name: "c"}, fleet.Member{Name: "a"}),
			want: []fleet.Member{{Name: "a"}, {Name: "b"}, {Name: "c"}},
		},
		"a name twice": {
			why:  "of two with the same name the first one stays",
			made: fleet.NewSnapshot(fleet.Member{Name: "b"}, fleet.Member{Name: "a", UID: "first"}, fleet.Member{Name: "a", UID: "second"}),
			want: []fleet.Member{{Name: "a", UID: "first"}, {Name: "b"}},
		},
		"a member replaced": {
			why:  "With puts the new one in the place of the old",
			made: fleet.NewSnapshot(fleet.Member{Name: "a"}, fleet.Member{Name: "b"}).With(fleet.Member{Name: "b", Ready: true}),
			want: []fleet.Member{{Name: "a"}, {Name: "b", Ready: true}},
		},
		"a member that joins": {
			why:  "With adds a member that was not there",
			made: fleet.NewSnapshot(fleet.Member{Name: "b"}).With(fleet.Member{Name: "a"}),
			want: []fleet.Member{{Name: "a"}, {Name: "b"}},
		},
		"a member that leaves": {
			why:  "Without drops it and leaves the others",
			made: fleet.NewSnapshot(fleet.Member{Name: "a"}, fleet.Member{Name: "b"}).Without("a"),
			want: []fleet.Member{{Name: "b"}},
		},
		"a stranger leaves": {
			why:  "Without of a name that nobody has changes nothing",
			made: fleet.NewSnapshot(fleet.Member{Name: "a"}).Without("z"),
			want: []fleet.Member{{Name: "a"}},
		},
		"nobody": {why: "the zero value has no members", made: fleet.Snapshot{}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.made.Members()); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestSnapshotMember(t *testing.T) {
	a := fleet.Member{Name: "a", UID: "1", Labels: labels.Set{"region": "eu"}}
	s := fleet.NewSnapshot(fleet.Member{Name: "b"}, a)
	if got, ok := s.Member("a"); !ok || !cmp.Equal(a, got) {
		t.Errorf("got %v, %v", got, ok)
	}
	if got, ok := s.Member("aa"); ok {
		t.Errorf("a name between two others finds %v", got)
	}
	if got, ok := (fleet.Snapshot{}).Member("a"); ok {
		t.Errorf("a snapshot without members finds %v", got)
	}
}

// members draws members with few names, so that names repeat.
func members() *rapid.Generator[[]fleet.Member] {
	return rapid.SliceOf(rapid.Custom(func(t *rapid.T) fleet.Member {
		return fleet.Member{
			Name: fleet.Name(rapid.StringMatching(`[a-d]{1,2}`).Draw(t, "name")),
			UID:  types.UID(rapid.StringMatching(`[0-9]`).Draw(t, "uid")),
		}
	}))
}

func TestSnapshotIsSortedAndKeepsWhatItWasGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given := members().Draw(t, "members")
		before := slices.Clone(given)
		s := fleet.NewSnapshot(given...)
		if diff := cmp.Diff(before, given); diff != "" {
			t.Fatalf("the caller's slice was changed (-want +got):\n%s", diff)
		}
		for i := range s.Members()[min(1, len(s.Members())):] {
			if a, b := s.Members()[i].Name, s.Members()[i+1].Name; a >= b {
				t.Fatalf("%q comes before %q", a, b)
			}
		}
		for _, m := range given {
			first := given[slices.IndexFunc(given, func(o fleet.Member) bool { return o.Name == m.Name })]
			if got, ok := s.Member(m.Name); !ok || !cmp.Equal(first, got) {
				t.Fatalf("%q gives %v, %v and not the first one given, %v", m.Name, got, ok, first)
			}
		}
	})
}

func TestSnapshotNeverChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := fleet.NewSnapshot(members().Draw(t, "members")...)
		before := slices.Clone(s.Members())
		name := fleet.Name(rapid.StringMatching(`[a-d]{1,2}`).Draw(t, "name"))
		with := s.With(fleet.Member{Name: name, UID: "new"})
		without := s.Without(name)
		if diff := cmp.Diff(before, s.Members()); diff != "" {
			t.Fatalf("With or Without changed the snapshot (-want +got):\n%s", diff)
		}
		if m, ok := with.Member(name); !ok || m.UID != "new" {
			t.Fatalf("With(%q) lacks it: %v", name, with.Members())
		}
		if m, ok := without.Member(name); ok {
			t.Fatalf("Without(%q) still has %v", name, m)
		}
		if diff := cmp.Diff(without.Members(), with.Without(name).Members()); diff != "" {
			t.Fatalf("the others differ (-want +got):\n%s", diff)
		}
	})
}
