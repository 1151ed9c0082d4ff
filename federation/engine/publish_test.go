package engine

import (
	"encoding/json"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/raw"
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
