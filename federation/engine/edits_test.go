package engine

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

// ear keeps what is told of edits.
type ear struct {
	unheard

	heard    []telemetry.Edit
	settled  []telemetry.Settlement
	attempts []telemetry.Attempt
}

func (e *ear) Heard(x telemetry.Edit)         { e.heard = append(e.heard, x) }
func (e *ear) Settled(x telemetry.Settlement) { e.settled = append(e.settled, x) }
func (e *ear) Attempted(x telemetry.Attempt)  { e.attempts = append(e.attempts, x) }

func objectOf(uid types.UID, generation int64) *fleet.FederatedObject {
	return &fleet.FederatedObject{Key: web, UID: uid, Generation: generation}
}

func TestWhatIsAnEdit(t *testing.T) {
	deleting := objectOf("uid", 3)
	deleting.Deleting = true
	tests := map[string]struct {
		why             string
		change          host.Change
		passive         bool
		followed, timed bool
	}{
		"a new object":                     {why: "somebody just made it", change: host.Change{New: objectOf("uid", 1)}, followed: true, timed: true},
		"a new generation":                 {why: "somebody just changed it", change: host.Change{Old: objectOf("uid", 1), New: objectOf("uid", 2)}, followed: true, timed: true},
		"another object of the name":       {why: "it was made anew", change: host.Change{Old: objectOf("old", 1), New: objectOf("uid", 1)}, followed: true, timed: true},
		"the same generation":              {why: "a label or a finalizer is no edit", change: host.Change{Old: objectOf("uid", 2), New: objectOf("uid", 2)}},
		"found at the start, and reported": {why: "it was settled before", change: host.Change{New: objectOf("uid", 2), Listed: true, Observed: true}},
		"found at the start":               {why: "its trace goes on, and nobody knows since when it waits", change: host.Change{New: objectOf("uid", 2), Listed: true}, followed: true},
		"being deleted":                    {why: "nothing converges any more", change: host.Change{Old: objectOf("uid", 2), New: deleting}},
		"of a type without copies":         {why: "nobody applies it", change: host.Change{New: objectOf("uid", 1)}, passive: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			e, _ := newEngine(t)
			told := &ear{}
			e.tell.Metrics = told
			e.types[web.Type] = &typeState{kind: fleet.Type{Name: web.Type}, passive: tc.passive}
			e.editHeard(tc.change)
			_, followed := e.edits.of(tc.change.New)
			if followed != tc.followed || (len(told.heard) == 1) != tc.timed {
				t.Errorf("followed %v, told %v; want %v, %v: %s", followed, told.heard, tc.followed, tc.timed, tc.why)
			}
		})
	}
}

