package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/test/measure"
)

// scenarioMetrics is the name of a scenario.
const scenarioMetrics = "metrics"

// What a fleet of a thousand members and twenty types may cost, and what any other one of as many may.
const (
	membersOfBounds = 1000
	maxSeries       = 30_000
	maxBytes        = 4 << 20
	maxScrape       = 250 * time.Millisecond
)

// typeConfigs are KubeFed's FederatedTypeConfigs.
var typeConfigs = schema.GroupVersionResource{Group: "core.kubefed.io", Version: "v1beta1", Resource: "federatedtypeconfigs"}

// federatedSecrets are of the type that is disabled.
var federatedSecrets = schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedsecrets"}

// disabledType is what is disabled, and disabledObjects how many objects there are of it.
const (
	disabledType    = "secrets"
	disabledObjects = 5
)

// moreTypes federates ten kinds besides those of the chart.
func moreTypes() []byte {
	var out strings.Builder
	for _, t := range []struct{ group, version, kind, plural, scope string }{
		{"rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", "Cluster"},
		{"rbac.authorization.k8s.io", "v1", "Role", "roles", "Namespaced"},
		{"rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", "Namespaced"},
		{"apps", "v1", "StatefulSet", "statefulsets", "Namespaced"},
		{"apps", "v1", "DaemonSet", "daemonsets", "Namespaced"},
		{"batch", "v1", "CronJob", "cronjobs", "Namespaced"},
		{"networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "Namespaced"},
		{"policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "Namespaced"},
		{"autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "Namespaced"},
		{"", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "Namespaced"},
	} {
		name := strings.TrimSuffix(t.plural+"."+t.group, ".")
		fmt.Fprintf(&out, `---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: federated%[1]s.types.kubefed.io}, spec: {group: types.kubefed.io, scope: %[2]s,
  names: {kind: Federated%[3]s, plural: federated%[1]s, singular: %[4]s, listKind: Federated%[3]sList},
  versions: [{name: v1beta1, served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}}
---
{apiVersion: core.kubefed.io/v1beta1, kind: FederatedTypeConfig, metadata: {name: %[5]s, namespace: %[6]s}, spec: {propagation: Enabled,
  targetType: {group: "%[7]s", version: %[8]s, kind: %[3]s, pluralName: %[1]s, scope: %[2]s},
  federatedType: {group: types.kubefed.io, version: v1beta1, kind: Federated%[3]s, pluralName: federated%[1]s, scope: %[2]s}}}
`, t.plural, t.scope, t.kind, strings.ToLower("federated"+t.kind), name, federation.Namespace, t.group, t.version)
	}
	return []byte(out.String())
}

// replaced is how many of so many members leave, and as many others join.
func replaced(members int) int { return max(1, members/10) }

// costOfMetrics counts series and times scrapes of a settled fleet, replaces members and disables a type while objects are edited,
// and does it again.
func costOfMetrics(ctx context.Context, w *world) error {
	members, joining := w.fleet.Members[:w.options.members], w.fleet.Members[w.options.members:]
	leaving, staying := members[:len(joining)], members[len(joining):]
	if err := w.begin(ctx, members); err != nil {
		return err
	}
	if err := w.makeSecrets(ctx, len(members)); err != nil {
		return err
	}
	if err := w.createAll(ctx); err != nil {
		return err
	}
	kinds, err := w.host.Resource(typeConfigs).Namespace(federation.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	w.notef("types", "%d", len(kinds.Items))
	before, err := w.awaitCounts(ctx, len(members), len(kinds.Items), disabledObjects)
	if err != nil {
		return err
	}
	if err := w.costOfScrapes(ctx, "settled"); err != nil {
		return err
	}
	start := time.Now()
	if err := w.churn(ctx, leaving, joining); err != nil {
		return err
	}
	after, err := w.awaitCounts(ctx, len(staying)+len(joining), len(kinds.Items)-1, 0)
	if err != nil {
		return err
	}
	w.notef("after the changes all counts are right, and no series names who is gone, within", "%.1f s", time.Since(start).Seconds())
	w.notef("series of members and types, before and after", "%d, %d", len(before.fleet()), len(after.fleet()))
	if after, err = w.scrape(ctx, plainText); err != nil { // what came too late is dropped by the scrape after it
		return err
	}
	if n := len(after.fleet()) - len(before.fleet()); n > 0 {
		return fmt.Errorf("there are %d series more than before, with as many members and a type less", n)
	}
	if err := after.namesNone(leaving, disabledType); err != nil {
		return err
	}
	return w.costOfScrapes(ctx, "after the changes")
}

// churn replaces members and disables a type while objects are edited.
func (w *world) churn(ctx context.Context, leaving, joining []string) error {
	edit := func(value string) error {
		for i := range min(w.options.objects, timedEdits) {
			if err := w.edit(ctx, nameOf(i), value); err != nil {
				return err
			}
		}
		return nil
	}
	if err := edit("before"); err != nil {
		return err
	}
	if err := w.fleet.Unregister(ctx, w.lab.Host().RESTConfig(), leaving...); err != nil {
		return err
	}
	patch := []byte(`{"spec":{"propagation":"Disabled"}}`)
	_, err := w.host.Resource(typeConfigs).Namespace(federation.Namespace).Patch(ctx, disabledType, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	if err := w.register(ctx, joining...); err != nil {
		return err
	}
	w.notef("members replaced while objects are edited, and types disabled", "%d, 1", len(joining))
	return edit("after")
}

// makeSecrets makes objects of the type that is disabled later.
func (w *world) makeSecrets(ctx context.Context, members int) error {
	for i := range disabledObjects {
		o := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "types.kubefed.io/v1beta1", "kind": "FederatedSecret", "metadata": map[string]any{"name": nameOf(i)},
			"spec": map[string]any{"placement": everywhere(), "template": map[string]any{"data": map[string]any{"value": "MA=="}}},
		}}
		if _, err := w.host.Resource(federatedSecrets).Namespace(namespace).Create(ctx, o, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	_, err := w.awaitApplies(ctx, disabledType, disabledObjects*members)
	return err
}

// awaitCounts waits until the metrics say what is true: all watches of so many members and types are there, and each member has all
// copies in step, and nothing else.
func (w *world) awaitCounts(ctx context.Context, members, kinds, secrets int) (page, error) {
	ctx, cancel := context.WithTimeout(ctx, w.options.patience)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	copies := float64(members * (1 + w.options.objects + secrets))
	want := map[string]float64{
		`fedsync_members{state="ready"}`: float64(members), `fedsync_member_watches{`: float64(members * kinds), `fedsync_member_watches{…,state="synced"}`: float64(members * kinds),
		`fedsync_member_copies{`: copies, `fedsync_member_copies{…,state="in_step"}`: copies, `fedsync_copies{`: copies, `fedsync_copies{state="in_step"`: copies,
		`fedsync_federated_objects{condition="Propagated"`: float64(1 + w.options.objects + secrets), `fedsync_host_watch_synced{`: float64(kinds), `fedsync_copies_overdue{`: 0,
	}
	for {
		p, err := w.scrape(ctx, plainText)
		if err != nil {
			return p, err
		}
		var wrong []string
		for what, n := range want {
			if got := p.sum(what); got != n {
				wrong = append(wrong, fmt.Sprintf("%s is %v, want %v", what, got, n))
			}
		}
		if len(wrong) == 0 {
			return p, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			slices.Sort(wrong)
			return p, fmt.Errorf("the metrics do not become right within %s: %s", w.options.patience, strings.Join(wrong, "; "))
		}
	}
}

// scrapesTimed is how often each form is asked for.
const scrapesTimed = 15

// costOfScrapes measures pages in each form, and fails above the bounds.
func (w *world) costOfScrapes(ctx context.Context, when string) error {
	idle, err := w.idle(ctx)
	if err != nil {
		return err
	}
	w.notef(when+": CPU of fedsyncd while nobody scrapes", "%.0f ms a second", idle*1e3)
	for _, f := range []form{plainText, gzipText, protobuf, gzipProtobuf} {
		var took []time.Duration
		var p page
		used, start := measure.ProcessorTime(w.daemon.PID()), time.Now()
		for range scrapesTimed {
			if p, err = w.scrape(ctx, f); err != nil {
				return err
			}
			took = append(took, p.took)
		}
		used = measure.ProcessorTime(w.daemon.PID()) - used - time.Duration(idle*float64(time.Since(start)))
		slices.Sort(took)
		what := fmt.Sprintf("%s, %s: bytes sent; ms per scrape, shortest, median and longest; CPU of fedsyncd for one", when, f.name)
		w.notef(what, "%d; %.0f, %.0f, %.0f; %d ms", p.sent, milliseconds(took, 0), milliseconds(took, 0.5), milliseconds(took, 1), used.Milliseconds()/scrapesTimed)
		if f == plainText {
			w.notef(when+": series in all, and of members and types alone", "%d, %d", len(p.series()), len(p.fleet()))
		}
		if err := w.within(f, p, took[0]); err != nil { // the longer ones say more of what else the machine does
			return fmt.Errorf("%s: %w", when, err)
		}
	}
	return nil
}

// idle returns the share of a processor that the daemon uses while all members are probed once.
func (w *world) idle(ctx context.Context) (float64, error) {
	const round = 10 * time.Second
	used, start := measure.ProcessorTime(w.daemon.PID()), time.Now()
	select {
	case <-time.After(round):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	return float64(measure.ProcessorTime(w.daemon.PID())-used) / float64(time.Since(start)), nil
}

// within fails above the bounds, which grow with the members above a thousand.
func (w *world) within(f form, p page, took time.Duration) error {
	times := (w.options.members + membersOfBounds - 1) / membersOfBounds
	switch {
	case f == plainText && len(p.series()) > times*maxSeries:
		return fmt.Errorf("%d series, want at most %d", len(p.series()), times*maxSeries)
	case p.sent > times*maxBytes:
		return fmt.Errorf("%d bytes, want at most %d", p.sent, times*maxBytes)
	case took > time.Duration(times)*maxScrape:
		return fmt.Errorf("a scrape takes %s, want at most %s", took, time.Duration(times)*maxScrape)
	}
	return nil
}
