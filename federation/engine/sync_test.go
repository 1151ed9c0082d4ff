package engine

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/fedsync/fedsync/federation/member"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/watch"
	"github.com/fedsync/fedsync/fleet"
)

// newMemberState returns a member that is connected to nothing.
func newMemberState(t *testing.T) *memberState {
	t.Helper()
	m, err := member.New("member", &member.Credentials{Config: &rest.Config{Host: "https://127.0.0.1:1"}}, nil, member.Options{Log: logr.Discard()})
	if err != nil {
		t.Fatal(err)
	}
	ms := &memberState{
		name: "member", member: m, queue: newQueue(clock.RealClock{}, func(lane, time.Duration) {}),
		trouble: map[fleet.ObjectKey]trouble{}, waiting: map[string]map[fleet.ObjectKey]lane{}, gone: map[fleet.ObjectKey]types.UID{},
		granted: map[fleet.ObjectKey]bool{}, unsure: map[fleet.ObjectKey]bool{},
		writing: map[fleet.ObjectKey]lane{},
	}
	t.Cleanup(ms.queue.ShutDown)
	return ms
}

func newEngine(t *testing.T) (*Engine, *clocktesting.FakeClock) {
	t.Helper()
	clock := clocktesting.NewFakeClock(noon)
	e := New(nil, nil, nil, Options{Clock: clock, Log: logr.Discard()})
	t.Cleanup(e.publishing.ShutDown)
	return e, clock
}

func TestMustWait(t *testing.T) {
	refused := trouble{verb: plan.Apply, desired: contentA, attempts: 1, next: noon.Add(time.Minute), failure: &report.Failure{Verb: plan.Apply, Message: "no"}}
	tests := map[string]struct {
		why     string
		attempt trouble
		forget  bool
		now     time.Time
		wait    time.Duration
		before  int
	}{
		"the very same attempt":                {why: "it would fail the same", attempt: trouble{verb: plan.Apply, desired: contentA}, now: noon, wait: time.Minute, before: 1},
		"the very same attempt in its time":    {why: "something may have changed that we cannot see", attempt: trouble{verb: plan.Apply, desired: contentA}, now: noon.Add(time.Minute), before: 1},
		"other content":                        {why: "an edit may have mended it", attempt: trouble{verb: plan.Apply, desired: contentB}, now: noon},
		"another verb":                         {why: "a refused apply says nothing about a delete", attempt: trouble{verb: plan.Delete}, now: noon},
		"another verb with the same content":   {why: "a refused apply says nothing about a create", attempt: trouble{verb: plan.Create, desired: contentA}, now: noon},
		"the very same attempt after an event": {why: "what it waited for happened", attempt: trouble{verb: plan.Apply, desired: contentA}, forget: true, now: noon},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			ms := newMemberState(t)
			ms.remember(web, refused)
			if tc.forget {
				ms.forget(web)
			}
			if diff := cmp.Diff(tc.wait, ms.mustWait(web, tc.attempt, tc.now)); diff != "" {
				t.Errorf("wait (-want +got), because %s:\n%s", tc.why, diff)
			}
			if diff := cmp.Diff(tc.before, ms.attemptsBefore(web, tc.attempt)); diff != "" {
				t.Errorf("attempts before (-want +got), because %s:\n%s", tc.why, diff)
			}
			if got := ms.failureOf(web, tc.attempt.verb, tc.attempt.desired); (got != nil) != (tc.before > 0) {
				t.Errorf("reported %v, because %s", got, tc.why)
			}
			if left := ms.mustWait(fleet.ObjectKey{Name: "other"}, tc.attempt, tc.now); left != 0 {
				t.Errorf("another object waits %s", left)
			}
		})
	}
}

