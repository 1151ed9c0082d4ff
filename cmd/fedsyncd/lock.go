package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/clock"

	"github.com/fedsync/fedsync/federation/host"
)

// lock is the Lease that fedsyncd works under. It can neither be taken nor renewed while a KubeFed controller manager holds
// its own lock, which is another object: two managers must never work at the same time.
type lock struct {
	resourcelock.Interface

	legacy *host.LegacyLock
	look   time.Duration // how long looking at it may take: a Lease that is held must be renewed in time all the same
	clock  clock.PassiveClock
	free   time.Time // when KubeFed's lock was last seen to be free
	ours   bool      // the Lease is held
	log    logr.Logger
	said   string
}

// newLock makes the Lease without the events of the manager's own: a restart writes nothing but the Lease. The timeout is
// that of one request.
func newLock(config *rest.Config, namespace string, timeout time.Duration, log logr.Logger) (*lock, error) {
	config = rest.CopyConfig(config)
	config.Timeout = timeout
	config.WarningHandlerWithContext = rest.NoWarnings{} // KubeFed may have locked Endpoints, whose deprecation is no news every few seconds
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connect to the host: %w", err)
	}
	hostname, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("find a name for the lease: %w", err)
	}
	lease := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: namespace, Name: "fedsyncd"},
		Client:     client.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: hostname + "_" + string(uuid.NewUUID())},
	}
	return &lock{Interface: lease, legacy: host.NewLegacyLock(client, namespace, clock.RealClock{}, log), look: timeout / 2, clock: clock.RealClock{}, log: log}, nil
}

// Get implements resourcelock.Interface.
func (l *lock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	if !l.ours { // a Lease that is ours may be given back, whoever is at work
		if held, err := l.recently(ctx); held || err != nil {
			return nil, nil, err
		}
	}
	return l.Interface.Get(ctx)
}

// Create implements resourcelock.Interface.
func (l *lock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	if held, err := l.excluded(ctx); held || err != nil {
		return err
	}
	if err := l.Interface.Create(ctx, record); err != nil {
		return err
	}
	l.ours = true
	return nil
}

// Update implements resourcelock.Interface. Before the Lease is taken, KubeFed's lock is looked at; while it is held, now and then. Giving the
// Lease back is always allowed. A lock that cannot be looked at now was free when the Lease was taken: that is no reason to stop.
func (l *lock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	look := l.excluded
	if l.ours {
		look = l.recently
	}
	if record.HolderIdentity != "" {
		if held, err := look(ctx); held || err != nil && !l.ours {
			return err
		}
	}
	if err := l.Interface.Update(ctx, record); err != nil {
		return err
	}
	l.ours = record.HolderIdentity != ""
	return nil
}

// await returns when no KubeFed controller manager holds its lock. It is for a daemon that takes no Lease.
func (l *lock) await(ctx context.Context) error {
	tick := time.NewTicker(lockPeriod)
	defer tick.Stop()
	said := ""
	for {
		held, err := l.excluded(ctx)
		switch {
		case err == nil:
			return nil
		case !held && err.Error() != said:
			said = err.Error()
			l.log.Info("cannot tell whether a KubeFed controller manager is at work", "reason", said)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// lockPeriod is how often KubeFed's lock is looked at while it is waited for, and while the Lease is held.
const lockPeriod = 2 * time.Second

// recently is excluded, but does not look again for a while after the lock was seen to be free.
func (l *lock) recently(ctx context.Context) (held bool, err error) {
	if l.clock.Since(l.free) < lockPeriod {
		return false, nil
	}
	return l.excluded(ctx)
}

// excluded tells whether KubeFed's lock is held. The error says why the Lease is not ours to take: because it is, or because
// nobody can tell.
func (l *lock) excluded(ctx context.Context) (held bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.look)
	defer cancel()
	holder, err := l.legacy.Holder(ctx)
	if err != nil {
		return false, fmt.Errorf("look at KubeFed's lock: %w", err)
	}
	l.free = time.Time{}
	if holder == "" {
		l.free = l.clock.Now()
	}
	if holder != l.said {
		l.said = holder
		if holder == "" {
			l.log.Info("KubeFed's lock is free")
		} else {
			l.log.Info("waiting: a KubeFed controller manager is at work; stop it to let fedsyncd take over", "holder", holder)
		}
	}
	if holder != "" {
		return true, errors.New("a KubeFed controller manager is at work: " + holder)
	}
	return false, nil
}
