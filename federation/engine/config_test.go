package engine

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"
	"sigs.k8s.io/yaml"

	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/fleet"
)

// newRunningEngine returns an engine that runs on the host's objects, and the events that it emits.
func newRunningEngine(t *testing.T, objects ...client.Object) (*Engine, *record.FakeRecorder) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := fedv1b1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	e, _ := newEngine(t)
	events := record.NewFakeRecorder(10)
	e.objects, e.running = fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build(), t.Context()
	e.events.recorder = events
	e.options.Namespace = "system"
	close(e.started)
	return e, events
}

func employer(t *testing.T, e *Engine) *memberState {
	t.Helper()
	ms := newMemberState(t)
	ms.hired, ms.running = map[int]bool{}, t.Context()
	e.members[ms.name] = ms
	t.Cleanup(ms.dismiss)
	return ms
}

func configured(change func(*host.Config)) host.Config {
	c := host.DefaultConfig()
	change(&c)
	return c
}

func TestWorkersAreHiredAndLeave(t *testing.T) {
	e, _ := newRunningEngine(t)
	e.options.MemberWorkers = 2
	ms := employer(t, e)
	staff := func() int {
		ms.mu.Lock()
		defer ms.mu.Unlock()
		return len(ms.hired)
	}
	for _, step := range []struct {
		why               string
		concurrency, want int
	}{
		{"the daemon's own setting is more than KubeFed's default", 2, 2},
		{"the KubeFedConfig asks for more", 5, 5},
		{"those who are there stay", 5, 5},
	} {
		e.configure(configured(func(c *host.Config) { c.Concurrency = step.concurrency }))
		e.hire(ms)
		if got := staff(); got != step.want {
			t.Errorf("%d workers, want %d, because %s", got, step.want, step.why)
		}
	}
	e.configure(configured(func(c *host.Config) { c.Concurrency = 3 }))
	for number, leaves := range []bool{false, false, false, true, true} {
		if got := e.leaves(ms, number); got != leaves {
			t.Errorf("worker %d leaves: %v", number, got)
		}
	}
	if got := staff(); got != 3 {
		t.Errorf("%d workers, want 3", got)
	}
	ms.dismiss()
	e.configure(configured(func(c *host.Config) { c.Concurrency = 9 }))
	if got := staff(); got != 3 {
		t.Errorf("%d workers: somebody was hired for a member that is being disconnected", got)
	}
}

func TestAdoptionLetsEverythingTryAgain(t *testing.T) {
	tests := map[string]struct {
		why    string
		change func(*host.Config)
		again  bool
	}{
		"adoption is switched":    {why: "what exists already may be taken over now", change: func(c *host.Config) { c.Adopt = false }, again: true},
		"something else is":       {why: "what was refused would be refused again", change: func(c *host.Config) { c.Concurrency = 3 }},
		"nothing is":              {why: "a write to the KubeFedConfig is no reason", change: func(*host.Config) {}},
		"what only a restart can": {why: "it does not change anything now", change: func(c *host.Config) { c.Limited = true }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			e, _ := newRunningEngine(t)
			ms := newMemberState(t)
			ms.hired, ms.stopped = map[int]bool{}, true // nobody takes from the queue
			e.members[ms.name] = ms
			kind := fleet.Type{Name: web.Type, Target: fleet.Resource{Namespaced: true}}
			ts := &typeState{kind: kind, objects: host.NewObjects(kind.Name, func(host.Change) {})}
			if err := ts.objects.Add(&raw.Object{ObjectMeta: metav1.ObjectMeta{Namespace: web.Namespace, Name: web.Name}}); err != nil {
				t.Fatal(err)
			}
			e.types[kind.Name] = ts
			refused := trouble{verb: plan.Create, desired: contentA, attempts: 3, next: noon.Add(time.Hour)}
			ms.remember(web, refused)
			e.configure(configured(tc.change))
			if forgotten := ms.mustWait(web, refused, noon) == 0; forgotten != tc.again {
				t.Errorf("the refusal is forgotten: %v, because %s", forgotten, tc.why)
			}
			if queued := ms.queue.Len() == 1; queued != tc.again {
				t.Errorf("the copy is looked at: %v, because %s", queued, tc.why)
			}
		})
	}
}

func TestConfigReconciler(t *testing.T) {
	tests := map[string]struct {
		why, spec string // no spec: there is no KubeFedConfig
		want      host.Config
		event     string
	}{
		"none":      {why: "who deletes it did not ask for other settings", want: host.DefaultConfig()},
		"as before": {why: "nothing is said", spec: `{scope: Cluster}`, want: host.DefaultConfig()},
		"a change": {
			why: "it counts at once", spec: `{scope: Cluster, syncController: {adoptResources: Disabled}}`, want: configured(func(c *host.Config) { c.Adopt = false }),
		},
		"a fault": {
			why: "nothing of it counts, not even what is right", spec: `{scope: Cluster, syncController: {adoptResources: Disabled, maxConcurrentReconciles: 0}}`,
			want: host.DefaultConfig(), event: "Warning InvalidKubeFedConfig the settings before stay: spec.syncController.maxConcurrentReconciles: must be greater than 0",
		},
		"another scope": {
			why: "everything else counts", spec: `{scope: Namespaced, syncController: {adoptResources: Disabled}}`, want: configured(func(c *host.Config) { c.Adopt = false }),
			event: "Warning RestartRequired spec.scope is read at the start only: restart fedsyncd to apply it",
		},
		"another election": {
			why: "as above", spec: `{scope: Cluster, leaderElect: {leaseDuration: 20s}}`, want: host.DefaultConfig(),
			event: "Warning RestartRequired spec.leaderElect is read at the start only: restart fedsyncd to apply it",
		},
		"a gate": {
			why: "types are asked again", spec: `{scope: Cluster, featureGates: [{name: PushReconciler, configuration: Disabled}]}`, want: configured(func(c *host.Config) { c.Push = false }),
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var objects []client.Object
			if tc.spec != "" {
				stored := &fedv1b1.KubeFedConfig{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "kubefed"}}
				if err := yaml.UnmarshalStrict([]byte(`{spec: `+tc.spec+`}`), stored); err != nil {
					t.Fatal(err)
				}
				objects = append(objects, stored)
			}
			objects = append(objects, &fedv1b1.FederatedTypeConfig{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "configmaps"}})
			e, events := newRunningEngine(t, objects...)
			var asked []string
			e.configs.add = func(r reconcile.Request) { asked = append(asked, r.Name) }
			if _, err := (configReconciler{e}).Reconcile(t.Context(), reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "system", Name: "kubefed"}}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, e.config()); diff != "" {
				t.Errorf("settings (-want +got), because %s:\n%s", tc.why, diff)
			}
			close(events.Events)
			var said []string
			for event := range events.Events {
				said = append(said, event)
			}
			if diff := cmp.Diff(tc.event, strings.Join(said, "\n")); diff != "" {
				t.Errorf("events (-want +got), because %s:\n%s", tc.why, diff)
			}
			if all := len(asked) == 1; all != (tc.want.Push != host.DefaultConfig().Push) {
				t.Errorf("types asked: %v", asked)
			}
		})
	}
}

func TestReconcilersWaitForTheStart(t *testing.T) {
	e, _ := newEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (configReconciler{e}).Reconcile(ctx, reconcile.Request{}); err == nil {
		t.Error("reconciled before the engine runs")
	}
}