func TestJudge(t *testing.T) {
	deployments := schema.GroupResource{Group: "apps", Resource: "deployments"}
	no := errors.New("no")
	failure := func(verb plan.Verb, message string) *report.Failure {
		return &report.Failure{Verb: verb, Message: message}
	}
	tests := map[string]struct {
		why       string
		verb      plan.Verb
		err       error
		want      time.Duration // of the first pause, without the jitter
		reported  *report.Failure
		forgotten bool
		waits     bool // for the namespace
	}{
		"an apply that succeeds": {why: "the watch tells the rest", verb: plan.Apply, forgotten: true},
		"a create that succeeds": {why: "what it owns must become what an apply owns, at once", verb: plan.Create, want: time.Millisecond},
		"a conflict": {
			why: "look again and decide again at once; nobody is told", verb: plan.Apply, err: apierrors.NewConflict(deployments, "web", no), want: 5 * time.Millisecond,
		},
		"an overloaded member": {
			why: "the server says when, to the second", verb: plan.Apply, err: apierrors.NewTooManyRequests("busy", 7), want: 7 * time.Second,
		},
		"no answer": {why: "the member's state says it; the queue is parked", verb: plan.Apply, err: io.ErrUnexpectedEOF, want: 250 * time.Millisecond},
		"unknown credentials": {
			why: "as above", verb: plan.Apply, err: apierrors.NewUnauthorized("who?"), want: 250 * time.Millisecond,
		},
		"a copy that is gone already": {
			why: "the watch is about to say so", verb: plan.Delete, err: apierrors.NewNotFound(deployments, "web"), want: 250 * time.Millisecond,
		},
		"a server that fails": {
			why: "it may concern this one object, so it is told", verb: plan.Apply, err: apierrors.NewInternalError(no), want: 250 * time.Millisecond,
			reported: failure(plan.Apply, "Internal error occurred: no"),
		},
		"a refusal": {
			why: "a retry can hardly help", verb: plan.Apply, err: apierrors.NewBadRequest("bad"), want: 2 * time.Second, reported: failure(plan.Apply, "bad"),
		},
		"a missing permission": {
			why: "somebody must give it", verb: plan.Release, err: apierrors.NewForbidden(deployments, "web", no), want: 2 * time.Second,
			reported: failure(plan.Release, `deployments.apps "web" is forbidden: no`),
		},
		"an object that may not be adopted": {
			why: "somebody must remove it, or allow adoption", verb: plan.Create, err: apierrors.NewAlreadyExists(deployments, "web"), want: 2 * time.Second,
			reported: &report.Failure{Verb: plan.Create, Exists: true, Message: `deployments.apps "web" already exists`},
		},
		"a missing type": {
			why: "the watch tells when it comes", verb: plan.Apply, err: apierrors.NewGenericServerResponse(http.StatusNotFound, "", schema.GroupResource{}, "", "", 0, true),
			want: 2 * time.Second, reported: failure(plan.Apply, "the server could not find the requested resource"),
		},
		"a missing namespace": {
			why: "its event ends the pause", verb: plan.Apply, err: apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "ns"), want: 2 * time.Second,
			reported: failure(plan.Apply, `namespaces "ns" not found`), waits: true,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			e, _ := newEngine(t)
			ms := newMemberState(t)
			ms.remember(web, trouble{verb: plan.Release, desired: contentB, attempts: 9}) // of another attempt: it must not count
			attempt := trouble{verb: tc.verb, desired: contentA}
			got := e.judge(t.Context(), ms, web, attempt, tc.err)
			if got < tc.want || got > tc.want+tc.want/5 || tc.want == 0 && got != 0 {
				t.Errorf("pause %s and not %s, because %s", got, tc.want, tc.why)
			}
			known, stands := ms.trouble[web]
			if stands == tc.forgotten {
				t.Errorf("trouble %+v stands: %v, because %s", known, stands, tc.why)
			}
			if stands && tc.err != nil && (known.attempts != 1 || !known.next.Equal(noon.Add(got))) {
				t.Errorf("trouble %+v", known)
			}
			if diff := cmp.Diff(tc.reported, ms.failureOf(web, tc.verb, contentA)); diff != "" {
				t.Errorf("reported (-want +got), because %s:\n%s", tc.why, diff)
			}
			if _, waits := ms.waiting["ns"][web]; waits != tc.waits {
				t.Errorf("waits for its namespace: %v, because %s", ms.waiting["ns"][web], tc.why)
			}
		})
	}
}

// The answer "there is no such namespace" to a request about a namespace says that the copy itself is gone.
func TestJudgeOfANamespaceThatIsGone(t *testing.T) {
	e, _ := newEngine(t)
	ms := newMemberState(t)
	key := fleet.ObjectKey{Type: fleet.NamespaceType, Namespace: "ns", Name: "ns"}
	e.judge(t.Context(), ms, key, trouble{verb: plan.Delete}, apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "ns"))
	if failure := ms.failureOf(key, plan.Delete, fleet.Hash{}); failure != nil {
		t.Errorf("a deletion that is done is reported as %+v", failure)
	}
	if len(ms.waiting) > 0 {
		t.Errorf("it waits for itself: %v", ms.waiting)
	}
}

