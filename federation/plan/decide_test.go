package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/fleet"
)

const ownsAll = `{"f:metadata":{"f:labels":{"f:kubefed.io/managed":{}}},"f:data":{"f:k":{}}}`

// desired is what a copy with one key of data should be.
func desired() *fleet.Desired {
	content := map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": "name", "namespace": "ns", "labels": map[string]any{fleet.ManagedLabel: fleet.LabelTrue}},
		"data":     map[string]any{"k": "v"},
	}
	return &fleet.Desired{Hash: fleet.HashOf([]byte("desired")), APIVersion: "v1", Object: content}
}

// inSync is a copy that is as it should be.
func inSync() plan.Input {
	return plan.Input{
		Held: true, Want: plan.WantChosen, Desired: desired(), Adopt: true, Presence: plan.Present,
		Observed: fleet.Observed{UID: "uid", ResourceVersion: "7", Applied: desired().Hash, Owned: fleet.NewOwnership(ownsAll)},
	}
}

// but returns the situation with a change.
func but(in plan.Input, changes ...func(*plan.Input)) plan.Input {
	for _, change := range changes {
		change(&in)
	}
	return in
}

func absent(in *plan.Input) { in.Presence, in.Observed = plan.Absent, fleet.Observed{} }

// unseen keeps what was observed before the watch broke.
func unseen(in *plan.Input)    { in.Presence = plan.PresenceUnknown }
func deleting(in *plan.Input)  { in.Deleting, in.Desired = true, nil }
func orphaning(in *plan.Input) { in.Orphan = true }
func unheld(in *plan.Input)    { in.Held = false }
func excluded(in *plan.Input)  { in.Want, in.Desired = plan.WantExcluded, nil }
func unplaced(in *plan.Input)  { in.Want, in.Desired = plan.WantUnknown, nil }
func protected(in *plan.Input) { in.Protected = true }
func optedOut(in *plan.Input)  { in.Observed.OptedOut = true }
func copyGoing(in *plan.Input) { in.Observed.Deleting = true }
func edited(in *plan.Input)    { in.Observed.Applied = fleet.HashOf([]byte("earlier")) }
func neverOurs(in *plan.Input) {
	in.Observed.Applied, in.Observed.Owned = fleet.Hash{}, fleet.Ownership{}
}
func noAdoption(in *plan.Input)  { in.Adopt = false }
func noNamespace(in *plan.Input) { in.Namespace = plan.NamespaceAbsent }
func namespaceGoing(in *plan.Input) {
	in.Namespace = plan.NamespaceGoing
}

func drifted(in *plan.Input) {
	in.Observed.Owned = fleet.NewOwnership(`{"f:metadata":{"f:labels":{"f:kubefed.io/managed":{}}}}`)
}

func faulty(in *plan.Input) {
	in.Desired, in.Problem = nil, &fleet.Problem{Field: "spec.overrides[0]", Message: "is faulty"}
}

