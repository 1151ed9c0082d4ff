package metrics_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	clientmetrics "k8s.io/client-go/tools/metrics"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	_ "sigs.k8s.io/controller-runtime/pkg/controller" // it registers what fedsyncd's two controllers count
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/metrics"
)

// crowd is a Source whose members and types come and go. It is safe for concurrent use.
type crowd struct {
	mu      sync.Mutex
	members []telemetry.Member
	types   []telemetry.Type
	queues  []telemetry.Queue
}

func (c *crowd) Members() []telemetry.Member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.members)
}

func (c *crowd) Types() []telemetry.Type {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.types)
}

func (c *crowd) Queues() []telemetry.Queue { return c.queues }

func (c *crowd) addMember(m telemetry.Member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = append(c.members, m)
}

func (c *crowd) addType(t telemetry.Type) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.types = append(c.types, t)
}

func (c *crowd) removeMember(name fleet.Name) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = slices.DeleteFunc(c.members, func(m telemetry.Member) bool { return m.Name == name })
}

func (c *crowd) removeType(name fleet.TypeName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.types = slices.DeleteFunc(c.types, func(t telemetry.Type) bool { return t.Name == name })
}

// daemon are metrics that are served as fedsyncd serves them.
type daemon struct {
	*metrics.Metrics

	*crowd

	registry *prometheus.Registry
	server   *httptest.Server
}

// newDaemon leads.
func newDaemon(t *testing.T, o metrics.Options) *daemon {
	t.Helper()
	d := newStandby(t, o)
	d.Lead()
	return d
}

func newStandby(t *testing.T, o metrics.Options) *daemon {
	t.Helper()
	d := &daemon{crowd: &crowd{}, registry: prometheus.NewRegistry()}
	var err error
	if d.Metrics, err = metrics.New(d.registry, o); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"host", "members"} {
		for _, lane := range lanes {
			d.queues = append(d.queues, telemetry.Queue{Name: name, Lane: lane, Depth: 7, Oldest: time.Second})
		}
	}
	d.Watch(d.crowd)
	d.server = httptest.NewServer(metrics.Handler(d.registry, ctrlmetrics.Registry))
	t.Cleanup(d.server.Close)
	return d
}

// page is one answer to a scrape.
type page struct {
	text string
	took time.Duration
}