func TestJudgeCountsFailures(t *testing.T) {
	e, clock := newEngine(t)
	ms := newMemberState(t)
	attempt := trouble{verb: plan.Apply, desired: contentA}
	refusal := apierrors.NewBadRequest("bad")
	for i, seconds := range []int{2, 4, 8, 16, 32, 64, 120, 120} {
		pause := e.judge(t.Context(), ms, web, attempt, refusal)
		if least := time.Duration(seconds) * time.Second; pause < least || pause > least+least/5 {
			t.Errorf("pause %d is %s, not %s", i, pause, least)
		}
		if left := ms.mustWait(web, attempt, clock.Now()); left != pause {
			t.Errorf("the attempt must wait %s, not %s", left, pause)
		}
		clock.Step(pause)
	}
	e.judge(t.Context(), ms, web, attempt, nil)
	if pause := e.judge(t.Context(), ms, web, attempt, refusal); pause > 3*time.Second {
		t.Errorf("a success does not end the count: %s", pause)
	}
}

// What a request says that we ourselves have cut short is worth nothing.
func TestJudgeAtTheEnd(t *testing.T) {
	e, _ := newEngine(t)
	ms := newMemberState(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if pause := e.judge(ctx, ms, web, trouble{verb: plan.Apply}, context.Canceled); pause != 0 || len(ms.trouble) != 0 {
		t.Errorf("pause %s, trouble %v", pause, ms.trouble)
	}
}

func TestNamespaceChangedWakesWhoWaits(t *testing.T) {
	ms := newMemberState(t)
	other := fleet.ObjectKey{Type: "configmaps", Namespace: "elsewhere", Name: "c"}
	ms.remember(web, trouble{verb: plan.Apply, next: noon.Add(time.Hour)})
	ms.remember(other, trouble{verb: plan.Apply, next: noon.Add(time.Hour)})
	ms.waitForNamespace(web, editLane)
	ms.waitForNamespace(web, resyncLane)
	ms.waitForNamespace(other, resyncLane)

	ms.namespaceChanged("ns")
	if key, priority, _ := ms.queue.GetWithPriority(); key != web || priority != int(editLane) {
		t.Errorf("woken %v in lane %d", key, priority)
	}
	if left := ms.mustWait(web, trouble{verb: plan.Apply}, noon); left != 0 {
		t.Errorf("it must still wait %s", left)
	}
	if left := ms.mustWait(other, trouble{verb: plan.Apply}, noon); left != time.Hour {
		t.Errorf("an object in another namespace need not wait any more: %s", left)
	}
	ms.namespaceChanged("ns")
	if n := ms.queue.Len(); n != 0 {
		t.Errorf("%d are woken twice", n)
	}
	ms.namespaceChanged("elsewhere")
	if key, priority, _ := ms.queue.GetWithPriority(); key != other || priority != int(resyncLane) {
		t.Errorf("woken %v in lane %d, which nobody waits for", key, priority)
	}
}

func TestGone(t *testing.T) {
	ms := newMemberState(t)
	o := &fleet.FederatedObject{Key: web, UID: "u"}
	if ms.isGone(o) {
		t.Error("nobody has confirmed it")
	}
	ms.setGone(web, "u")
	if !ms.isGone(o) {
		t.Error("the confirmation is lost")
	}
	if ms.isGone(&fleet.FederatedObject{Key: web, UID: "new"}) {
		t.Error("the confirmation was about an earlier object of that name")
	}
	ms.setGone(web, "")
	if ms.isGone(o) {
		t.Error("the note was taken back")
	}
}

func TestQueueServesTheMostUrgentLaneFirst(t *testing.T) {
	q := newQueue(clock.RealClock{}, func(lane, time.Duration) {})
	defer q.ShutDown()
	key := func(name string) fleet.ObjectKey { return fleet.ObjectKey{Name: name} }
	q.put(resyncLane, key("a"), key("b"))
	q.put(driftLane, key("c"))
	q.put(editLane, key("d"))
	q.put(editLane, key("b")) // more urgent than it was
	q.put(resyncLane, key("d"))
	q.putAfter(editLane, time.Hour, key("later"))
	var got []string
	for q.Len() > 0 {
		k, _, _ := q.GetWithPriority()
		got = append(got, k.Name)
		q.Done(k)
	}
	slices.Sort(got[:2]) // of one lane: their order among each other is the queue's affair
	if diff := cmp.Diff([]string{"b", "d", "c", "a"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestObstacleOf(t *testing.T) {
	healthy := member.Health{Finding: member.Healthy, Reachable: true}
	synced := watch.Status{State: watch.Synced}
	tests := map[string]struct {
		why    string
		health member.Health
		watch  watch.Status
		inSync bool
		want   report.Obstacle
		detail string
	}{
		"a member that works":         {why: "nothing is in the way", health: healthy, watch: synced, want: report.NoObstacle},
		"a member that nobody probed": {why: "nothing is known yet", watch: synced, want: report.WatchStarting},
		"a member that is not ready":  {why: "not even a copy in sync can be vouched for", health: member.Health{Finding: member.Offline}, watch: synced, inSync: true, want: report.MemberDown, detail: "the member is not ready"},
		"a member that just went":     {why: "work waits, though it still counts as ready", health: member.Health{Finding: member.Healthy}, watch: synced, want: report.MemberDown, detail: "the member cannot be reached"},
		"a member that just went, with a copy in sync": {
			why: "a flap must not rewrite every status", health: member.Health{Finding: member.Healthy}, watch: synced, inSync: true, want: report.NoObstacle,
		},
		"a member that just came back": {why: "it counts as ready later", health: member.Health{Finding: member.Offline, Reachable: true}, watch: synced, want: report.MemberDown, detail: "the member is not ready"},
		"a watch that has told nothing": {
			why: "whatever was written now would be a guess", health: healthy, watch: watch.Status{}, want: report.WatchStarting,
		},
		"a type that is missing": {
			why: "the server says why", health: healthy, watch: watch.Status{State: watch.TypeMissing, Detail: "d"}, want: report.WatchFailed, detail: "d",
		},
		"a type that is forbidden":   {why: "as above", health: healthy, watch: watch.Status{State: watch.Forbidden, Detail: "d"}, want: report.WatchFailed, detail: "d"},
		"a watch that got no answer": {why: "as above", health: healthy, watch: watch.Status{State: watch.Unreachable, Detail: "d"}, want: report.WatchFailed, detail: "d"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, detail := obstacleOf(tc.health, tc.watch, tc.inSync)
			if got != tc.want || detail != tc.detail {
				t.Errorf("got %d %q, not %d %q, because %s", got, detail, tc.want, tc.detail, tc.why)
			}
		})
	}
}

func TestPresenceOf(t *testing.T) {
	chosen := plan.Input{Want: plan.WantChosen}
	excluded := plan.Input{Want: plan.WantExcluded}
	deleting := plan.Input{Want: plan.WantChosen, Deleting: true}
	tests := map[string]struct {
		why     string
		present bool
		state   watch.State
		in      plan.Input
		want    plan.Presence
	}{
		"seen":                            {why: "the watch has synced", present: true, state: watch.Synced, in: chosen, want: plan.Present},
		"not seen":                        {why: "as above", state: watch.Synced, in: chosen, want: plan.Absent},
		"not seen by a watch that starts": {why: "it may be there", state: watch.Syncing, in: excluded, want: plan.PresenceUnknown},
		"seen by a watch that failed":     {why: "that was long ago", present: true, state: watch.Unreachable, in: excluded, want: plan.PresenceUnknown},
		"of a type that is missing":       {why: "it cannot be made, and will come when the type does", state: watch.TypeMissing, in: chosen, want: plan.PresenceUnknown},
		"of a type that is missing, and not wanted": {
			why: "its copies went with it", present: true, state: watch.TypeMissing, in: excluded, want: plan.Absent,
		},
		"of a type that is missing, and deleted": {why: "as above", present: true, state: watch.TypeMissing, in: deleting, want: plan.Absent},
		"of a type that is forbidden, and deleted": {
			why: "it may well be there", state: watch.Forbidden, in: deleting, want: plan.PresenceUnknown,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, presenceOf(tc.present, watch.Status{State: tc.state}, tc.in)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestAttemptsAreNumbered(t *testing.T) {
	ms := newMemberState(t)
	apply := trouble{verb: plan.Apply, desired: contentA}
	if n, first := ms.attemptNow(web, apply, noon); n != 1 || !first.Equal(noon) {
		t.Errorf("the first one: %d since %s", n, first)
	}
	failed := apply
	failed.attempts, failed.first = 2, noon
	ms.remember(web, failed)
	if n, first := ms.attemptNow(web, apply, noon.Add(time.Minute)); n != 3 || !first.Equal(noon) {
		t.Errorf("after two: %d since %s", n, first)
	}
	if n, first := ms.attemptNow(web, trouble{verb: plan.Apply, desired: contentB}, noon.Add(time.Minute)); n != 1 || !first.Equal(noon.Add(time.Minute)) {
		t.Errorf("of a newer edit: %d since %s", n, first)
	}
}
