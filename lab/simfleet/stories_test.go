package simfleet_test

const (
	asFedsync = "?fieldManager=fedsync&force=true"
	configMap = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"fedsync.io/managed":"true"},"annotations":{"fedsync.io/applied":"1"}},"data":{"k":"v","l":"w"}}`
	changed   = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"fedsync.io/managed":"true"},"annotations":{"fedsync.io/applied":"2"}},"data":{"k":"v2","l":"w"}}`
	shorter   = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"fedsync.io/managed":"true"}},"data":{"k":"v2"}}`
	theirs    = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"theirs","m":"x"}}`
	noUID     = "00000000-0000-4000-8000-000000000000"
)

func stories() []story {
	all := []story{
		{"healthz", []call{
			{name: "healthz as fedsyncd asks", do: "GET /healthz", accept: "*/*"},
		}},
		{"apply", []call{
			{name: "a new object", do: "APPLY {cm}/a" + asFedsync, body: configMap},
			{name: "the same again", do: "APPLY {cm}/a" + asFedsync, body: configMap},
			{name: "a changed field", do: "APPLY {cm}/a" + asFedsync, body: changed},
			{name: "the same for another manager", do: "APPLY {cm}/a?fieldManager=other", body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"l":"w"}}`},
			{name: "without fields", do: "APPLY {cm}/a" + asFedsync, body: shorter},
			{name: "a conflict", do: "APPLY {cm}/a?fieldManager=other", body: theirs},
			{name: "by force", do: "APPLY {cm}/a?fieldManager=other&force=true", body: theirs},
			{name: "back by force", do: "APPLY {cm}/a" + asFedsync, body: shorter},
			{name: "drift by somebody", do: "MERGE {cm}/a?fieldManager=somebody", body: `{"data":{"k":"drift","n":"new"}}`},
			{name: "drift by a client without a name", do: "MERGE {cm}/a", body: `{"metadata":{"labels":{"x":"y"}}}`},
			{name: "read", do: "GET {cm}/a"},
			{name: "once more", do: "APPLY {cm}/a" + asFedsync, body: configMap},
			{name: "strategic merge", do: "SMP {cm}/a?fieldManager=somebody", body: `{"data":{"k":"drift","l":null}}`},
			{name: "a replacement", do: "PUT {cm}/a?fieldManager=kubefed", body: theirs},
			{name: "a merge patch of nothing", do: "MERGE {cm}/a?fieldManager=somebody", body: `{"data":{"k":"theirs"}}`},
			{name: "a merge patch of all fields", do: "MERGE {cm}/a?fieldManager=somebody", body: `{"data":null}`},
			{name: "an apply of nothing", do: "APPLY {cm}/a" + asFedsync, body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}`},
		}},
		{"create", []call{
			{name: "a new object", do: "POST {cm}?fieldManager=fedsync", body: configMap},
			{name: "one that exists", do: "POST {cm}?fieldManager=fedsync", body: configMap},
			{name: "hand over to apply", do: "JSON {cm}/a?fieldManager=fedsync", body: migrate},
			{name: "apply less", do: "APPLY {cm}/a" + asFedsync, body: shorter},
			{name: "a JSON patch whose test fails", do: "JSON {cm}/a", body: `[{"op":"replace","path":"/metadata/resourceVersion","value":"1"}]`},
			{name: "a JSON patch of a missing field", do: "JSON {cm}/a", body: `[{"op":"remove","path":"/data/none"}]`},
			{name: "all entries taken away", do: "MERGE {cm}/a?fieldManager=x", body: `{"metadata":{"managedFields":[{}]}}`},
			{name: "apply to an object without entries", do: "APPLY {cm}/a" + asFedsync, body: configMap},
		}},
		{"taken over from kubefed", []call{
			{name: "kubefed creates", do: "POST {cm}?fieldManager=kubefed", body: configMap},
			{name: "kubefed replaces", do: "PUT {cm}/a?fieldManager=kubefed", body: changed},
			{name: "hand over to apply", do: "JSON {cm}/a?fieldManager=fedsync", body: migrate},
			{name: "apply", do: "APPLY {cm}/a" + asFedsync, body: shorter},
		}},
		{"release", []call{
			{name: "a copy", do: "APPLY {cm}/a" + asFedsync, body: configMap},
			{name: "of another object", do: "MERGE {cm}/a?fieldManager=fedsync", body: `{"metadata":{"uid":"` + noUID + `","labels":{"fedsync.io/managed":null},"annotations":{"fedsync.io/applied":null}}}`},
			{name: "of this one", do: "MERGE {cm}/a?fieldManager=fedsync", body: `{"metadata":{"uid":"{uid}","labels":{"fedsync.io/managed":null},"annotations":{"fedsync.io/applied":null}}}`},
			{name: "again", do: "MERGE {cm}/a?fieldManager=fedsync", body: `{"metadata":{"uid":"{uid}","labels":{"fedsync.io/managed":null},"annotations":{"fedsync.io/applied":null}}}`},
			{name: "of a missing object", do: "MERGE {cm}/none?fieldManager=fedsync", body: `{"metadata":{"uid":"` + noUID + `","labels":{"fedsync.io/managed":null}}}`},
		}},
		{"versions", []call{
			{name: "a copy", do: "APPLY {cm}/a" + asFedsync, body: configMap},
			{name: "apply to another version", do: "APPLY {cm}/a" + asFedsync, body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"1"},"data":{"k":"z"}}`},
			{name: "apply to this version", do: "APPLY {cm}/a" + asFedsync, body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"{rv}"},"data":{"k":"z"}}`},
			{name: "apply to another object", do: "APPLY {cm}/a" + asFedsync, body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","uid":"` + noUID + `"},"data":{"k":"y"}}`},
			{name: "apply to this object", do: "APPLY {cm}/a" + asFedsync, body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","uid":"{uid}"},"data":{"k":"y"}}`},
			{name: "apply to an object that is missing", do: "APPLY {cm}/b" + asFedsync, body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b","uid":"` + noUID + `"},"data":{"k":"y"}}`},
			{name: "apply to a version of a missing object", do: "APPLY {cm}/b" + asFedsync, body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b","resourceVersion":"5"},"data":{"k":"y"}}`},
			{name: "replace another version", do: "PUT {cm}/a?fieldManager=x", body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"1"}}`},
			{name: "replace this version", do: "PUT {cm}/a?fieldManager=x", body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"{rv}"}}`},
			{name: "replace another object", do: "PUT {cm}/a?fieldManager=x", body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","uid":"` + noUID + `"}}`},
			{name: "replace a missing object", do: "PUT {cm}/none?fieldManager=x", body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"none"}}`},
			{name: "merge into another version", do: "MERGE {cm}/a?fieldManager=x", body: `{"metadata":{"resourceVersion":"1"},"data":{"a":"b"}}`},
			{name: "create at a version", do: "POST {cm}?fieldManager=x", body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","resourceVersion":"5"}}`},
		}},
		{"delete", []call{
			{name: "a copy", do: "APPLY {cm}/a" + asFedsync, body: configMap},
			{name: "of another object", do: "DELETE {cm}/a", body: `{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"` + noUID + `"}}`},
			{name: "of another version", do: "DELETE {cm}/a", body: `{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"{uid}","resourceVersion":"1"}}`},
			{name: "as a dry run", do: "DELETE {cm}/a?dryRun=All"},
			{name: "as a dry run by its body", do: "DELETE {cm}/a", body: `{"kind":"DeleteOptions","apiVersion":"v1","dryRun":["All"]}`},
			{name: "of this object", do: "DELETE {cm}/a", body: `{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"{uid}"},"propagationPolicy":"Background"}`},
			{name: "of a missing object", do: "DELETE {cm}/a", body: `{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"{uid}"}}`},
			{name: "read what is gone", do: "GET {cm}/a"},
			{name: "it comes again", do: "APPLY {cm}/a" + asFedsync, body: configMap},
		}},
	}
	return append(append(all, refusals()...), kinds()...)
}
