package simfleet_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/lab/simfleet"
)

// watcher is what clients of metadata (in protobuf) and of whole objects (in JSON) have in common.
type watcher interface {
	Watch(ctx context.Context, o metav1.ListOptions) (watch.Interface, error)
}

const selector = "fedsync.io/managed"

func typed(t *testing.T, config *rest.Config) *kubernetes.Clientset {
	t.Helper()
	config = rest.CopyConfig(config)
	config.ContentType = runtime.ContentTypeProtobuf
	c, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func watchers(t *testing.T, config *rest.Config, namespace string) map[string]watcher {
	t.Helper()
	partial, err := metadata.NewForConfig(metadata.ConfigFor(config))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	resource := corev1.SchemeGroupVersion.WithResource("configmaps")
	return map[string]watcher{"metadata in protobuf": partial.Resource(resource).Namespace(namespace), "objects in JSON": whole.Resource(resource).Namespace(namespace)}
}

// TestWatchConformance compares the events of a simulated and a real server, and what typed and metadata clients read.
func TestWatchConformance(t *testing.T) {
	simulated, actual := servers(t)
	got, want := watched(t, simulated.config), watched(t, actual.config)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-real +simulated):\n%s", diff)
	}
	if len(want["objects in JSON"]) != 5 || len(want["initial metadata in protobuf"]) != 3 {
		t.Errorf("the real server told less than was done: %v", want)
	}
}

// watched does some changes and returns, by client, what was told.
func watched(t *testing.T, config *rest.Config) map[string][]string {
	t.Helper()
	const namespace = "watched"
	client := typed(t, config)
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	maps := client.CoreV1().ConfigMaps(namespace)
	begin, err := maps.List(t.Context(), metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	streams := map[string]watch.Interface{}
	for name, w := range watchers(t, config, namespace) {
		if streams[name], err = w.Watch(ctx, metav1.ListOptions{LabelSelector: selector, ResourceVersion: begin.ResourceVersion, AllowWatchBookmarks: true}); err != nil {
			t.Fatal(err)
		}
		defer streams[name].Stop()
	}
	managed := map[string]string{selector: "true"}
	made := []*corev1.ConfigMap{
		{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: managed}},
		{ObjectMeta: metav1.ObjectMeta{Name: "unlabelled"}},
	}
	for _, o := range made {
		if _, err := maps.Create(t.Context(), o, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, patch := range []string{`{"data":{"k":"v"}}`, `{"metadata":{"labels":{"` + selector + `":null}}}`, `{"metadata":{"labels":{"` + selector + `":"false"}}}`} {
		if _, err := maps.Patch(t.Context(), "a", types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := maps.Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	told := map[string][]string{}
	for name, s := range streams {
		told[name] = read(t, s, func(events []string, _ watch.Event) bool { return len(events) == 5 })
	}
	initial(ctx, t, config, told)
	return told
}

// initial lists by a watch, and reads an object whole in protobuf.
func initial(ctx context.Context, t *testing.T, config *rest.Config, told map[string][]string) {
	t.Helper()
	const namespace = "watched"
	maps := typed(t, config).CoreV1().ConfigMaps(namespace)
	for _, name := range []string{"b", "c"} {
		o := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{selector: "true"}}, Data: map[string]string{"k": name}}
		if _, err := maps.Create(t.Context(), o, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := maps.Get(t.Context(), "b", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	told["typed"] = []string{whole.Name, whole.Data["k"], fmt.Sprint(whole.Labels, len(whole.ManagedFields), whole.UID != "", whole.ResourceVersion != "")}
	for name, w := range watchers(t, config, namespace) {
		s, err := w.Watch(ctx, metav1.ListOptions{
			LabelSelector: selector, SendInitialEvents: new(true), ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan, AllowWatchBookmarks: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		told["initial "+name] = read(t, s, func(_ []string, e watch.Event) bool { return e.Type == watch.Bookmark })
		s.Stop()
	}
}

// read returns events as text until enough were told or the stream ends. Bookmarks other than the initial one depend on time.
func read(t *testing.T, s watch.Interface, enough func([]string, watch.Event) bool) []string {
	t.Helper()
	var events []string
	last := 0
	for e := range s.ResultChan() {
		m, err := meta.Accessor(e.Object)
		if err != nil {
			t.Fatalf("%s with a %T: %v", e.Type, e.Object, err)
		}
		version, err := strconv.Atoi(m.GetResourceVersion())
		if err != nil || version <= last && e.Type != watch.Bookmark {
			t.Errorf("%s %s has version %q after %d", e.Type, m.GetName(), m.GetResourceVersion(), last)
		}
		last = version
		if e.Type == watch.Bookmark && m.GetAnnotations()[metav1.InitialEventsAnnotationKey] == "" {
			continue
		}
		kind := e.Object.GetObjectKind().GroupVersionKind()
		events = append(events, fmt.Sprint(e.Type, " ", m.GetName(), " ", m.GetLabels(), m.GetAnnotations(), kind))
		if enough(events, e) {
			break
		}
	}
	return events
}

// TestDiscoveryConformance compares what both say about themselves. The versions need only have the same shape.
func TestDiscoveryConformance(t *testing.T) {
	simulated, actual := servers(t)
	type resource struct {
		Name, Kind string
		Namespaced bool
	}
	found := map[string][]resource{}
	for _, s := range []*server{simulated, actual} {
		client, err := discovery.NewDiscoveryClientForConfig(s.config)
		if err != nil {
			t.Fatal(err)
		}
		for _, gv := range []string{"v1", "apps/v1"} {
			list, err := client.ServerResourcesForGroupVersion(gv)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range list.APIResources {
				if r.Name == "configmaps" || r.Name == "deployments" {
					found[s.name] = append(found[s.name], resource{r.Name, r.Kind, r.Namespaced})
				}
			}
		}
		version, err := client.ServerVersion()
		if err != nil || version.Major != "1" || version.Minor != "37" || version.GitVersion == "" || version.Platform == "" {
			t.Errorf("the %s server has version %v, %v", s.name, version, err)
		}
	}
	if diff := cmp.Diff(found["real"], found["simulated"]); diff != "" {
		t.Errorf("(-real +simulated):\n%s", diff)
	}
}

// TestExpiredWatch: a real server cannot be brought to forget quickly.
func TestExpiredWatch(t *testing.T) {
	config := memberOf(startFleet(t, simfleet.Options{Members: 1, History: 2}), "m1")
	for i := range 10 {
		o := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("c", i)}}
		if _, err := typed(t, config).CoreV1().ConfigMaps("default").Create(t.Context(), o, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for name, w := range watchers(t, config, "default") {
		s, err := w.Watch(t.Context(), metav1.ListOptions{ResourceVersion: "1"})
		if err != nil {
			t.Fatal(err)
		}
		e := <-s.ResultChan()
		s.Stop()
		if err := apierrors.FromObject(e.Object); e.Type != watch.Error || !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) {
			t.Errorf("%s: %s %v, want an expired version", name, e.Type, err)
		}
	}
}
