package takeover

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/fedsync/fedsync/lab/federation"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// fleetType is one of the five types of the fleet. NAME in its texts stands for the name of an object.
type fleetType struct {
	kind   string
	target schema.GroupVersionResource
	// template is that of most objects; overrides are those of member2, for the object "overridden".
	template, overrides string
	// special objects have a spec, and perhaps annotations, that suit only this type.
	special map[string]declaration
}

type declaration struct{ annotations, spec string }

// everywhere places an object in both members.
const everywhere = `placement: {clusterSelector: {}}`

// common are objects that each type has, besides "overridden", and how they are placed.
var common = map[string]string{
	"edited":   everywhere,
	"shrunk":   everywhere,
	"deleted":  everywhere,
	"drifted":  everywhere,
	"later":    everywhere,
	"listed":   `placement: {clusters: [{name: member1}, {name: nobody}]}`,
	"selected": `placement: {clusterSelector: {matchLabels: {region: west}}}`,
}

const pod = `template: {metadata: {labels: {app: NAME}}, spec: {containers: [{name: web, image: "registry.k8s.io/pause:3.10",
	ports: [{containerPort: 80}], env: [{name: KEPT, value: a}, {name: GONE, value: soon}], resources: {requests: {cpu: 100m}}}]}}`

const web = `template: {metadata: {labels: {app: shop, tier: front}}, spec: {replicas: 1, selector: {matchLabels: {app: NAME}}, ` + pod + `}}`

var (
	configMaps = fleetType{
		kind: "ConfigMap", target: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"},
		template:  `template: {metadata: {labels: {app: shop, tier: front}}, data: {color: red, size: "9", gone: soon}}`,
		overrides: `[{path: /data/color, value: blue}, {op: add, path: /data/extra, value: "1"}, {op: remove, path: /data/size}]`,
		special: map[string]declaration{
			"orphan": {annotations: `kubefed.io/orphan: "true"`, spec: `template: {data: {color: red}}, ` + everywhere},
			"binary": {spec: `template: {binaryData: {blob: AAEC}}, ` + everywhere},
		},
	}
	deployments = fleetType{
		kind: "Deployment", target: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"},
		template:  web,
		overrides: `[{path: /spec/template/spec/containers/0/image, value: "registry.k8s.io/pause:3.9"}, {path: /spec/replicas, value: 2}]`,
		special: map[string]declaration{
			"retained": {spec: web + `, retainReplicas: true, ` + everywhere},
			"divided":  {spec: web}, // the ReplicaSchedulingPreference places it
		},
	}
	services = fleetType{
		kind: "Service", target: schema.GroupVersionResource{Version: "v1", Resource: "services"},
		template:  `template: {metadata: {labels: {app: shop, tier: front}}, spec: {selector: {app: NAME}, ports: [{name: http, port: 80}, {name: gone, port: 81}]}}`,
		overrides: `[{op: add, path: /spec/sessionAffinity, value: ClientIP}, {path: /spec/ports/0/port, value: 8080}]`,
		special: map[string]declaration{
			"node":     {spec: `template: {spec: {type: NodePort, selector: {app: NAME}, ports: [{name: dns, port: 53}, {name: dns-udp, port: 53, protocol: UDP}]}}, ` + everywhere},
			"headless": {spec: `template: {spec: {clusterIP: None, selector: {app: NAME}}}, ` + everywhere},
		},
	}
	secrets = fleetType{
		kind: "Secret", target: schema.GroupVersionResource{Version: "v1", Resource: "secrets"},
		template:  `template: {metadata: {labels: {app: shop, tier: front}}, type: Opaque, data: {user: cm9vdA==, gone: c29vbg==}}`,
		overrides: `[{path: /data/user, value: YWRtaW4=}]`,
		special: map[string]declaration{
			"text":  {spec: `template: {stringData: {user: root}}, ` + everywhere},
			"login": {spec: `template: {type: kubernetes.io/basic-auth, data: {username: cm9vdA==, password: cm9vdA==}}, ` + everywhere},
		},
	}
	serviceAccounts = fleetType{
		kind: "ServiceAccount", target: schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"},
		template:  `template: {metadata: {labels: {app: shop, tier: front}}, automountServiceAccountToken: false, imagePullSecrets: [{name: registry}, {name: gone}]}`,
		overrides: `[{path: /automountServiceAccountToken, value: true}]`,
		special: map[string]declaration{
			"bare":    {spec: `template: {}, ` + everywhere},
			"secrets": {spec: `template: {secrets: [{name: token}]}, ` + everywhere},
		},
	}

	fleetTypes = []fleetType{configMaps, deployments, services, secrets, serviceAccounts}

	// federatedNamespace is no object of the fleet, but what it lives in.
	federatedNamespace = fleetType{kind: "Namespace", target: schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}}

	propagatedVersions = schema.GroupVersionResource{Group: "core.kubefed.io", Version: "v1alpha1", Resource: "propagatedversions"}
)

// surroundings are what the fleet lives in, and how the replicas of a Deployment are divided.
const surroundings = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: types.kubefed.io/v1beta1
kind: FederatedNamespace
metadata: {name: shop, namespace: shop}
spec: {template: {metadata: {labels: {team: shop}}}, placement: {clusterSelector: {}}}
---
apiVersion: scheduling.kubefed.io/v1alpha1
kind: ReplicaSchedulingPreference
metadata: {name: divided, namespace: shop}
spec: {targetKind: FederatedDeployment, totalReplicas: 7, clusters: {member1: {weight: 2}, member2: {weight: 1}}}
`

func (f fleetType) federated() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federated" + f.target.Resource}
}

// recordName is the name of the PropagatedVersion of an object.
func (f fleetType) recordName(name string) string { return strings.ToLower(f.kind) + "-" + name }

// all returns the ten objects of the type, by name.
func (f fleetType) all() map[string]declaration {
	all := maps.Clone(f.special)
	for name, placement := range common {
		all[name] = declaration{spec: f.template + ", " + placement}
	}
	all["overridden"] = declaration{
		spec: f.template + ", " + everywhere + ", overrides: [{clusterName: member2, clusterOverrides: " + f.overrides + "}]",
	}
	return all
}

// document writes an object as YAML.
func (f fleetType) document(name string, d declaration) string {
	return fmt.Sprintf(
		"apiVersion: types.kubefed.io/v1beta1\nkind: Federated%s\nmetadata: {name: %s, namespace: %s, annotations: {%s}}\nspec: {%s}\n",
		f.kind, name, namespace, d.annotations, strings.ReplaceAll(d.spec, "NAME", name))
}

// declare makes the fleet: 50 objects of five types, in a federated namespace.
func (w *world) declare(t *testing.T) {
	t.Helper()
	documents := []string{surroundings}
	for _, f := range fleetTypes {
		all := f.all()
		for _, name := range slices.Sorted(maps.Keys(all)) {
			documents = append(documents, f.document(name, all[name]))
		}
	}
	if n := len(documents) - 1; n != 50 {
		t.Fatalf("the fleet has %d objects", n)
	}
	w.apply(t, documents)
}

// apply writes to the host as the owner of the fleet.
func (w *world) apply(t *testing.T, documents []string) {
	t.Helper()
	if err := federation.Apply(t.Context(), w.lab.Host().RESTConfig(), []byte(strings.Join(documents, "---\n"))); err != nil {
		t.Fatal(err)
	}
}

// allTypes are the five, and that of what they live in.
func allTypes() []fleetType { return append(slices.Clone(fleetTypes), federatedNamespace) }
