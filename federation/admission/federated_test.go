package admission_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/federation/admission"
	"github.com/fedsync/fedsync/federation/resolve"
	"github.com/fedsync/fedsync/fleet"
)

// world knows members a and b, and ConfigMaps.
func world() admission.World {
	return admission.World{
		Settings: resolve.Settings{Namespace: "kube-federation-system"},
		Type: fleet.Type{
			Name:      "configmaps",
			Target:    fleet.Resource{Version: "v1", Kind: "ConfigMap", Plural: "configmaps", Namespaced: true},
			Federated: fleet.Resource{Group: "types.kubefed.io", Version: "v1beta1", Kind: "FederatedConfigMap", Plural: "federatedconfigmaps", Namespaced: true},
		},
		Running: true,
		Members: fleet.NewSnapshot(fleet.Member{Name: "a"}, fleet.Member{Name: "b"}),
	}
}

func namespaces() admission.World {
	w := world()
	w.Type.Name, w.Type.Target = fleet.NamespaceType, fleet.Resource{Version: "v1", Kind: "Namespace", Plural: "namespaces"}
	return w
}

// with is a federated object with that spec.
func with(spec string) string {
	return fmt.Sprintf(`{"metadata": {"namespace": "n", "name": "o"}, "spec": %s}`, spec)
}

