package engine

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/federation/member"
	"github.com/fedsync/fedsync/fleet"
)

func clusterNamed(name string, l map[string]string) *fedv1b1.KubeFedCluster {
	return &fedv1b1.KubeFedCluster{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: l}}
}

func TestMembersInTheSnapshot(t *testing.T) {
	healthy := member.Health{Finding: member.Healthy, Reachable: true, UID: "uid"}
	eu := labels.Set{"region": "eu"}
	tests := map[string]struct {
		why  string
		play func(e *Engine)
		want []fleet.Member
	}{
		"a member that joins": {
			why:  "it can be selected before anybody has reached it",
			play: func(e *Engine) { e.register(clusterNamed("a", eu)) }, want: []fleet.Member{{Name: "a", Labels: eu}},
		},
		"a member that was probed": {
			why: "who it is and how it is, beside its labels", want: []fleet.Member{{Name: "a", Labels: eu, UID: "uid", Ready: true}},
			play: func(e *Engine) {
				e.register(clusterNamed("a", eu))
				e.describeMember("a", healthy)
			},
		},
		"a member that is the host": {
			why: "its namespaces are the host's own", want: []fleet.Member{{Name: "a", UID: "host", Ready: true, Host: true}},
			play: func(e *Engine) {
				e.register(clusterNamed("a", nil))
				e.describeMember("a", member.Health{Finding: member.Healthy, UID: "host"})
			},
		},
		"a host that is away": {
			why: "a probe that failed does not make it another cluster, whose namespaces may be deleted", want: []fleet.Member{{Name: "a", UID: "host", Host: true}},
			play: func(e *Engine) {
				e.register(clusterNamed("a", nil))
				e.describeMember("a", member.Health{Finding: member.Healthy, UID: "host"})
				e.describeMember("a", member.Health{Finding: member.Offline})
			},
		},
		"a member whose labels change": {
			why: "what the probes found stays", want: []fleet.Member{{Name: "a", UID: "uid", Ready: true}},
			play: func(e *Engine) {
				e.register(clusterNamed("a", eu))
				e.describeMember("a", healthy)
				e.register(clusterNamed("a", nil))
			},
		},
		"a member that leaves": {
			why: "nobody selects it any more", want: []fleet.Member{},
			play: func(e *Engine) {
				e.register(clusterNamed("a", eu))
				e.unregister("a")
			},
		},
		"a probe that ends after its member left": {
			why: "the member would come back as a ghost that nobody removes", want: []fleet.Member{},
			play: func(e *Engine) {
				e.register(clusterNamed("a", eu))
				e.unregister("a")
				e.describeMember("a", healthy)
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			e, _ := newEngine(t)
			e.options.HostUID = "host"
			tc.play(e)
			if diff := cmp.Diff(tc.want, append([]fleet.Member{}, e.Snapshot().Members()...)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestSettle(t *testing.T) {
	other := errors.New("other")
	tests := map[string]struct {
		why    string
		err    error
		result reconcile.Result
		want   error
	}{
		"no error":    {why: "there is nothing to come back for"},
		"a conflict":  {why: "the object changed meanwhile, which is no error", err: apierrors.NewConflict(schema.GroupResource{}, "n", other), result: reconcile.Result{RequeueAfter: conflictPause}},
		"other error": {why: "the controller backs off", err: other, want: other},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			result, err := settle(tc.err)
			if diff := cmp.Diff(tc.result, result); diff != "" || !errors.Is(err, tc.want) {
				t.Errorf("error %v (-want +got), because %s:\n%s", err, tc.why, diff)
			}
		})
	}
}

// departures counts members that have left.
type departures struct {
	unheard

	left int
}

func (d *departures) Left(time.Duration) { d.left++ }

// Of a member that is removed together with its Secret, the loss of the Secret may be seen first, and the connection be given up for
// that. It leaves once nevertheless, and a name that nobody knew does not.
func TestAMemberLeavesOnce(t *testing.T) {
	e, _ := newEngine(t)
	heard := &departures{}
	e.tell.Metrics = heard
	e.register(clusterNamed("a", nil))
	e.disconnect("a")
	e.dismiss("a")
	e.dismiss("a")
	e.dismiss("nobody")
	if heard.left != 1 {
		t.Errorf("%d members have left, want 1", heard.left)
	}
}