func TestAnEditSettlesOnce(t *testing.T) {
	e, clock := newEngine(t)
	told := &ear{}
	e.tell = &teller{Metrics: told, traces: told} // each fact is told to both
	e.types[web.Type] = &typeState{kind: fleet.Type{Name: web.Type}}
	o := objectOf("uid", 2)
	summary := func(status string, settled bool) report.Summary {
		return report.Summary{Settled: settled, Status: report.Status{
			Conditions: []report.Condition{{Type: report.ConditionPropagation, Status: status}}, Clusters: []report.Cluster{{Name: "a"}, {Name: "b"}},
		}}
	}
	e.editHeard(host.Change{New: o})
	clock.Step(time.Second)
	e.edits.queue(web, clock.Now())
	clock.Step(time.Second)
	e.edits.queue(web, clock.Now()) // again, such as after a change of its namespace: the first time counts
	e.edits.apply(objectOf("uid", 1), "a", true, clock.Now())
	e.editSettled(o, summary("False", true))
	e.editSettled(o, summary("True", false))
	e.editSettled(objectOf("uid", 1), summary("True", true))
	if len(told.settled) != 0 {
		t.Fatalf("settled too soon: %+v", told.settled)
	}
	if under, pending := e.edits.of(o); !pending || !under.queued.Equal(noon.Add(time.Second)) || !under.applied.IsZero() {
		t.Errorf("under way: %+v %v", under, pending)
	}
	e.edits.apply(o, "a", true, noon.Add(3*time.Second))
	e.edits.apply(o, "b", true, noon.Add(2*time.Second)) // told later
	clock.Step(2 * time.Second)
	e.editSettled(o, summary("True", true))
	e.editSettled(o, summary("True", true))
	want := telemetry.Settlement{
		Edit: telemetry.Edit{Object: web, UID: "uid", Generation: 2, Heard: noon}, Members: 2,
		Applied: noon.Add(3 * time.Second), Confirmed: noon.Add(4 * time.Second),
	}
	if diff := cmp.Diff([]telemetry.Settlement{want, want}, told.settled); diff != "" { // for metrics and for traces
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEditsAreForgottenWithWhatTheyAreOf(t *testing.T) {
	e, _ := newEngine(t)
	e.types[web.Type] = &typeState{kind: fleet.Type{Name: web.Type}}
	o := objectOf("uid", 1)
	for name, end := range map[string]func(){
		"the object is gone":  func() { e.objectGone(o) },
		"its type is stopped": func() { e.edits.forgetType(web.Type) },
		"it is being deleted": func() {
			e.editHeard(host.Change{Old: o, New: &fleet.FederatedObject{Key: web, UID: "uid", Generation: 2, Deleting: true}})
		},
		"another type is ended": func() { e.edits.forgetType("jobs.batch") },
	} {
		e.edits.hear(o, noon)
		end()
		if _, pending := e.edits.of(o); pending != (name == "another type is ended") {
			t.Errorf("%s: still followed: %v", name, pending)
		}
		e.edits.forget(web)
	}
}

func TestWhatAnEditCauses(t *testing.T) {
	o := objectOf("uid", 2)
	tests := map[string]struct {
		why    string
		of     *fleet.FederatedObject
		began  time.Time // the connection
		reason plan.Reason
		want   bool
	}{
		"an older version is there":         {why: "the member did not have it yet, however long it was away", of: o, reason: plan.Edited, want: true},
		"nothing is there yet":              {why: "the edit places it", of: o, reason: plan.Missing, want: true},
		"it is there and should not be":     {why: "the edit excludes the member", of: o, reason: plan.Unplaced, want: true},
		"somebody changed it":               {why: "drift is nobody's edit", of: o, reason: plan.Drifted},
		"a member that joined meanwhile":    {why: "it is missing because the member is new", of: o, began: noon.Add(time.Second), reason: plan.Missing},
		"an edit that is not the newest":    {why: "nobody knows when that was heard of", of: objectOf("uid", 1), reason: plan.Edited},
		"an edit that is not under way":     {why: "every member has it", of: &fleet.FederatedObject{Key: fleet.ObjectKey{Name: "other"}}, reason: plan.Missing},
		"somebody deleted what it had made": {why: "an hour later that would be an hour's convergence", of: o, reason: plan.Missing},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			e, _ := newEngine(t)
			e.edits.hear(o, noon)
			ms := newMemberState(t)
			ms.began = tc.began
			if name == "somebody deleted what it had made" {
				e.edits.apply(o, ms.name, true, noon)
			}
			if got := e.edits.causes(tc.of, ms, tc.reason); got != tc.want {
				t.Errorf("got %v, want %v: %s", got, tc.want, tc.why)
			}
		})
	}
}

func TestTimesOfAnotherVersionAreNotThisOnes(t *testing.T) {
	e, _ := newEngine(t)
	e.edits.hear(objectOf("uid", 5), noon)
	if got, pending := e.edits.of(objectOf("uid", 4)); pending || !got.heard.IsZero() {
		t.Errorf("pending %v, heard at %s", pending, got.heard)
	}
}