func TestFederated(t *testing.T) {
	cases := map[string]struct {
		why   string
		world admission.World
		sent  string
		want  admission.Judgement
	}{
		"as it should be": {
			why: "who makes no mistake reads nothing", world: world(),
			sent: with(`{"template": {"data": {"x": "1"}}, "placement": {"clusters": [{"name": "a"}]}, "overrides": [{"clusterName": "a", "clusterOverrides": [{"path": "/data/x", "value": "2"}]}]}`),
		},
		"no JSON": {why: "only an API server in trouble sends it", world: world(), sent: `{`, want: admission.Judgement{Malformed: "read FederatedConfigMap: unexpected end of JSON input"}},
		"a selector": {
			why: "kubefed#1184: it is found when it is too late", world: world(), sent: with(`{"placement": {"clusterSelector": {"matchLabels": {"region": "not a value"}}}}`),
			want: admission.Judgement{Faults: []string{`spec.placement.clusterSelector: values[0][region]: Invalid value: "not a value": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`}},
		},
		"clusters": {
			why: "a name given twice is a fault, one that may join later is none", world: world(), sent: with(`{"placement": {"clusters": [{"name": "a"}, {"name": "c"}, {"name": "a"}]}}`),
			want: admission.Judgement{
				Faults:   []string{`spec.placement.clusters[2].name: cluster "a" is listed already, in spec.placement.clusters[0]`},
				Warnings: []string{`spec.placement.clusters[1].name: there is no member "c"`},
			},
		},
		"a cluster without a name": {
			why: "it is told once", world: world(), sent: with(`{"placement": {"clusters": [{}]}}`),
			want: admission.Judgement{Faults: []string{"spec.placement.clusters[0].name: must name a cluster"}},
		},
		"overrides": {
			why: "all that is wrong with them is told at once, and what is remarkable", world: world(),
			sent: with(`{"template": {"data": {"x": "1"}}, "overrides": [
				{"clusterName": "a", "clusterOverrides": [{"path": "data/x", "value": "2"}]},
				{"clusterName": "b", "clusterOverrides": [{"path": "/metadata/name", "value": "y"}]},
				{"clusterName": "c", "clusterOverrides": [{"path": "/data/x", "value": "1"}]}]}`),
			want: admission.Judgement{
				Faults: []string{
					`spec.overrides[0].clusterOverrides[0].path: path "data/x" must start with / (RFC 6901): what is before the first / is not looked at`,
					`spec.overrides[1].clusterOverrides[0].path: path "/metadata/name" may not be overridden`,
				},
				Warnings: []string{
					`spec.overrides[0].clusterOverrides[0] for a: the template has no "data/x" to replace: the override adds it`,
					"spec.overrides[2].clusterName for c: there is no such member",
					`spec.overrides[2].clusterOverrides[0] for c: the template has the same value at "/data/x"`,
				},
			},
		},
		"switched off": {
			why: "nothing happens, and nobody would say so", world: func() admission.World { w := world(); w.Off = true; return w }(), sent: with(`{}`),
			want: admission.Judgement{Warnings: []string{"nothing is made of it: propagation of configmaps is switched off in its FederatedTypeConfig"}},
		},
		"outside of a limited control plane": {
			why: "as above", world: func() admission.World { w := world(); w.Settings.Limited = true; return w }(), sent: with(`{}`),
			want: admission.Judgement{Warnings: []string{`nothing is made of it: the control plane is limited to namespace "kube-federation-system"`}},
		},
		"a namespace of the system": {
			why: "as above", world: namespaces(), sent: `{"metadata": {"namespace": "default", "name": "default"}, "spec": {}}`,
			want: admission.Judgement{Warnings: []string{`nothing is made of it: namespace "default" is a system namespace`}},
		},
		"a namespace elsewhere": {
			why: "as above", world: namespaces(), sent: with(`{}`),
			want: admission.Judgement{Warnings: []string{"nothing is made of it: it must lie in the namespace that it names"}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.world.Federated([]byte(c.sent))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

func TestHolds(t *testing.T) {
	off, idle := world(), world()
	off.Off, idle.Running = true, false
	cases := map[string]struct {
		why   string
		world admission.World
		sent  string
		want  bool
	}{
		"a new one":                          {why: "between its creation and the first reconcile it could be deleted, and its copies stay", world: world(), sent: with(`{}`), want: true},
		"a faulty one":                       {why: "it may be corrected", world: world(), sent: with(`{"overrides": 1}`), want: true},
		"one that has it":                    {why: "a finalizer is there once", world: world(), sent: `{"metadata": {"name": "o", "finalizers": ["kubefed.io/sync-controller"]}}`},
		"one that goes":                      {why: "a finalizer cannot be added any more", world: world(), sent: `{"metadata": {"name": "o", "deletionTimestamp": "2026-01-01T00:00:00Z"}}`},
		"one of no effect":                   {why: "nobody would take it off again", world: off, sent: with(`{}`)},
		"one of a type that nobody works on": {why: "its gate, or the type of namespaces, may be missing: nobody would take the finalizer off", world: idle, sent: with(`{}`)},
		"one of the system":                  {why: "as above", world: namespaces(), sent: `{"metadata": {"namespace": "kube-system", "name": "kube-system"}}`},
		"no JSON":                            {why: "as above", world: world(), sent: `[]`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := c.world.Holds([]byte(c.sent)); got != c.want {
				t.Errorf("%t, but %s", got, c.why)
			}
		})
	}
}

func TestJudgement(t *testing.T) {
	before := admission.Judgement{Faults: []string{"x", "y"}}
	now := admission.Judgement{Faults: []string{"y", "z"}, Warnings: []string{"w"}}
	cases := map[string]struct {
		why       string
		got, want admission.Judgement
	}{
		"without": {why: "what was wrong before keeps nobody from changing something else", got: now.Without(before), want: admission.Judgement{Faults: []string{"z"}, Warnings: []string{"w"}}},
		"another place": {
			why: "an entry before it was taken out",
			got: admission.Judgement{Faults: []string{"l[0].x: bad", "l[1].x: bad"}}.Without(admission.Judgement{Faults: []string{"l[1].x: bad"}}), want: admission.Judgement{Faults: []string{"l[1].x: bad"}},
		},
		"lenient":        {why: "faults come first", got: now.Lenient(), want: admission.Judgement{Warnings: []string{"y", "z", "w"}}},
		"within":         {why: "a thousand faults are not read", got: now.Within(1), want: admission.Judgement{Faults: []string{"y", "and 1 more"}, Warnings: []string{"w"}}},
		"as it was":      {why: "none of the above changes what it is asked of", got: now, want: admission.Judgement{Faults: []string{"y", "z"}, Warnings: []string{"w"}}},
		"nothing is new": {why: "the same object again", got: now.Without(now), want: admission.Judgement{Faults: []string{}, Warnings: []string{"w"}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

// A hundred thousand faults are neither looked for nor compared with each other.
func TestFaultsOfALongList(t *testing.T) {
	sent := []byte(with(`{"placement": {"clusters": [` + strings.Repeat(`{"name": "a"}, `, 100_000) + `{"name": "b"}]}}`))
	if j := world().Federated(sent); len(j.Without(j).Faults) > 0 || len(j.Faults) != 100 {
		t.Errorf("%d faults", len(j.Faults))
	}
}

// FuzzFederated looks for objects that end the process: everybody who may create one can send it.
func FuzzFederated(f *testing.F) {
	f.Add(with(`{"template": {"metadata": 1}, "placement": {"clusters": [{"name": 1}]}, "overrides": [{"clusterName": "a", "clusterOverrides": [{"path": "/a/-"}]}]}`))
	f.Add(with(`{"placement": {"clusters": {}, "clusterSelector": {"matchExpressions": [{"operator": "In"}]}}}`))
	f.Fuzz(func(t *testing.T, sent string) {
		first, again := world().Federated([]byte(sent)), world().Federated([]byte(sent))
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("two judgements of one object: %s", diff)
		}
		if first.Malformed != "" && !strings.HasPrefix(first.Malformed, "read ") {
			t.Errorf("%q does not say what was tried", first.Malformed)
		}
		world().Holds([]byte(sent))
	})
}
