package monitoring

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
	"golang.org/x/sync/errgroup"
)

// The objects of the story. All are placed in all members unless it says otherwise.
const (
	greetings     = 12 // ConfigMaps
	massSize      = 200
	floodSize     = 80 // more than the events that may come at once
	frozenCopies  = 6  // in member1 only
	removalBudget = frozenCopies - 2

	perMember = 1 + greetings + 1 + 1 // with their namespace, a Secret and a Deployment
	// What later chapters add to each member.
	refusedPerMember = 3
	massPerMember    = 1 + massSize

	everyMember = `placement: {clusterSelector: {}}`
)

// allTypes are those of the chart.
func allTypes() []string {
	return []string{
		"clusterroles.rbac.authorization.k8s.io", "configmaps", "deployments.apps", "ingresses.networking.k8s.io", "jobs.batch",
		"namespaces", "replicasets.apps", "secrets", "serviceaccounts", "services",
	}
}

func memberNames() []string { return []string{"member1", "member2", "member3"} }

func greeting(i int) named {
	return named{"story", "FederatedConfigMap", fmt.Sprintf("c%02d", i+1)}
}

// federated makes a federated object out of its template and the rest of its spec, both as YAML flow.
func federated(o named, template, rest string) string {
	return fmt.Sprintf(`{apiVersion: types.kubefed.io/v1beta1, kind: %s, metadata: {name: %s, namespace: %s}, spec: {template: %s, %s}}`,
		o.kind, o.name, o.namespace, template, rest)
}

// federateNamespace makes a namespace and federates it to all members.
func (s *story) federateNamespace(t *testing.T, name string) {
	t.Helper()
	s.host.create(t, fmt.Sprintf(`{apiVersion: v1, kind: Namespace, metadata: {name: %s}}`, name))
	o := named{name, "FederatedNamespace", name}
	s.host.create(t, federated(o, "{}", everyMember))
	s.settled(t, o)
}

// settled waits until the status of an object says that every member has it as it is declared now.
func (s *story) settled(t *testing.T, o named) {
	t.Helper()
	s.eventually(t, patience, o.String()+" is in step", func() string {
		found := s.host.get(t, o)
		if found == nil {
			return "it is not there"
		}
		status, _ := found.Object["status"].(map[string]any)
		conditions, _ := status["conditions"].([]any)
		if len(conditions) == 0 || status["observedGeneration"] != found.GetGeneration() {
			return fmt.Sprintf("generation %d, status %v", found.GetGeneration(), status)
		}
		if c, ok := conditions[0].(map[string]any); !ok || c["status"] != "True" {
			return fmt.Sprint(conditions)
		}
		return ""
	})
}

func nobodyThere(t *testing.T, s *story) {
	s.rulesWork(t)
	s.tell(t, nobody)
}

