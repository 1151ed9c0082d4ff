package engine

import (
	"encoding/json"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
)

// The watch's first word brings the object back in the resync lane only, behind everything that nobody waits for.
func TestAnEditWhileAWatchStartsIsLookedAtAgain(t *testing.T) {
	e, _ := newEngine(t)
	key := fleet.ObjectKey{Type: "clusterroles.rbac.authorization.k8s.io", Namespace: "ns", Name: "view"}
	objects := host.NewObjects(key.Type, func(host.Change) {})
	err := objects.Update(&raw.Object{
		ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name, UID: "uid", ResourceVersion: "1", Finalizers: []string{host.Finalizer}},
		Spec:       json.RawMessage(`{"placement":{"clusterSelector":{}}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	ms := newMemberState(t)
	e.types[key.Type] = &typeState{kind: fleet.Type{Name: key.Type}, objects: objects}
	e.members[ms.name] = ms
	e.snapshot = fleet.NewSnapshot(fleet.Member{Name: ms.name})
	for l, want := range map[lane]time.Duration{editLane: lastInterval, driftLane: lastInterval, resyncLane: 0} {
		if again, err := e.publish(t.Context(), key, l); again != want || err != nil {
			t.Errorf("lane %d: looked at again after %s (%v), want %s", l, again, err, want)
		}
	}
}

// lastWord keeps what the census was told last, and does something in the middle of each look.
type lastWord struct {
	unheard

	meanwhile func()
	word      string
}

func (l *lastWord) Looking(fleet.TypeName, string) func(telemetry.Look) {
	l.meanwhile()
	return func(telemetry.Look) {}
}
func (l *lastWord) Summarized(fleet.ObjectKey, report.Summary, time.Time) { l.word = "summarized" }
func (l *lastWord) Forgotten(fleet.ObjectKey)                             { l.word = "forgotten" }

// A ghost in the census would be overdue until the daemon ends.
func TestAnObjectThatVanishesInTheMiddleOfALookIsForgotten(t *testing.T) {
	e, _ := newEngine(t)
	key := fleet.ObjectKey{Type: "clusterroles.rbac.authorization.k8s.io", Namespace: "ns", Name: "view"}
	objects := host.NewObjects(key.Type, e.objectChanged)
	o := &raw.Object{
		ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name, UID: "uid", ResourceVersion: "1", Finalizers: []string{host.Finalizer}},
		Spec:       json.RawMessage(`{"placement":{"clusterSelector":{}}}`),
	}
	ms := newMemberState(t) // whose watch has not told anything, so that no status is written
	e.members[ms.name], e.snapshot = ms, fleet.NewSnapshot(fleet.Member{Name: ms.name})
	told := &lastWord{meanwhile: func() { _ = objects.Delete(o) }}
	e.tell.Metrics = told
	e.types[key.Type] = &typeState{kind: fleet.Type{Name: key.Type}, objects: objects}
	if err := objects.Update(o); err != nil {
		t.Fatal(err)
	}
	key, l, _ := e.publishing.take()
	if _, err := e.publish(t.Context(), key, l); err != nil || told.word != "summarized" {
		t.Fatalf("the first word is %q (%v)", told.word, err)
	}
	e.publishing.Done(key)
	again, l, _ := e.publishing.take()
	if again != key {
		t.Fatalf("%s is looked at, want %s", again, key)
	}
	if _, err := e.publish(t.Context(), again, l); err != nil || told.word != "forgotten" {
		t.Errorf("the last word is %q (%v)", told.word, err)
	}
}
