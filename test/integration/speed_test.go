package integration

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"
)

const (
	speedObjects = 300
	// slower is how many times as long as the bare client fedsync may take.
	slower = 2.0
	// repair is the longest that the repair of a changed copy may take (KubeFed: 10 s).
	repair = 200 * time.Millisecond
)

// TestSpeedAgainstABareClient compares fedsync with a client that sends only the requests that cannot be avoided: the
// user's own write, two patches of the host and an apply per copy. Both run on the same clusters, one after the other.
func TestSpeedAgainstABareClient(t *testing.T) {
	quiet(t)
	if _, err := fleet.daemon.Stop(); err != nil {
		t.Error(err)
	}
	limit := measureLimit(t)
	if err := fleet.startDaemon(t.Context(), fleet.binary); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fleet.restart(t, fleet.raceBinary) })
	s := newScene(t, "speed")
	hostWrites := -writes(t, fleet.lab.Host(), "federatedconfigmaps")
	created := s.timed(t, "create", func() { s.configMaps(t, speedObjects, "0") })
	perObject := (hostWrites + writes(t, fleet.lab.Host(), "federatedconfigmaps")) / speedObjects
	edited := s.timed(t, "edit", func() { s.editAll(t, speedObjects, "1") })
	s.allHave(t, time.Second, "1", "member1", "member2", "member3")
	t.Logf("measured: %d ConfigMaps x %d members: bare client %s, created and settled %s (%.2f x), edited and settled %s; %.2f host writes per new object, the user's included",
		speedObjects, members, limit.Round(time.Millisecond), created.Round(time.Millisecond), created.Seconds()/limit.Seconds(), edited.Round(time.Millisecond), perObject)
	if created.Seconds() > slower*limit.Seconds() {
		t.Errorf("%s is over %.1f times the bare client's %s", created, slower, limit)
	}
	measureDrift(t, s)
	start := time.Now()
	concurrently(t, speedObjects, func(i int) error {
		return s.host.of("federatedconfigmap").Delete(t.Context(), fmt.Sprintf("c%d", i), noOptions)
	})
	eventually(t, time.Minute, "all objects are gone", func() string {
		list, err := s.host.of("federatedconfigmap").List(t.Context(), metav1.ListOptions{Limit: 1})
		if err != nil || len(list.Items) > 0 {
			return fmt.Sprintf("some are left: %v", err)
		}
		return ""
	})
	t.Logf("measured: all deleted, in the members and on the host, after %s", time.Since(start).Round(time.Millisecond))
}

// measureLimit returns the bare client's best time over several concurrencies.
func measureLimit(t *testing.T) time.Duration {
	t.Helper()
	bare := newBareClient(t)
	best := time.Duration(0)
	for _, concurrency := range []int{8, 16, 32} {
		namespace := fmt.Sprintf("bare%d", concurrency)
		bare.namespace(t, namespace)
		start := time.Now()
		bare.run(t, namespace, concurrency)
		took := time.Since(start)
		t.Logf("measured: bare client with %d in flight: %s", concurrency, took.Round(time.Millisecond))
		if best == 0 || took < best {
			best = took
		}
		bare.clear(t, namespace)
	}
	return best
}

type bareClient struct {
	host    metadata.Interface
	members []metadata.Interface
}

func newBareClient(t *testing.T) bareClient {
	t.Helper()
	var b bareClient
	for i, c := range fleet.lab.Clusters() {
		client, err := metadata.NewForConfig(c.RESTConfig())
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			b.host = client
		} else {
			b.members = append(b.members, client)
		}
	}
	return b
}

func (b bareClient) namespace(t *testing.T, name string) {
	t.Helper()
	manifest := fmt.Sprintf(`{apiVersion: v1, kind: Namespace, metadata: {name: %s}}`, name)
	cluster{client: fleet.host}.create(t, "namespace", manifest)
	for _, client := range fleet.members {
		cluster{client: client}.create(t, "namespace", manifest)
	}
}