func TestDecide(t *testing.T) {
	tests := map[string]struct {
		why  string
		in   plan.Input
		want plan.Action
	}{
		"a copy that is as declared": {
			why: "at rest nothing is written", in: inSync(), want: plan.Action{Verb: plan.None, Reason: plan.InSync},
		},
		"a missing copy": {
			why: "it is applied, and an object that exists there already is taken over", in: but(inSync(), absent),
			want: plan.Action{Verb: plan.Apply, Reason: plan.Missing},
		},
		"a missing copy without adoption": {
			why: "a create must fail on an object that exists", in: but(inSync(), absent, noAdoption),
			want: plan.Action{Verb: plan.Create, Reason: plan.Missing},
		},
		"a missing copy in a missing namespace": {
			why: "the namespace's arrival tells", in: but(inSync(), absent, noNamespace),
			want: plan.Action{Verb: plan.Wait, Reason: plan.NamespaceMissing},
		},
		"a missing copy in a namespace that goes": {
			why: "nothing can be created there", in: but(inSync(), absent, namespaceGoing),
			want: plan.Action{Verb: plan.Wait, Reason: plan.NamespaceTerminating},
		},
		"an edited copy in a namespace that goes": {
			why: "what exists can still be changed, and its namespace may be one that we do not observe", in: but(inSync(), edited, namespaceGoing),
			want: plan.Action{Verb: plan.Apply, Reason: plan.Edited},
		},
		"an edited object": {
			why: "the copy holds the hash of what was applied before", in: but(inSync(), edited), want: plan.Action{Verb: plan.Apply, Reason: plan.Edited},
		},
		"a copy that KubeFed wrote": {
			why: "it holds no hash", in: but(inSync(), neverOurs), want: plan.Action{Verb: plan.Apply, Reason: plan.Edited},
		},
		"an edited object without adoption": {
			why: "the copy carries our label: it is ours already", in: but(inSync(), edited, noAdoption), want: plan.Action{Verb: plan.Apply, Reason: plan.Edited},
		},
		"a copy that somebody changed": {
			why: "the field has left our entry", in: but(inSync(), drifted), want: plan.Action{Verb: plan.Apply, Reason: plan.Drifted, Field: "data"},
		},
		"a copy that is proven to be covered": {
			why:  "an apply that changed nothing is not repeated for ever",
			in:   but(inSync(), drifted, func(in *plan.Input) { in.Observed.Covered = in.Desired.Hash }),
			want: plan.Action{Verb: plan.None, Reason: plan.InSync},
		},
		"a copy that was proven to be covered before an edit": {
			why:  "the proof is one for other bytes",
			in:   but(inSync(), drifted, func(in *plan.Input) { in.Observed.Covered = fleet.HashOf([]byte("earlier")) }),
			want: plan.Action{Verb: plan.Apply, Reason: plan.Drifted, Field: "data"},
		},
		"a copy that opted out": {
			why: "the label false takes it out of our hands", in: but(inSync(), edited, optedOut), want: plan.Action{Verb: plan.Wait, Reason: plan.OptedOut},
		},
		"a copy that is being deleted": {
			why: "applying to it is lost work; its end tells", in: but(inSync(), edited, copyGoing), want: plan.Action{Verb: plan.Wait, Reason: plan.CopyDeleting},
		},
		"a faulty declaration": {
			why: "nobody knows what the copy should be, so it stays", in: but(inSync(), faulty),
			want: plan.Action{Verb: plan.Wait, Reason: plan.Unrenderable, Field: "spec.overrides[0]", Detail: "is faulty"},
		},
		"an object that is not held": {
			why: "its copies could outlive it unseen", in: but(inSync(), absent, unheld), want: plan.Action{Verb: plan.Wait, Reason: plan.NotHeld},
		},
		"an object that lost its finalizer": {
			why: "the finalizer comes first", in: but(inSync(), edited, unheld), want: plan.Action{Verb: plan.Wait, Reason: plan.NotHeld},
		},
		"a watch that has not synced": {
			why: "absence is not known", in: but(inSync(), absent, unseen), want: plan.Action{Verb: plan.Wait, Reason: plan.Unobserved},
		},
		"an excluded member and a watch that broke": {
			why: "what was seen long ago is no evidence", in: but(inSync(), excluded, unseen), want: plan.Action{Verb: plan.Wait, Reason: plan.Unobserved},
		},
		"a deleted object and a watch that broke": {
			why: "as above", in: but(inSync(), deleting, unseen), want: plan.Action{Verb: plan.Wait, Reason: plan.Unobserved},
		},
		"an excluded member": {
			why: "the copy goes", in: but(inSync(), excluded), want: plan.Action{Verb: plan.Delete, Reason: plan.Unplaced},
		},
		"an excluded member of an object that is to leave its copies": {
			why: "KubeFed's orphaning is about deletion, not about placement", in: but(inSync(), excluded, orphaning),
			want: plan.Action{Verb: plan.Delete, Reason: plan.Unplaced},
		},
		"an excluded member without a copy": {
			why: "there is nothing to do", in: but(inSync(), excluded, absent), want: plan.Action{Verb: plan.None, Reason: plan.NotPlaced},
		},
		"an excluded member whose copy opted out": {
			why: "it is not ours to delete", in: but(inSync(), excluded, optedOut), want: plan.Action{Verb: plan.None, Reason: plan.OptedOut},
		},
		"an excluded member whose copy is being deleted": {
			why: "its end tells", in: but(inSync(), excluded, copyGoing), want: plan.Action{Verb: plan.Wait, Reason: plan.CopyDeleting},
		},
		"an excluded member that is the host": {
			why: "KubeFed: the host's own namespaces lose only the label", in: but(inSync(), excluded, protected),
			want: plan.Action{Verb: plan.Release, Reason: plan.Unplaced},
		},
		"an excluded host whose namespace is being deleted": {
			why: "KubeFed does not wait for it", in: but(inSync(), excluded, protected, copyGoing), want: plan.Action{Verb: plan.Release, Reason: plan.Unplaced},
		},
		"an unknown placement": {
			why: "the copy stays as it is, even if it was edited", in: but(inSync(), unplaced, edited), want: plan.Action{Verb: plan.None, Reason: plan.PlacementUnknown},
		},
		"an unknown placement and no copy": {
			why: "nothing new is placed", in: but(inSync(), unplaced, absent), want: plan.Action{Verb: plan.None, Reason: plan.PlacementUnknown},
		},
		"a deleted object": {
			why: "its copies go", in: but(inSync(), deleting), want: plan.Action{Verb: plan.Delete, Reason: plan.ObjectDeleting},
		},
		"a deleted object whose placement is unknown": {
			why: "the deletion is evidence enough", in: but(inSync(), unplaced, deleting), want: plan.Action{Verb: plan.Delete, Reason: plan.ObjectDeleting},
		},
		"a deleted object that leaves its copies": {
			why: "kubefed.io/orphan", in: but(inSync(), deleting, orphaning), want: plan.Action{Verb: plan.Release, Reason: plan.ObjectDeleting},
		},
		"a deleted object whose copy is gone": {
			why: "there is nothing left to do", in: but(inSync(), deleting, absent), want: plan.Action{Verb: plan.None, Reason: plan.NotPlaced},
		},
		"a deleted object whose copy is being deleted": {
			why: "its end tells", in: but(inSync(), deleting, copyGoing), want: plan.Action{Verb: plan.Wait, Reason: plan.CopyDeleting},
		},
		"a deleted object whose copy opted out": {
			why: "it is not ours to delete, nor to wait for", in: but(inSync(), deleting, optedOut), want: plan.Action{Verb: plan.None, Reason: plan.OptedOut},
		},
		"a deleted namespace on the host": {
			why: "the host's own namespace is not ours to delete", in: but(inSync(), deleting, protected),
			want: plan.Action{Verb: plan.Release, Reason: plan.ObjectDeleting},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, plan.Decide(tc.in)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestZeroInputDoesNothing(t *testing.T) {
	if diff := cmp.Diff(plan.Action{Verb: plan.Wait, Reason: plan.Unobserved}, plan.Decide(plan.Input{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// anyInput draws any input that the engine may make: something is rendered only if it is wanted.
func anyInput() *rapid.Generator[plan.Input] {
	hashes := []fleet.Hash{{}, desired().Hash, fleet.HashOf([]byte("other"))}
	return rapid.Custom(func(t *rapid.T) plan.Input {
		in := plan.Input{
			Deleting: rapid.Bool().Draw(t, "deleting"), Orphan: rapid.Bool().Draw(t, "orphan"), Held: rapid.Bool().Draw(t, "held"),
			Want:      rapid.SampledFrom([]plan.Want{plan.WantUnknown, plan.WantExcluded, plan.WantChosen}).Draw(t, "want"),
			Presence:  rapid.SampledFrom([]plan.Presence{plan.PresenceUnknown, plan.Absent, plan.Present}).Draw(t, "presence"),
			Namespace: rapid.SampledFrom([]plan.NamespaceState{plan.NamespaceReady, plan.NamespaceAbsent, plan.NamespaceGoing}).Draw(t, "namespace"),
			Adopt:     rapid.Bool().Draw(t, "adopt"), Protected: rapid.Bool().Draw(t, "protected"),
			Observed: fleet.Observed{
				UID: "uid", OptedOut: rapid.Bool().Draw(t, "opted out"), Deleting: rapid.Bool().Draw(t, "copy deleting"),
				Applied: rapid.SampledFrom(hashes).Draw(t, "applied"), Covered: rapid.SampledFrom(hashes).Draw(t, "covered"),
				Owned: fleet.NewOwnership(rapid.SampledFrom([]string{"", "{}", ownsAll, `{"f:data":{"f:k":{}}}`}).Draw(t, "owned")),
			},
		}
		switch {
		case in.Deleting || in.Want != plan.WantChosen:
		case rapid.Bool().Draw(t, "faulty"):
			in.Problem = &fleet.Problem{Field: "spec.template", Message: "is faulty"}
		default:
			in.Desired = desired()
		}
		return in
	})
}

func TestDecideKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput().Draw(t, "input")
		a := plan.Decide(in)
		removes := a.Verb == plan.Delete || a.Verb == plan.Release
		writes := a.Verb == plan.Apply || a.Verb == plan.Create
		present := in.Presence == plan.Present
		evidence := present && (in.Deleting || in.Want == plan.WantExcluded)
		switch {
		case a.Reason == "":
			t.Fatalf("%+v gives no reason", a)
		case removes && !evidence:
			t.Fatalf("%+v without evidence", a)
		case (removes || writes) && present && in.Observed.OptedOut:
			t.Fatalf("%+v on a copy that opted out", a)
		case in.Presence == plan.PresenceUnknown && a.Verb != plan.Wait:
			t.Fatalf("%+v although nothing is known", a)
		case writes && (!in.Held || in.Deleting || in.Want != plan.WantChosen || in.Desired == nil):
			t.Fatalf("%+v of what is not wanted, not held or not known", a)
		case a.Verb == plan.Create && (present || in.Adopt):
			t.Fatalf("%+v where an apply was due", a)
		case a.Verb == plan.Apply && !present && !in.Adopt:
			t.Fatalf("%+v could adopt", a)
		case a.Verb == plan.Delete && (in.Protected || in.Observed.Deleting || in.Deleting && in.Orphan):
			t.Fatalf("%+v of what must stay", a)
		case writes && present && in.Observed.Applied == in.Desired.Hash && in.Observed.Covered == in.Desired.Hash:
			t.Fatalf("%+v again and again", a)
		}
		if diff := cmp.Diff(a, plan.Decide(in)); diff != "" {
			t.Fatalf("decided twice (-first +second):\n%s", diff)
		}
	})
}
