package host

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/clock"

	"github.com/fedsync/fedsync/federation/fault"
)

// legacyLockName is the name of the ConfigMap, or Endpoints, that a KubeFed controller manager locks.
const legacyLockName = "kubefed-controller-manager"

// clockSkew is how far the clocks of two hosts may be apart: a lock that expired longer ago is nobody's.
const clockSkew = time.Minute

// LegacyLock looks at the lock of a KubeFed controller manager, so that two managers never work at the same time. Only one
// goroutine may use it.
type LegacyLock struct {
	client    kubernetes.Interface
	namespace string
	clock     clock.PassiveClock
	log       logr.Logger
	seen      map[string]sighting
	unseen    map[string]bool // kinds that may not be read
}

// sighting is when a lock was first seen with its present content.
type sighting struct {
	record string
	since  time.Time
}

// NewLegacyLock returns the lock of the KubeFed in the namespace.
func NewLegacyLock(c kubernetes.Interface, namespace string, clock clock.PassiveClock, log logr.Logger) *LegacyLock {
	return &LegacyLock{client: c, namespace: namespace, clock: clock, log: log, seen: map[string]sighting{}, unseen: map[string]bool{}}
}

// Holder says who holds the lock and where, or returns "". A lock that is not renewed counts as held until its lease has
// passed since it was first looked at, because the clock that it was written by may be another. A lock that may not be
// read counts as free.
func (l *LegacyLock) Holder(ctx context.Context) (string, error) {
	for _, kind := range [...]string{"ConfigMap", "Endpoints"} {
		record, err := l.record(ctx, kind)
		switch fault.Of(err).Class {
		case fault.None:
			if holder := l.holder(kind, record); holder != "" {
				return fmt.Sprintf("%s, in the %s %s/%s", holder, kind, l.namespace, legacyLockName), nil
			}
		case fault.Forbidden:
			if !l.unseen[kind] {
				l.unseen[kind] = true
				l.log.Info("may not look whether a KubeFed controller manager is at work: make sure that none is", "reason", err.Error())
			}
		case fault.Absent, fault.NamespaceMissing, fault.TypeMissing:
		default:
			return "", fmt.Errorf("get %s %q: %w", kind, legacyLockName, err)
		}
	}
	return "", nil
}

func (l *LegacyLock) record(ctx context.Context, kind string) (string, error) {
	var o metav1.Object
	var err error
	if kind == "ConfigMap" {
		o, err = l.client.CoreV1().ConfigMaps(l.namespace).Get(ctx, legacyLockName, metav1.GetOptions{})
	} else {
		o, err = l.client.CoreV1().Endpoints(l.namespace).Get(ctx, legacyLockName, metav1.GetOptions{})
	}
	if err != nil {
		return "", err
	}
	return o.GetAnnotations()[resourcelock.LeaderElectionRecordAnnotationKey], nil
}

func (l *LegacyLock) holder(kind, record string) string {
	var r resourcelock.LeaderElectionRecord
	if json.Unmarshal([]byte(record), &r) != nil || r.HolderIdentity == "" {
		delete(l.seen, kind)
		return ""
	}
	now := l.clock.Now()
	if l.seen[kind].record != record {
		l.seen[kind] = sighting{record: record, since: now}
	}
	lease := time.Duration(r.LeaseDurationSeconds) * time.Second
	if now.Sub(l.seen[kind].since) >= lease || now.Sub(r.RenewTime.Time) >= lease+clockSkew {
		return ""
	}
	return r.HolderIdentity
}
