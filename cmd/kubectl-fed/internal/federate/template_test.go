package federate

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	o := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestTemplate(t *testing.T) {
	tests := map[string]struct {
		why, object, want string
		annotations       bool
	}{
		"metadata": {
			why:    "all but labels is one cluster's",
			object: `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, uid: u, finalizers: [f], ownerReferences: [{name: o}], labels: {a: b, kubefed.io/managed: "true"}, annotations: {n: v}}, data: {k: v}, status: {x: y}}`,
			want:   `{metadata: {labels: {a: b}}, data: {k: v}}`,
		},
		"annotations": {
			why:    "they are kept where that is asked for, but kubectl's own",
			object: `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, annotations: {n: v, kubectl.kubernetes.io/last-applied-configuration: "{}", fedsync.io/applied: h}}}`,
			want:   `{metadata: {annotations: {n: v}}}`, annotations: true,
		},
		"a Namespace":          {why: "its finalizer is the cluster's", object: `{apiVersion: v1, kind: Namespace, metadata: {name: n, labels: {kubernetes.io/metadata.name: n}}, spec: {finalizers: [kubernetes]}}`, want: `{}`},
		"a ServiceAccount":     {why: "its token is the cluster's", object: `{apiVersion: v1, kind: ServiceAccount, metadata: {name: a}, secrets: [{name: s}], imagePullSecrets: [{name: p}]}`, want: `{imagePullSecrets: [{name: p}]}`},
		"a Service":            {why: "its addresses are the cluster's", object: `{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], ports: [{port: 80, nodePort: 30000}]}}`, want: `{spec: {ports: [{port: 80}]}}`},
		"a claim":              {why: "its volume is the cluster's", object: `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: p}, spec: {volumeName: v, accessModes: [ReadWriteOnce]}}`, want: `{spec: {accessModes: [ReadWriteOnce]}}`},
		"a Job":                {why: "its selector is generated", object: `{apiVersion: batch/v1, kind: Job, metadata: {name: j, labels: {job-name: j, a: b}}, spec: {selector: {matchLabels: {controller-uid: u}}, template: {metadata: {labels: {batch.kubernetes.io/controller-uid: u, a: b}}, spec: {x: y}}}}`, want: `{metadata: {labels: {a: b}}, spec: {template: {metadata: {labels: {a: b}}, spec: {x: y}}}}`},
		"a Job by hand":        {why: "its selector is its own", object: `{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {manualSelector: true, selector: {matchLabels: {a: b}}}}`, want: `{spec: {manualSelector: true, selector: {matchLabels: {a: b}}}}`},
		"another kind's field": {why: "only a Service's is the cluster's", object: `{apiVersion: example.com/v1, kind: Service, metadata: {name: s}, spec: {clusterIP: x}}`, want: `{spec: {clusterIP: x}}`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			object := &unstructured.Unstructured{Object: decoded(t, tc.object)}
			before := object.DeepCopy()
			if diff := cmp.Diff(decoded(t, tc.want), template(object, tc.annotations)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
			if diff := cmp.Diff(before, object); diff != "" {
				t.Errorf("the object itself changed:\n%s", diff)
			}
		})
	}
}