// series are the lines that are no comments.
func (p page) series() (lines []string) {
	for line := range strings.Lines(p.text) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// naming returns the series that have a label of that value.
func (p page) naming(value string) []string {
	return slices.DeleteFunc(p.series(), func(line string) bool { return !strings.Contains(line, fmt.Sprintf(`="%s"`, value)) })
}

func (d *daemon) scrape(t *testing.T) page {
	t.Helper()
	p, err := d.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (d *daemon) get(ctx context.Context) (page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.server.URL, http.NoBody)
	if err != nil {
		return page{}, err
	}
	request.Header.Set("Accept-Encoding", "identity")
	began := clock.RealClock{}.Now()
	answer, err := d.server.Client().Do(request)
	if err != nil {
		return page{}, err
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(answer.Body)
	took := clock.RealClock{}.Since(began)
	if err == nil && (answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain")) {
		err = fmt.Errorf("%s, %s: %.500s", answer.Status, answer.Header.Get("Content-Type"), text)
	}
	return page{text: string(text), took: took}, err
}

var lanes = []string{"edit", "drift", "resync"}

// typeNames are twenty types that people federate.
func typeNames() []fleet.TypeName {
	return []fleet.TypeName{
		"namespaces", "configmaps", "secrets", "services", "serviceaccounts", "deployments.apps", "replicasets.apps", "statefulsets.apps",
		"daemonsets.apps", "jobs.batch", "cronjobs.batch", "ingresses.networking.k8s.io", "networkpolicies.networking.k8s.io",
		"clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io", "roles.rbac.authorization.k8s.io",
		"rolebindings.rbac.authorization.k8s.io", "horizontalpodautoscalers.autoscaling", "poddisruptionbudgets.policy",
		"certificates.cert-manager.io",
	}
}

// kindOf is the federated kind of a type.
func kindOf(t fleet.TypeName) string {
	plural, _, _ := strings.Cut(string(t), ".")
	return "Federated" + strings.ToUpper(plural[:1]) + strings.TrimSuffix(plural[1:], "s")
}

func memberName(i int) fleet.Name { return fleet.Name(fmt.Sprintf("prod-eu-west-1-%04d", i)) }

// memberOf has a connection in every state, and watches in every state at once.
func memberOf(i int, name fleet.Name) telemetry.Member {
	version := "v1.37.2"
	if odd := []string{"", "v1.36.4+k3s1", strings.Repeat("ü", 300), "x" + strings.Repeat("ü", 300), "v\xff\xfe1\"\n", "\xff"}; i < len(odd) {
		version = odd[i]
	}
	return telemetry.Member{
		Name: name, Connection: telemetry.Connections()[i%len(telemetry.Connections())], Parked: i%2 == 0, Version: version,
		Probe: time.Millisecond, InFlight: int64(i), Throttled: int64(i), CredentialSince: noon, CredentialExpiry: noon.Add(time.Hour),
		Watches: map[string]int{"synced": 16, "syncing": 1, "type_missing": 1, "forbidden": 1, "unreachable": 1},
	}
}

// culprits are more managers than anybody has.
func culprits() []string {
	odd := []string{"", "kubectl-edit", "helm", "käse", "日本語", strings.Repeat("m", 300), strings.Repeat("ü", 150), "a\"b\\c\nd", "\xff\xfe", "web-7f9c", "https://10.1.2.3:6443"}
	for i := range 300 {
		odd = append(odd, fmt.Sprintf("operator-%d", i))
	}
	return odd
}

// objectName is no label's value ever.
const objectName = "payroll-secret-name"

// summaryOf is of an object whose copies are in all states: (member + shift) says which.
func summaryOf(members []fleet.Name, shift int) report.Summary {
	conditions := []string{"", report.ReasonCheckClusters, report.ReasonComputePlacementFailed, report.ReasonNamespaceNotFederated, ""}
	states := []string{report.ClusterOK, report.ClusterPending, report.ClusterWaitingForRemoval, report.ClusterNotReady}
	s := report.Summary{Known: shift%5 != 4}
	s.Status.Conditions = []report.Condition{{Type: report.ConditionPropagation, Reason: conditions[shift%5], Message: objectName}}
	for i, name := range members {
		word := report.Failures()[i%len(report.Failures())]
		if at := (i + shift) % 5; at < len(states) {
			word = states[at]
		}
		s.Status.Clusters = append(s.Status.Clusters, report.Cluster{Name: name, Status: word, Message: "https://10.0.0.1:6443 refused"})
	}
	return s
}

func keyOf(t fleet.TypeName, i int) fleet.ObjectKey {
	return fleet.ObjectKey{Type: t, Namespace: objectName, Name: fmt.Sprintf("%s-%d", objectName, i)}
}

// attemptOn is of an edit that the member took.
func attemptOn(t fleet.TypeName, member fleet.Name) telemetry.Attempt {
	return telemetry.Attempt{
		Edit: telemetry.Edit{Object: keyOf(t, 0), UID: objectName, Generation: 2, Heard: noon}, Member: member, Verb: plan.Apply, Reason: plan.Edited, ByEdit: true,
		Queued: noon.Add(time.Millisecond), First: noon.Add(2 * time.Millisecond), Taken: noon.Add(2 * time.Millisecond), Sent: noon.Add(3 * time.Millisecond), Answered: noon.Add(8 * time.Millisecond),
	}
}

// asked is what the engine requests, and why (package plan, Decide).
func asked() (pairs []plan.Action) {
	for _, reason := range []plan.Reason{plan.Missing, plan.Edited, plan.Drifted} {
		pairs = append(pairs, plan.Action{Verb: plan.Apply, Reason: reason})
	}
	pairs = append(pairs, plan.Action{Verb: plan.Create, Reason: plan.Missing})
	for _, reason := range []plan.Reason{plan.Unplaced, plan.ObjectDeleting} {
		pairs = append(pairs, plan.Action{Verb: plan.Delete, Reason: reason}, plan.Action{Verb: plan.Release, Reason: reason})
	}
	return pairs
}

// results are all classes, and one that there is not.
func results() (classes []fault.Class) {
	for c := fault.None; c <= fault.NamespaceTerminating+1; c++ {
		classes = append(classes, c)
	}
	return classes
}

// nameMember tells of everything that has a series of the member.
func (d *daemon) nameMember(t fleet.TypeName, member fleet.Name) {
	d.Attempted(attemptOn(t, member))
	failed := attemptOn(t, member)
	failed.Result = fault.Rejected
	d.Attempted(failed)
}

// nameType tells of everything that has a series of the type.
func (d *daemon) nameType(t fleet.TypeName, members []fleet.Name) {
	edit := telemetry.Edit{Object: keyOf(t, 0), UID: objectName, Generation: 2, Heard: noon}
	d.Heard(edit)
	d.Settled(telemetry.Settlement{Edit: edit, Members: len(members), Applied: noon.Add(time.Second), Confirmed: noon.Add(2 * time.Second)})
	d.FieldsUnknown(t, 3)
	for i := range 5 {
		d.Summarized(keyOf(t, i), summaryOf(members, i), noon)
	}
	for _, culprit := range culprits() {
		drifted := attemptOn(t, members[0])
		drifted.Reason, drifted.ByEdit, drifted.Drift, drifted.Culprit = plan.Drifted, false, true, culprit
		d.Attempted(drifted)
	}
	for _, end := range []telemetry.Look{telemetry.LookSuccess, telemetry.LookError, telemetry.LookNeedsRecheck, telemetry.LookNotSynced} {
		d.Looking(t, kindOf(t))(end)
	}
}

// nameTheRest tells of everything that is neither of a type nor of a member alone.
func (d *daemon) nameTheRest(t fleet.TypeName, member fleet.Name) {
	for _, pair := range asked() {
		for _, result := range results() {
			a := attemptOn(t, member)
			a.Verb, a.Reason, a.Result = pair.Verb, pair.Reason, result
			d.Attempted(a)
		}
	}
	for _, kind := range writeKinds() {
		for _, result := range results() {
			d.HostWrote(kind, result)
		}
	}
	for _, eventType := range []string{"Normal", "Warning"} {
		d.Emitted(eventType, false)
		d.Emitted(eventType, true)
	}
	for _, q := range d.Queues() {
		d.Waited(q.Name, q.Lane, time.Second)
	}
	d.RemovalsFrozen(12)
	d.Probed(time.Millisecond)
	d.Connected(time.Second, true)
	d.Left(time.Second)
}

func writeKinds() []telemetry.HostWriteKind {
	return []telemetry.HostWriteKind{
		telemetry.WriteFinalizer, telemetry.WriteStatus, telemetry.WriteVersion, telemetry.WriteClusterStatus, telemetry.WriteClusterPin,
		telemetry.WriteTypeStatus, telemetry.WriteTypeFinalizer,
	}
}

// populate makes the worst case of a fleet: everything that can be told has been told.
func (d *daemon) populate(members []fleet.Name, types []fleet.TypeName) {
	for i, name := range members {
		d.addMember(memberOf(i, name))
		d.nameMember(types[i%len(types)], name)
	}
	for i, name := range types {
		d.addType(telemetry.Type{Name: name, Synced: i%2 == 0})
		d.nameType(name, members)
	}
	d.nameTheRest(types[0], members[0])
}

// libraries makes the series that controller-runtime and client-go have in fedsyncd: two controllers.
var libraries = sync.OnceFunc(func() {
	for _, name := range []string{"kubefedcluster", "federatedtypeconfig"} {
		workqueue.NewTypedRateLimitingQueueWithConfig(workqueue.DefaultTypedControllerRateLimiter[string](),
			workqueue.TypedRateLimitingQueueConfig[string]{Name: name}).ShutDown()
	}
})

// requestsOfClients counts requests as client-go does, of an address that must not be served.
func requestsOfClients(t *testing.T) {
	t.Helper()
	clientmetrics.RequestResult.Increment(t.Context(), "200", "GET", "10.9.8.7:6443")
}

// stopped is a clock that stands still until it is moved.
func stopped() *clocktesting.FakePassiveClock {
	return clocktesting.NewFakePassiveClock(noon.Add(10 * time.Second))
}
