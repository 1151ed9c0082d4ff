package federation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// WaitReady waits until the daemon reports the named members as ready: until the condition Ready of their
// KubeFedClusters, in whatever namespace these are, has the status True. When the context ends first, the error says
// what each of the others is waiting for.
func WaitReady(ctx context.Context, host *rest.Config, names ...string) error {
	client, err := dynamic.NewForConfig(host)
	if err != nil {
		return fmt.Errorf("make client of %s: %w", host.Host, err)
	}
	pending := map[string]string{} // name -> why it is not ready
	for _, name := range names {
		pending[name] = "no KubeFedCluster"
	}
	if len(pending) == 0 {
		return nil
	}
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		done, err := follow(ctx, client.Resource(kubeFedClusters), pending)
		if done {
			return nil
		}
		select { // a watch ends now and then
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait until members are ready: %w: %s", errors.Join(context.Cause(ctx), err), explain(pending))
		}
	}
}

// follow lists the clusters and watches them, until nobody is pending or the watch ends.
func follow(ctx context.Context, clusters dynamic.ResourceInterface, pending map[string]string) (done bool, err error) {
	list, err := clusters.List(ctx, metav1.ListOptions{})
	if err != nil {
		return false, fmt.Errorf("list KubeFedClusters: %w", err)
	}
	for i := range list.Items {
		if settle(pending, watch.Event{Type: watch.Added, Object: &list.Items[i]}) {
			return true, nil
		}
	}
	w, err := clusters.Watch(ctx, metav1.ListOptions{ResourceVersion: list.GetResourceVersion()})
	if err != nil {
		return false, fmt.Errorf("watch KubeFedClusters: %w", err)
	}
	defer w.Stop()
	for e := range w.ResultChan() {
		if settle(pending, e) {
			return true, nil
		}
	}
	return false, nil
}

// settle updates pending by what an event tells about a member, and tells whether nobody is pending any more.
func settle(pending map[string]string, e watch.Event) bool {
	cluster, ok := e.Object.(*unstructured.Unstructured)
	if !ok {
		return false
	}
	if _, waited := pending[cluster.GetName()]; !waited {
		return false
	}
	status, message := condition(cluster, "Ready")
	if status == "True" && e.Type != watch.Deleted {
		delete(pending, cluster.GetName())
		return len(pending) == 0
	}
	pending[cluster.GetName()] = "not ready"
	if message != "" {
		pending[cluster.GetName()] = message
	}
	return false
}

func explain(pending map[string]string) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(pending)) {
		lines = append(lines, name+": "+pending[name])
	}
	return strings.Join(lines, ", ")
}
