package simfleet_test

const (
	typo       = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"x":"y"}},"data":{"k":"v"},"dota":{"k":"v"}}`
	twice      = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"v","k":"w"}}`
	deployment = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","labels":{"fedsync.io/managed":"true"},"annotations":{"fedsync.io/applied":"1"}},"spec":{"replicas":2,` +
		`"selector":{"matchLabels":{"app":"d"}},"template":{"metadata":{"labels":{"app":"d"}},"spec":{"containers":[{"name":"c","image":"nginx:1","ports":[{"containerPort":80}],"resources":{"requests":{"cpu":"100m"}}}]}}}}`
	deploymentTypo = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"t"},"spec":{"replicaz":1,` +
		`"selector":{"matchLabels":{"app":"d"}},"template":{"metadata":{"labels":{"app":"d"}},"spec":{"containers":[{"name":"c","image":"nginx:1"}]}}}}`
	deployment2 = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","labels":{"fedsync.io/managed":"true"},"annotations":{"fedsync.io/applied":"2"}},"spec":{` +
		`"selector":{"matchLabels":{"app":"d"}},"template":{"metadata":{"labels":{"app":"d"}},"spec":{"containers":[{"name":"c","image":"nginx:2","ports":[{"containerPort":80}]}]}}}}`
)

func refusals() []story {
	return []story{
		{"missing", []call{
			{name: "apply into a missing namespace", do: "APPLY /api/v1/namespaces/nowhere/configmaps/a" + asFedsync, body: configMap},
			{name: "create in a missing namespace", do: "POST /api/v1/namespaces/nowhere/configmaps", body: configMap},
			{name: "replace in a missing namespace", do: "PUT /api/v1/namespaces/nowhere/configmaps/a", body: configMap},
			{name: "patch in a missing namespace", do: "MERGE /api/v1/namespaces/nowhere/configmaps/a", body: `{}`},
			{name: "delete in a missing namespace", do: "DELETE /api/v1/namespaces/nowhere/configmaps/a"},
			{name: "read in a missing namespace", do: "GET /api/v1/namespaces/nowhere/configmaps/a"},
			{name: "list in a missing namespace", do: "GET /api/v1/namespaces/nowhere/configmaps"},
			{name: "a missing kind", do: "GET /api/v1/namespaces/{ns}/gadgets/a"},
			{name: "a list of a missing kind", do: "GET /api/v1/gadgets"},
			{name: "a missing kind in a group that exists", do: "APPLY /apis/apps/v1/namespaces/{ns}/gadgets/a" + asFedsync, body: configMap},
			{name: "a missing group", do: "POST /apis/example.com/v1/namespaces/{ns}/gadgets", body: configMap},
			{name: "a missing version", do: "GET /apis/apps/v9/deployments"},
			{name: "a missing version of a core kind", do: "GET /api/v9/configmaps"},
			{name: "a missing object", do: "GET {cm}/none"},
			{name: "patch a missing object", do: "JSON {cm}/none", body: `[]`},
			{name: "a missing path", do: "GET /nothing"},
			{name: "a missing namespace", do: "GET /api/v1/namespaces/nowhere"},
			{name: "a missing object of another kind", do: "GET {deploy}/none"},
		}},
		{"unknown fields", []call{
			{name: "apply strictly", do: "APPLY {cm}/a" + asFedsync + "&fieldValidation=Strict", body: typo},
			{name: "apply", do: "APPLY {cm}/a" + asFedsync, body: typo},
			{name: "apply to a Deployment", do: "APPLY {deploy}/t" + asFedsync, body: deploymentTypo},
			{name: "create strictly", do: "POST {cm}?fieldValidation=Strict", body: typo},
			{name: "ask what is unknown", do: "POST {cm}?dryRun=All&fieldValidation=Warn", body: typo},
			{name: "ask what is unknown in a Deployment", do: "POST {deploy}?dryRun=All&fieldValidation=Warn", body: deploymentTypo},
			{name: "create and ignore", do: "POST {cm}?fieldValidation=Ignore", body: typo},
			{name: "patch strictly", do: "MERGE {cm}/a?fieldValidation=Strict", body: `{"dota":{"k":"v"}}`},
			{name: "patch and warn", do: "MERGE {cm}/a", body: `{"dota":{"k":"v"}}`},
			{name: "replace strictly", do: "PUT {cm}/a?fieldValidation=Strict", body: typo},
			{name: "a field twice, create strictly", do: "POST {cm}?fieldValidation=Strict", body: twice},
			{name: "a field twice, apply strictly", do: "APPLY {cm}/a" + asFedsync + "&fieldValidation=Strict", body: twice},
			{name: "a field twice, apply", do: "APPLY {cm}/a" + asFedsync, body: twice},
		}},
		{"dry run", []call{
			{name: "apply a new object", do: "APPLY {cm}/a" + asFedsync + "&dryRun=All", body: configMap},
			{name: "it is not there", do: "GET {cm}/a"},
			{name: "create a new object", do: "POST {cm}?dryRun=All", body: configMap},
			{name: "apply", do: "APPLY {cm}/a" + asFedsync, body: configMap},
			{name: "apply a change", do: "APPLY {cm}/a" + asFedsync + "&dryRun=All", body: changed},
			{name: "create one that exists", do: "POST {cm}?dryRun=All", body: configMap},
			{name: "it did not change", do: "GET {cm}/a"},
		}},
		{"bad requests", []call{
			{name: "a wrong token", do: "GET {cm}", token: "wrong"},
			{name: "a wrong token for healthz", do: "GET /healthz", token: "wrong"},
			{name: "an answer in no known form", do: "GET {cm}", accept: "text/csv"},
			{name: "a browser's wish", do: "GET {cm}", accept: "text/html,application/xhtml+xml,*/*;q=0.8"},
			{name: "a patch of no known type", do: "MERGE {cm}/a", contentType: "application/patch", body: `{}`},
			{name: "a body of no known type", do: "POST {cm}", contentType: "text/csv", body: `{}`},
			{name: "an apply without a manager", do: "APPLY {cm}/a", body: configMap},
			{name: "an apply of another name", do: "APPLY {cm}/b" + asFedsync, body: configMap},
			{name: "an apply of another kind", do: "APPLY {secret}/a" + asFedsync, body: configMap},
			{name: "an apply with managedFields", do: "APPLY {cm}/a" + asFedsync, body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","managedFields":[{"manager":"x"}]}}`},
			{name: "an apply of no object", do: "APPLY {cm}/a" + asFedsync, body: `[`},
			{name: "an object of another kind", do: "POST {secret}", body: configMap},
			{name: "an object of another namespace", do: "POST {cm}", body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"default"}}`},
			{name: "an object without a name", do: "POST {cm}", body: `{"apiVersion":"v1","kind":"ConfigMap"}`},
			{name: "an object of a bad name", do: "APPLY {cm}/A_B" + asFedsync, body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"A_B"}}`},
			{name: "a replacement of another name", do: "PUT {cm}/b", body: configMap},
			{name: "a field of a wrong type", do: "APPLY {cm}/a" + asFedsync, body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":1}}`},
			{name: "a create with a field of a wrong type", do: "POST {cm}", body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":1}}`},
			{name: "a bad selector", do: "GET {cm}?labelSelector=a,,b"},
			{name: "a bad version", do: "GET {cm}?watch=true&resourceVersion=x"},
			{name: "a create at an object", do: "POST {cm}/a", body: configMap},
		}},
	}
}

func kinds() []story {
	apply := func(collection, name, kind, content string) call {
		return call{
			name: "apply a " + kind, do: "APPLY {" + collection + "}/" + name + asFedsync,
			body: `{"apiVersion":"v1","kind":"` + kind + `","metadata":{"name":"` + name + `","labels":{"fedsync.io/managed":"true"}},` + content + `}`,
		}
	}
	return []story{
		{"deployments", []call{
			{name: "apply", do: "APPLY {deploy}/d" + asFedsync, body: deployment},
			{name: "apply the same again", do: "APPLY {deploy}/d" + asFedsync, body: deployment},
			{name: "an autoscaler", do: "MERGE {deploy}/d?fieldManager=hpa", body: `{"spec":{"replicas":5}}`},
			{name: "status", do: "MERGE {deploy}/d/status?fieldManager=controllers", body: `{"status":{"observedGeneration":1,"replicas":2}}`},
			{name: "apply a change", do: "APPLY {deploy}/d" + asFedsync, body: deployment2},
			{name: "an annotation alone", do: "MERGE {deploy}/d?fieldManager=x", body: `{"metadata":{"annotations":{"a":"b"}}}`},
			{name: "a label alone", do: "MERGE {deploy}/d?fieldManager=x", body: `{"metadata":{"labels":{"a":"b"}}}`},
			{name: "status by the main path", do: "MERGE {deploy}/d?fieldManager=x", body: `{"status":{"replicas":7}}`},
			{name: "strategic merge of a container", do: "SMP {deploy}/d?fieldManager=y", body: `{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"busybox"}]}}}}`},
			{name: "read", do: "GET {deploy}/d"},
			{name: "delete", do: "DELETE {deploy}/d"},
		}},
		{"created deployments", []call{
			{name: "create", do: "POST {deploy}?fieldManager=fedsync", body: deployment},
			{name: "hand over to apply", do: "JSON {deploy}/d?fieldManager=fedsync", body: migrate},
			{name: "apply", do: "APPLY {deploy}/d" + asFedsync, body: deployment},
		}},
		{"other kinds", []call{
			apply("secret", "s", "Secret", `"data":{"a":"Yg=="}`),
			{name: "delete a Secret", do: "DELETE {secret}/s"},
			apply("sa", "s", "ServiceAccount", `"automountServiceAccountToken":false`),
			{name: "delete a ServiceAccount", do: "DELETE {sa}/s"},
			apply("svc", "s", "Service", `"spec":{"selector":{"a":"b"},"ports":[{"port":80,"name":"http"}]}`),
			{name: "change a Service", do: "MERGE {svc}/s?fieldManager=x", body: `{"spec":{"selector":{"a":"c"}}}`},
			{name: "delete a Service", do: "DELETE {svc}/s"},
			{name: "a Namespace", do: "APPLY /api/v1/namespaces/{ns}" + asFedsync, body: `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{ns}","labels":{"fedsync.io/managed":"true"}}}`},
			{name: "a ClusterRole", do: "APPLY /apis/rbac.authorization.k8s.io/v1/clusterroles/{ns}" + asFedsync, body: `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"{ns}"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}`},
			{name: "delete a ClusterRole", do: "DELETE /apis/rbac.authorization.k8s.io/v1/clusterroles/{ns}"},
			{name: "a Role", do: "APPLY /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles/r" + asFedsync, body: `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}`},
			{name: "delete a Role", do: "DELETE /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles/r"},
			{name: "no HorizontalPodAutoscalers", do: "GET /apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers"},
			{name: "no PodDisruptionBudgets", do: "GET /apis/policy/v1/namespaces/{ns}/poddisruptionbudgets"},
			{name: "no NetworkPolicies", do: "GET /apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies"},
			{name: "no PersistentVolumeClaims", do: "GET /api/v1/namespaces/{ns}/persistentvolumeclaims"},
		}},
		{"what differs", []call{
			{name: "a name that the server makes", do: "POST {cm}", body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"a-"}}`},
			{name: "values that are refused", do: "POST {deploy}", body: `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"e"},"spec":{"replicas":-1}}`},
			{name: "a copy", do: "APPLY {cm}/a" + asFedsync, body: configMap},
			{name: "another copy", do: "POST {cm}", body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}`},
			{name: "a page of a list", do: "GET {cm}?limit=1"},
			{name: "an object with a finalizer", do: "MERGE {cm}/a", body: `{"metadata":{"finalizers":["example.com/wait"]}}`},
			{name: "delete one with a finalizer", do: "DELETE {cm}/a"},
			{name: "delete a Namespace", do: "DELETE /api/v1/namespaces/{ns}"},
		}},
		{"lists", []call{
			{name: "nothing", do: "GET {cm}"},
			{name: "a copy", do: "APPLY {cm}/a" + asFedsync, body: configMap},
			{name: "one that opted out", do: "POST {cm}", body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b","labels":{"fedsync.io/managed":"false"}}}`},
			{name: "one of somebody else", do: "POST {cm}", body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}`},
			{name: "all", do: "GET {cm}"},
			{name: "by presence", do: "GET {cm}?labelSelector=fedsync.io/managed"},
			{name: "by value", do: "GET {cm}?labelSelector=fedsync.io/managed=true"},
			{name: "by name", do: "GET {cm}?fieldSelector=metadata.name=c"},
			{name: "of all namespaces", do: "GET /api/v1/configmaps?fieldSelector=metadata.namespace={ns}"},
			{name: "from the cache", do: "GET {cm}?labelSelector=fedsync.io/managed&resourceVersion=0"},
		}},
	}
}