func (b bareClient) run(t *testing.T, namespace string, concurrency int) {
	t.Helper()
	next := make(chan int)
	var workers sync.WaitGroup
	for range concurrency {
		workers.Go(func() {
			for i := range next {
				if err := b.one(t, namespace, fmt.Sprintf("c%d", i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range speedObjects {
		next <- i
	}
	close(next)
	workers.Wait()
}

func (b bareClient) one(t *testing.T, namespace, name string) error {
	ctx := t.Context()
	if err := createConfigMap(t, namespace, name, "0"); err != nil {
		return err
	}
	federated := b.host.Resource(kinds["federatedconfigmap"]).Namespace(namespace)
	if _, err := federated.Patch(ctx, name, types.MergePatchType, []byte(`{"metadata":{"finalizers":["kubefed.io/sync-controller"]}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"v": "0", "payload": payload},
		"metadata": map[string]any{"name": name, "namespace": namespace, "labels": map[string]any{"kubefed.io/managed": "true"}},
	})
	if err != nil {
		return err
	}
	force := true
	for _, m := range b.members {
		if _, err := m.Resource(kinds["configmap"]).Namespace(namespace).Patch(ctx, name, types.ApplyPatchType, body, metav1.PatchOptions{FieldManager: "bare", Force: &force}); err != nil {
			return err
		}
	}
	status := `{"status":{"observedGeneration":1,"conditions":[{"type":"Propagation","status":"True"}],"clusters":[{"name":"member1"},{"name":"member2"},{"name":"member3"}]}}`
	_, err = federated.Patch(ctx, name, types.MergePatchType, []byte(status), metav1.PatchOptions{}, "status")
	return err
}

func (b bareClient) clear(t *testing.T, namespace string) {
	t.Helper()
	concurrently(t, speedObjects, func(i int) error {
		federated := b.host.Resource(kinds["federatedconfigmap"]).Namespace(namespace)
		_, err := federated.Patch(t.Context(), fmt.Sprintf("c%d", i), types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		return err
	})
	cluster{client: fleet.host}.remove(t, "namespace", namespace)
	for _, client := range fleet.members {
		cluster{client: client}.remove(t, "namespace", namespace)
	}
	eventually(t, 2*time.Minute, "the namespace of the bare client is gone", func() string {
		if (cluster{client: fleet.host}).get(t, "namespace", namespace) != nil {
			return "it is still there"
		}
		return ""
	})
}

// timed returns how long it takes from the first write until every object is settled, as a watch on the host tells.
func (s scene) timed(t *testing.T, what string, write func()) time.Duration {
	t.Helper()
	w, err := s.host.of("federatedconfigmap").Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	start := time.Now()
	generation := map[string]int64{"create": 1, "edit": 2}[what]
	done := make(chan time.Time, 1)
	go awaitSettled(w, generation, done)
	write()
	select {
	case end := <-done:
		return end.Sub(start)
	case <-time.After(2 * time.Minute):
		t.Fatalf("%s: not all are settled after two minutes", what)
		return 0
	}
}

// awaitSettled reports when all objects are settled in the generation.
func awaitSettled(w watch.Interface, generation int64, done chan<- time.Time) {
	settled := map[string]bool{}
	for event := range w.ResultChan() {
		o, ok := event.Object.(*unstructured.Unstructured)
		if !ok {
			continue
		}
		if st := statusOf(o); st.ObservedGeneration >= generation && st.reason() == "True " {
			settled[o.GetName()] = true
		}
		if len(settled) == speedObjects {
			done <- time.Now()
			return
		}
	}
}

// measureDrift changes copies one after another and waits for each to be repaired.
func measureDrift(t *testing.T, s scene) {
	t.Helper()
	m := s.m["member2"]
	var took []time.Duration
	for i := range 20 {
		name := fmt.Sprintf("c%d", i)
		w, err := m.of("configmap").Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=" + name})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		m.patch(t, "configmap", name, `{data: {v: hacked}}`)
		seen := false
		for event := range w.ResultChan() {
			o, _ := event.Object.(*unstructured.Unstructured)
			value, _, _ := unstructured.NestedString(o.Object, "data", "v")
			seen = seen || value == "hacked"
			if seen && value == "1" {
				break
			}
		}
		took = append(took, time.Since(start))
		w.Stop()
	}
	slices.Sort(took)
	t.Logf("measured: drift repaired after p50 %s, max %s of %d, the change itself included", took[len(took)/2].Round(time.Microsecond), took[len(took)-1].Round(time.Microsecond), len(took))
	if worst := took[len(took)-1]; worst > repair {
		t.Errorf("a repair took %s, want at most %s", worst, repair)
	}
}
