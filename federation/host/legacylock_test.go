package host

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	clocktesting "k8s.io/utils/clock/testing"
)

var lockedAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// record is what a KubeFed controller manager writes, renewed at the time.
func record(holder string, renewed time.Time) string {
	return fmt.Sprintf(`{"holderIdentity":%q,"leaseDurationSeconds":15,"acquireTime":"2026-01-01T00:00:00Z","renewTime":%q,"leaderTransitions":0}`, holder, renewed.Format(time.RFC3339))
}

func lockMeta(record string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "system", Name: "kubefed-controller-manager", Annotations: map[string]string{"control-plane.alpha.kubernetes.io/leader": record}}
}

func configMapLock(record string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: lockMeta(record)}
}

func endpointsLock(record string) *corev1.Endpoints { //nolint:staticcheck // KubeFed may have locked it
	return &corev1.Endpoints{ObjectMeta: lockMeta(record)} //nolint:staticcheck // as above
}

func TestHolder(t *testing.T) {
	const inConfigMap, inEndpoints = "a, in the ConfigMap system/kubefed-controller-manager", "a, in the Endpoints system/kubefed-controller-manager"
	other := configMapLock(record("a", lockedAt))
	other.Name = "other"
	tests := map[string]struct {
		why     string
		objects []runtime.Object
		want    string
	}{
		"nothing":             {why: "KubeFed never ran here"},
		"another ConfigMap":   {why: "the name is KubeFed's", objects: []runtime.Object{other}},
		"a held ConfigMap":    {why: "KubeFed's default", objects: []runtime.Object{configMapLock(record("a", lockedAt))}, want: inConfigMap},
		"held Endpoints":      {why: "its other choice", objects: []runtime.Object{endpointsLock(record("a", lockedAt))}, want: inEndpoints},
		"a free ConfigMap":    {why: "whoever releases it leaves no name", objects: []runtime.Object{configMapLock(record("", lockedAt))}},
		"one free, one held":  {why: "both are looked at", objects: []runtime.Object{configMapLock(record("", lockedAt)), endpointsLock(record("a", lockedAt))}, want: inEndpoints},
		"no record":           {why: "the chart may have made the object", objects: []runtime.Object{&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "kubefed-controller-manager"}}}},
		"a record of nothing": {why: "nobody can be told from it", objects: []runtime.Object{configMapLock(`{`)}},
		"one of long ago":     {why: "it expired before we came, by more than clocks differ", objects: []runtime.Object{configMapLock(record("a", lockedAt.Add(-2*time.Minute)))}},
		"one of the past": {
			why: "the other clock may be behind ours: it may still be renewed", objects: []runtime.Object{configMapLock(record("a", lockedAt.Add(-30*time.Second)))}, want: inConfigMap,
		},
		"one of the future": {why: "the other clock may be ahead of ours", objects: []runtime.Object{configMapLock(record("a", lockedAt.Add(time.Hour)))}, want: inConfigMap},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			l := NewLegacyLock(fake.NewClientset(tc.objects...), "system", clocktesting.NewFakePassiveClock(lockedAt), logr.Discard())
			got, err := l.Holder(t.Context())
			if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got), because %s:\n%s", err, tc.why, diff)
			}
		})
	}
}

// A lock is held until its lease has passed by our clock since it was seen to change, as for every other candidate.
func TestHolderAsTimePasses(t *testing.T) {
	type step struct {
		after   time.Duration
		renewed bool
		held    bool
	}
	tests := map[string]struct {
		why   string
		skew  time.Duration // of the other clock
		steps []step
	}{
		"it is renewed":             {why: "the holder lives", steps: []step{{0, false, true}, {14 * time.Second, true, true}, {14 * time.Second, false, true}, {time.Second, false, false}}},
		"it is not renewed":         {why: "the holder is gone when its lease has passed", steps: []step{{0, false, true}, {14 * time.Second, false, true}, {time.Second, false, false}}},
		"a clock that is behind":    {why: "what counts is when we saw it change", skew: -30 * time.Second, steps: []step{{0, false, true}, {10 * time.Second, true, true}, {10 * time.Second, false, true}, {5 * time.Second, false, false}}},
		"a clock that is ahead":     {why: "as above: nobody waits an hour", skew: time.Hour, steps: []step{{0, false, true}, {15 * time.Second, false, false}}},
		"it is renewed after a gap": {why: "the holder was slow, and works again", steps: []step{{0, false, true}, {20 * time.Second, false, false}, {time.Second, true, true}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			clock := clocktesting.NewFakePassiveClock(lockedAt)
			client := fake.NewClientset(configMapLock(record("a", lockedAt.Add(tc.skew))))
			l := NewLegacyLock(client, "system", clock, logr.Discard())
			for i, s := range tc.steps {
				clock.SetTime(clock.Now().Add(s.after))
				if s.renewed {
					if _, err := client.CoreV1().ConfigMaps("system").Update(t.Context(), configMapLock(record("a", clock.Now().Add(tc.skew))), metav1.UpdateOptions{}); err != nil {
						t.Fatal(err)
					}
				}
				holder, err := l.Holder(t.Context())
				if err != nil || (holder != "") != s.held {
					t.Errorf("step %d: holder %q, error %v, want it held: %v, because %s", i, holder, err, s.held, tc.why)
				}
			}
		})
	}
}

func TestHolderCannotBeTold(t *testing.T) {
	configMaps := schema.GroupResource{Resource: "configmaps"}
	tests := map[string]struct {
		why    string
		err    error
		failed bool
	}{
		"it may not be read": {why: "who withholds it has decided", err: apierrors.NewForbidden(configMaps, "kubefed-controller-manager", nil)},
		"no namespace":       {why: "there can be no lock", err: apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "system")},
		"no answer":          {why: "it may be held", err: context.DeadlineExceeded, failed: true},
		"a broken server":    {why: "as above", err: apierrors.NewInternalError(context.Canceled), failed: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset()
			client.PrependReactor("get", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, tc.err })
			holder, err := NewLegacyLock(client, "system", clocktesting.NewFakePassiveClock(lockedAt), logr.Discard()).Holder(t.Context())
			if holder != "" || (err != nil) != tc.failed {
				t.Errorf("holder %q, error %v, want an error: %v, because %s", holder, err, tc.failed, tc.why)
			}
		})
	}
}
