package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/fedsync/fedsync/federation/host"
)

// lease counts what is asked of it.
type lease struct {
	resourcelock.Interface

	gets, updates int
}

func (l *lease) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	l.gets++
	return &resourcelock.LeaderElectionRecord{}, nil, nil
}

func (l *lease) Create(context.Context, resourcelock.LeaderElectionRecord) error { return nil }

func (l *lease) Update(context.Context, resourcelock.LeaderElectionRecord) error {
	l.updates++
	return nil
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// kubeFedsLock is the ConfigMap that a KubeFed controller manager has just renewed.
func kubeFedsLock() *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "kubefed-controller-manager", Annotations: map[string]string{
		"control-plane.alpha.kubernetes.io/leader": `{"holderIdentity":"manager-0","leaseDurationSeconds":15,"renewTime":"2026-01-02T12:00:00Z"}`,
	}}}
}

// lockOver returns a lock over a lease that is free, and what it logged.
func lockOver(client *fake.Clientset, clock *clocktesting.FakePassiveClock) (*lock, *lease, *[]string) {
	said, below := &[]string{}, &lease{}
	log := funcr.New(func(_, line string) { *said = append(*said, line) }, funcr.Options{})
	return &lock{Interface: below, legacy: host.NewLegacyLock(client, "system", clock, logr.Discard()), look: time.Minute, clock: clock, log: log}, below, said
}

func TestTwoManagersNeverWork(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	l, below, said := lockOver(fake.NewClientset(kubeFedsLock()), clock)
	ours, free := resourcelock.LeaderElectionRecord{HolderIdentity: "us"}, resourcelock.LeaderElectionRecord{}
	steps := []struct {
		why           string
		after         time.Duration
		ask           func() error
		refused       bool
		gets, updates int
	}{
		{why: "KubeFed works: the lease is not even looked at", ask: func() error { _, _, err := l.Get(t.Context()); return err }, refused: true},
		{why: "nor renewed", ask: func() error { return l.Update(t.Context(), ours) }, refused: true},
		{why: "but given back", ask: func() error { return l.Update(t.Context(), free) }, updates: 1},
		{why: "KubeFed's own lease has not passed", after: 14 * time.Second, ask: func() error { return l.Update(t.Context(), ours) }, refused: true, updates: 1},
		{why: "now it has", after: time.Second, ask: func() error { _, _, err := l.Get(t.Context()); return err }, gets: 1, updates: 1},
		{why: "and it is ours", ask: func() error { return l.Update(t.Context(), ours) }, gets: 1, updates: 2},
	}
	for _, s := range steps {
		clock.SetTime(clock.Now().Add(s.after))
		err := s.ask()
		if refused := err != nil; refused != s.refused || below.gets != s.gets || below.updates != s.updates {
			t.Errorf("%s: %v, asked %+v", s.why, err, below)
		}
		if err != nil && !strings.Contains(err.Error(), "manager-0, in the ConfigMap system/kubefed-controller-manager") {
			t.Errorf("%s: %v does not say who is at work", s.why, err)
		}
	}
	want := []string{
		`"level"=0 "msg"="waiting: a KubeFed controller manager is at work; stop it to let fedsyncd take over" "holder"="manager-0, in the ConfigMap system/kubefed-controller-manager"`,
		`"level"=0 "msg"="KubeFed's lock is free"`,
	}
	if diff := cmp.Diff(want, *said); diff != "" {
		t.Errorf("what changes is said once (-want +got):\n%s", diff)
	}
}

// A leader renews its Lease more often than anybody has to look at KubeFed's lock, and a standby asks for it more often.
func TestTheLockIsNotLookedAtAllTheTime(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	client := fake.NewClientset()
	l, _, _ := lockOver(client, clock)
	ours := resourcelock.LeaderElectionRecord{HolderIdentity: "us"}
	const once = 2 // a ConfigMap and Endpoints
	steps := []struct {
		why   string
		after time.Duration
		ask   func() error
		looks int
	}{
		{why: "nobody has looked yet", ask: func() error { _, _, err := l.Get(t.Context()); return err }, looks: once},
		{why: "a standby asks again", after: time.Second, ask: func() error { _, _, err := l.Get(t.Context()); return err }},
		{why: "before the Lease is taken the lock must be free now, not a second ago", ask: func() error { return l.Update(t.Context(), ours) }, looks: once},
		{why: "the Lease is renewed", after: time.Second, ask: func() error { return l.Update(t.Context(), ours) }},
		{why: "it was two seconds ago", after: time.Second, ask: func() error { return l.Update(t.Context(), ours) }, looks: once},
		{why: "the Lease is given back", ask: func() error { return l.Update(t.Context(), resourcelock.LeaderElectionRecord{}) }},
		{why: "and taken anew", ask: func() error { return l.Create(t.Context(), ours) }, looks: once},
	}
	for _, s := range steps {
		clock.SetTime(clock.Now().Add(s.after))
		client.ClearActions()
		if err := s.ask(); err != nil {
			t.Errorf("%s: %v", s.why, err)
		}
		if looks := len(client.Actions()); looks != s.looks {
			t.Errorf("%s: looked %d times, want %d", s.why, looks, s.looks)
		}
	}
}

func TestALockThatCannotBeReadIsRespected(t *testing.T) {
	client := fake.NewClientset()
	broken := errors.New("broken")
	client.PrependReactor("get", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, broken })
	l, below, _ := lockOver(client, clocktesting.NewFakePassiveClock(noon))
	if _, _, err := l.Get(t.Context()); !errors.Is(err, broken) || below.gets != 0 {
		t.Errorf("%v, asked %+v", err, below)
	}
}

func TestALeaderStaysOneWhileTheLockCannotBeRead(t *testing.T) {
	client := fake.NewClientset()
	client.PrependReactor("get", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewInternalError(errors.New("broken"))
	})
	l, below, _ := lockOver(client, clocktesting.NewFakePassiveClock(noon))
	l.ours = true
	if err := l.Update(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: "us"}); err != nil || below.updates != 1 {
		t.Errorf("%v, asked %+v", err, below)
	}
}

func TestAwait(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	l, _, _ := lockOver(fake.NewClientset(kubeFedsLock()), clock)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.await(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("while KubeFed works: %v", err)
	}
	clock.SetTime(noon.Add(15 * time.Second))
	if err := l.await(t.Context()); err != nil {
		t.Errorf("after it: %v", err)
	}
}
