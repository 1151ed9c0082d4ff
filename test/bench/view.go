package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// view is what a watch of one cluster tells about the objects of one namespace: a value for each. It is a
// cache.ReflectorStore.
type view struct {
	value func(runtime.Object) string
	busy  func(runtime.Object) bool // nil for never

	mu      sync.Mutex
	have    map[string]string
	counts  map[string]int // of objects by value
	working map[string]bool
	changed chan struct{} // closed at the next event
	last    time.Time     // when the last event came
	history map[string]chan string
}

func newView(value func(runtime.Object) string) *view {
	return &view{value: value, have: map[string]string{}, counts: map[string]int{}, working: map[string]bool{}, changed: make(chan struct{}), history: map[string]chan string{}}
}

// lister is a resource of some client, as far as a reflector needs it.
type lister struct {
	list  func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch func(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// run watches until the context ends, and returns once the first list is in.
func (v *view) run(ctx context.Context, l lister, example runtime.Object) error {
	source := &cache.ListWatch{ListWithContextFunc: l.list, WatchFuncWithContext: l.watch}
	go cache.NewReflectorWithOptions(source, example, v, cache.ReflectorOptions{}).RunWithContext(ctx)
	_, err := v.await(ctx, time.Minute, func() bool { return !v.last.IsZero() })
	return err
}

// Add implements cache.ReflectorStore.
func (v *view) Add(o any) error { return v.Update(o) }

// Update implements cache.ReflectorStore.
func (v *view) Update(o any) error {
	object, err := meta.Accessor(o)
	if err != nil {
		return err
	}
	typed, _ := o.(runtime.Object)
	value := v.value(typed)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.set(object.GetName(), value)
	if v.busy != nil && v.busy(typed) {
		v.working[object.GetName()] = true
	}
	v.tell()
	return nil
}

// Delete implements cache.ReflectorStore.
func (v *view) Delete(o any) error {
	object, err := meta.Accessor(o)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.drop(object.GetName())
	v.tell()
	return nil
}

// Replace implements cache.ReflectorStore.
func (v *view) Replace(list []any, _ string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	for name := range v.have {
		v.drop(name)
	}
	for _, o := range list {
		object, err := meta.Accessor(o)
		if err != nil {
			return err
		}
		typed, _ := o.(runtime.Object)
		v.set(object.GetName(), v.value(typed))
	}
	v.tell()
	return nil
}

// Resync implements cache.ReflectorStore.
func (v *view) Resync() error { return nil }

func (v *view) set(name, value string) {
	v.drop(name)
	v.have[name] = value
	v.counts[value]++
	if told := v.history[name]; told != nil {
		select {
		case told <- value:
		default: // nobody reads so far behind
		}
	}
}

func (v *view) drop(name string) {
	if value, known := v.have[name]; known {
		v.counts[value]--
		delete(v.have, name)
		delete(v.working, name)
	}
}

func (v *view) tell() {
	v.last = time.Now()
	close(v.changed)
	v.changed = make(chan struct{})
}

// await returns when the event came that made the condition true. It is asked under the view's lock.
func (v *view) await(ctx context.Context, timeout time.Duration, condition func() bool) (time.Time, error) {
	expired := time.NewTimer(timeout)
	defer expired.Stop()
	for {
		v.mu.Lock()
		met, at, changed := condition(), v.last, v.changed
		v.mu.Unlock()
		if met {
			return at, nil
		}
		select {
		case <-changed:
		case <-expired.C:
			return time.Time{}, fmt.Errorf("not within %s: %s", timeout, v.summary())
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}

// allHave waits until so many objects have the value.
func (v *view) allHave(ctx context.Context, timeout time.Duration, value string, count int) (time.Time, error) {
	return v.await(ctx, timeout, func() bool { return v.counts[value] >= count })
}

// has waits until the object has the value.
func (v *view) has(ctx context.Context, timeout time.Duration, name, value string) (time.Time, error) {
	return v.await(ctx, timeout, func() bool { return v.have[name] == value })
}

// empty waits until nothing is left.
func (v *view) empty(ctx context.Context, timeout time.Duration) (time.Time, error) {
	return v.await(ctx, timeout, func() bool { return len(v.have) == 0 })
}

// idle waits until the member's controllers have done what they have to do with the objects.
func (v *view) idle(ctx context.Context, timeout time.Duration) error {
	_, err := v.await(ctx, timeout, func() bool { return len(v.working) == 0 })
	return err
}

// follow returns a channel of all values that the object will have, until unfollow.
func (v *view) follow(name string) <-chan string {
	const behind = 16
	v.mu.Lock()
	defer v.mu.Unlock()
	told := make(chan string, behind)
	v.history[name] = told
	return told
}

func (v *view) unfollow(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.history, name)
}

func (v *view) summary() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return fmt.Sprintf("%d objects, by value %v", len(v.have), v.counts)
}

// settledValue is the generation of a federated object that all members are in step with according to its status, or "".
func settledValue(members int) func(runtime.Object) string {
	return func(o runtime.Object) string {
		u, ok := o.(*unstructured.Unstructured)
		if !ok {
			return ""
		}
		var s status
		raw, err := json.Marshal(u.Object["status"])
		if err != nil || json.Unmarshal(raw, &s) != nil || s.ObservedGeneration != u.GetGeneration() || !s.inStep(members) {
			return ""
		}
		return fmt.Sprint(u.GetGeneration())
	}
}

// status is what a manager says of a federated object, in KubeFed's form.
type status struct {
	ObservedGeneration int64       `json:"observedGeneration"`
	Conditions         []condition `json:"conditions"`
	Clusters           []condition `json:"clusters"`
}

type condition struct {
	Type   string `json:"type"`
	Status string `json:"status"`
}

// inStep tells that all members have what is declared.
func (s status) inStep(members int) bool {
	troubled := slices.ContainsFunc(s.Clusters, func(c condition) bool { return c.Status != "" && c.Status != "OK" })
	propagated := slices.Contains(s.Conditions, condition{Type: "Propagation", Status: "True"})
	return propagated && !troubled && len(s.Clusters) == members
}