func creation(t *testing.T, s *story) {
	// The defaults would make a member unready after half a minute.
	s.host.create(t, fmt.Sprintf(`{apiVersion: core.kubefed.io/v1beta1, kind: KubeFedConfig, metadata: {name: kubefed, namespace: %s},
		spec: {scope: Cluster, clusterHealthCheck: {period: 1s, failureThreshold: 2, successThreshold: 1, timeout: 3s}}}`, federation.Namespace))
	var err error
	if s.first, err = s.start(t.Context(), leader, s.raceBinary); err != nil {
		t.Fatal(err)
	}
	if s.second, err = s.start(t.Context(), standby, s.binary); err != nil {
		t.Fatal(err)
	}
	for _, m := range s.lab.Members() {
		err := federation.Join(t.Context(), federation.JoinOptions{Host: s.lab.Host().RESTConfig(), Member: m.RESTConfig(), Name: m.Name})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := federation.WaitReady(t.Context(), s.lab.Host().RESTConfig(), memberNames()...); err != nil {
		t.Fatal(err)
	}
	s.hideTokens(t)
	// What the first list tells is no edit.
	s.eventually(t, patience, "all types are watched", func() string {
		samples, err := s.first.Metrics(t.Context())
		if err != nil {
			return err.Error()
		}
		if synced := samples.Sum("fedsync_host_watch_synced", nil); int(synced) != len(allTypes()) {
			return fmt.Sprint(synced)
		}
		return ""
	})
	s.federateNamespace(t, "story")
	for i := range greetings {
		s.host.create(t, federated(greeting(i), `{data: {hello: world, tone: friendly}}`, everyMember))
	}
	s.host.create(t, federated(password(), fmt.Sprintf(`{data: {password: %s}}`, s.hide("of the template")), everyMember+
		fmt.Sprintf(`, overrides: [{clusterName: member1, clusterOverrides: [{path: /data/password, value: %s}]}]`, s.hide("of an override"))))
	s.host.create(t, federated(named{"story", "FederatedDeployment", "web"}, deployment, everyMember))
	s.tell(t, calm)
}

const deployment = `{spec: {replicas: 1, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}}}`

func password() named { return named{"story", "FederatedSecret", "password"} }

// edit changes all greetings.
func (s *story) edit(t *testing.T, hello string) {
	t.Helper()
	for i := range greetings {
		s.host.patch(t, greeting(i), fmt.Sprintf(`{spec: {template: {data: {hello: %s}}}}`, hello))
	}
}

func edits(t *testing.T, s *story) {
	s.edit(t, "everybody")
	s.host.patch(t, password(), fmt.Sprintf(`{spec: {template: {data: {second: %s}}}}`, s.hide("of an edit")))
	s.tell(t, edited)
}

func drift(t *testing.T, s *story) {
	s.fight = s.startFight(context.WithoutCancel(t.Context()))
	s.tell(t, drifting)
}

func absence(t *testing.T, s *story) {
	if err := s.member(t, "member2").Pause(); err != nil {
		t.Fatal(err)
	}
	s.edit(t, "nobody")
	s.tell(t, paused, s.event(greeting(1), "CheckClusters", "applied to 2 of 3 members; 1 unreachable: member2"))
	s.fight.end(t)
}

func comeback(t *testing.T, s *story) {
	if err := s.member(t, "member2").Resume(); err != nil {
		t.Fatal(err)
	}
	s.tell(t, resumed, s.event(greeting(1), "Recovered", "applied to 3 of 3 members"))
}

// refusedObjects have a copy that member3 refuses: a number of replicas that none can have, and two Secrets with content that is none.
func refusedObjects() map[named]string {
	return map[named]string{
		{"story", "FederatedDeployment", "fewer"}: `{path: /spec/replicas, value: -1}`,
		{"story", "FederatedSecret", "number"}:    `{path: /data/password, value: 472951836027}`,
		{"story", "FederatedSecret", "plain"}:     `{path: /data/password, value: "%s"}`,
	}
}

func refusals(t *testing.T, s *story) {
	s.hideText("472951836027")
	plain := s.hideText("no base64: " + s.hide("that is refused"))
	for o, override := range refusedObjects() {
		template := deployment
		if o.kind == "FederatedSecret" {
			template = `{data: {password: aGVsbG8=}}`
		}
		override = strings.ReplaceAll(override, "%s", plain)
		s.host.create(t, federated(o, template, everyMember+fmt.Sprintf(`, overrides: [{clusterName: member3, clusterOverrides: [%s]}]`, override)))
	}
	// An object in a namespace that is not federated, and one whose placement cannot be read.
	s.host.create(t, `{apiVersion: v1, kind: Namespace, metadata: {name: unfederated}}`)
	lost, muddled := named{"unfederated", "FederatedConfigMap", "lost"}, named{"story", "FederatedConfigMap", "muddled"}
	s.host.create(t, federated(lost, `{data: {a: b}}`, everyMember))
	s.host.create(t, federated(muddled, `{data: {a: b}}`, `placement: {clusterSelector: {matchExpressions: [{key: a, operator: Likes, values: [b]}]}}`))
	s.tell(t, refused, s.event(named{"story", "FederatedDeployment", "fewer"}, "CheckClusters", "applied to 2 of 3 members; 1 failed: member3"))

	s.host.remove(t, lost)
	s.host.remove(t, muddled)
	for o := range refusedObjects() {
		s.host.patch(t, o, `{spec: {overrides: null}}`)
	}
	s.tell(t, mended)
	s.picture(t, "fleet-copies-by-state", `sum by (state) (fedsync_copies)`, 2*time.Minute)
}

func inCrowd(i int) named { return named{"mass", "FederatedConfigMap", fmt.Sprintf("m%03d", i)} }

func crowd(t *testing.T, s *story) {
	s.federateNamespace(t, "mass")
	inParallel(t, massSize, func(i int) error {
		return s.host.tryCreate(t, federated(inCrowd(i), `{data: {hello: world}}`, everyMember))
	})
	inParallel(t, massSize, func(i int) error {
		return s.host.tryPatch(t.Context(), inCrowd(i), `{spec: {template: {data: {hello: everybody}}}}`)
	})
	s.tell(t, mass)

	inParallel(t, floodSize, func(i int) error {
		return s.host.tryPatch(t.Context(), inCrowd(i), `{spec: {overrides: [{clusterName: member3, clusterOverrides: [{op: add, path: /data/no key, value: a}]}]}}`)
	})
	s.tell(t, flooded)
	inParallel(t, floodSize, func(i int) error { return s.host.tryPatch(t.Context(), inCrowd(i), `{spec: {overrides: null}}`) })
	s.tell(t, drained)
	s.picture(t, "convergence-by-stage",
		`sum by (stage) (rate(fedsync_convergence_stage_seconds_sum[5s])) / sum by (stage) (rate(fedsync_convergence_stage_seconds_count[5s]))`, 30*time.Second)
}

// typo is a field that nobody knows.
func typo(t *testing.T, s *story) {
	o := named{"story", "FederatedConfigMap", "typo"}
	s.host.create(t, federated(o, `{data: {a: b}, dta: {a: b}}`, everyMember))
	s.settled(t, o)
	s.tell(t, unknown, s.event(o, "FieldsUnknown", "fields are left out that members do not know: member1, member2, member3"))
}

// budget is a label that is lost: with it, more copies than may go.
func budget(t *testing.T, s *story) {
	label := func(v string) {
		s.host.patch(t, named{federation.Namespace, "KubeFedCluster", "member1"}, fmt.Sprintf(`{metadata: {labels: {budget: %s}}}`, v))
	}
	label(`"yes"`)
	chosen := func(i int) named { return named{"story", "FederatedConfigMap", fmt.Sprintf("r%d", i)} }
	for i := range frozenCopies {
		s.host.create(t, federated(chosen(i), `{data: {a: b}}`, `placement: {clusterSelector: {matchLabels: {budget: "yes"}}}`))
	}
	for i := range frozenCopies {
		s.eventually(t, patience, "member1 has its copy", func() string {
			if s.members["member1"].get(t, named{"story", "ConfigMap", chosen(i).name}) == nil {
				return chosen(i).String()
			}
			return ""
		})
		s.settled(t, chosen(i))
	}
	label("null")
	s.tell(t, frozen)
	s.approve(t)
	s.tell(t, approved)
}

// approve lets go what the event on the KubeFedConfig speaks of.
func (s *story) approve(t *testing.T) {
	t.Helper()
	command := regexp.MustCompile(`fedsync\.io/approve-removals=([0-9a-f]+)`)
	s.eventually(t, patience, "an event tells how to approve", func() string {
		all, _, err := s.host.events(t.Context(), federation.Namespace)
		if err != nil {
			return err.Error()
		}
		for _, e := range all {
			if match := command.FindStringSubmatch(e.Message); match != nil {
				s.host.patch(t, named{federation.Namespace, "KubeFedConfig", "kubefed"}, fmt.Sprintf(`{metadata: {annotations: {fedsync.io/approve-removals: %q}}}`, match[1]))
				return ""
			}
		}
		return fmt.Sprintf("none of %d", len(all))
	})
}

const widgetType = "widgets.example.com"

// widgets is a type that is declared before its federated kind is served, and whose kind member3 does not serve.
func widgets(t *testing.T, s *story) {
	define := func(c cluster, group, version, kind, plural string) {
		c.create(t, fmt.Sprintf(`{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: %[1]s.%[2]s}, spec: {group: %[2]s, scope: Namespaced,
			names: {kind: %[3]s, plural: %[1]s}, versions: [{name: %[4]s, served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}}`,
			plural, group, kind, version))
	}
	s.host.create(t, fmt.Sprintf(`{apiVersion: core.kubefed.io/v1beta1, kind: FederatedTypeConfig, metadata: {name: %s, namespace: %s}, spec: {propagation: Enabled,
		targetType: {group: example.com, version: v1, kind: Widget, pluralName: widgets, scope: Namespaced},
		federatedType: {group: types.kubefed.io, version: v1beta1, kind: FederatedWidget, pluralName: federatedwidgets, scope: Namespaced}}}`, widgetType, federation.Namespace))
	s.tell(t, unheard)

	for _, name := range []string{"member1", "member2"} {
		define(s.members[name], "example.com", "v1", "Widget", "widgets")
	}
	define(s.host, "types.kubefed.io", "v1beta1", "FederatedWidget", "federatedwidgets")
	o := named{"story", "FederatedWidget", "wheel"}
	s.eventually(t, patience, "the kind is served", func() string {
		if err := s.host.tryCreate(t, federated(o, `{spec: {round: true}}`, everyMember)); err != nil {
			return err.Error()
		}
		return ""
	})
	s.tell(t, unserved)

	s.host.remove(t, named{federation.Namespace, "FederatedTypeConfig", widgetType})
	s.tell(t, withdrawn)
}

// inParallel does something many times.
func inParallel(t *testing.T, n int, do func(i int) error) {
	t.Helper()
	var g errgroup.Group
	g.SetLimit(8)
	for i := range n {
		g.Go(func() error { return do(i) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}
