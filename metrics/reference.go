package metrics

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
)

// meaning says what the values of a label are.
type meaning struct {
	label, values string
	// of is the metric that it is about, empty for all others with the label.
	of string
}

func meanings() []meaning {
	quoted := func(words []string) string { return "`" + strings.Join(words, "`, `") + "`" }
	var states, connections, results []string
	for _, s := range report.States() {
		states = append(states, s.String())
	}
	for _, c := range telemetry.Connections() {
		connections = append(connections, string(c))
	}
	for c := fault.None; c <= fault.NamespaceTerminating; c++ {
		results = append(results, c.String())
	}
	return []meaning{
		{label: "member", values: "the name of a KubeFedCluster that is registered now"},
		{label: "type", values: "the name of a FederatedTypeConfig that runs now, such as `deployments.apps`"},
		{label: "type", of: "fedsync_host_events_total", values: "`Normal`, `Warning`"},
		{label: "state", values: quoted(states) + "; they sum up the words of `status.clusters[].status` ([status](status.md))"},
		{label: "state", of: "fedsync_members", values: quoted(connections) + ". `refused`: the member does not accept the credentials, or another cluster answers. `malformed`: there are no usable credentials"},
		{label: "state", of: "fedsync_member_watches", values: "`synced`, `syncing`, `type_missing`, `forbidden`, `unreachable`"},
		{label: "condition", values: quoted(objectConditions()) + ": the reasons of the condition `Propagation`, `Propagated` for none, and `Unknown` as long as a member's watch has not told anything"},
		{label: "reason", of: "fedsync_rejected_objects", values: quoted(report.Failures())},
		{label: "reason", of: "fedsync_writes_total", values: "`Missing`, `Edited`, `Drifted`, `Unplaced`, `ObjectDeleting`: why the copy was not as it should be"},
		{label: "verb", values: "`apply`, `create`, `delete`, `release`"},
		{label: "result", values: quoted(results)},
		{label: "manager", values: "the field manager that changed a copy last, such as `kubectl-edit`; the first 32 are told apart, the others are `other`; `unknown` if nobody is known"},
		{label: "kind", values: "`finalizer`, `status`, `propagated_version`, `cluster_status`, `cluster_pin`, `type_status`, `type_finalizer`"},
		{label: "stage", values: "`watch`: until the copies are in their members' queues, for a new object with the write of its finalizer. `queue`: until a worker of the member took it first; for a member that is away until it is back, for a copy without its namespace until that is there. `retry`: until it was taken for the attempt that succeeded, if others failed before. `render`: until the request was made. `request`: until the member answered. `confirm`: from the last member's answer until the status was written"},
		{label: "queue", values: "`host`: federated objects whose status is looked at. `members`: copies, in the queues of all members"},
		{label: "lane", values: "`edit`, `drift`, `resync`: in this order keys are taken from a queue"},
	}
}

// Reference returns docs/reference/metrics.md.
func Reference() ([]byte, error) {
	m, err := New(prometheus.NewRegistry(), Options{FullDetail: true, KubeFed: true})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString(preamble)
	section := ""
	for _, d := range m.Definitions() {
		if d.Section != section {
			section = d.Section
			fmt.Fprintf(&out, "\n## %s\n\n| metric | kind | labels | meaning |\n|---|---|---|---|\n", section)
		}
		help := d.Help
		if d.Only != "" && d.Section != sectionKubeFed {
			help += " Only with `" + d.Only + "`."
		}
		labels := ""
		if len(d.Labels) > 0 {
			labels = "`" + strings.Join(d.Labels, "`, `") + "`"
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", d.Name, d.Kind, labels, help)
	}
	out.WriteString("\n## Labels\n\n| label | of | values |\n|---|---|---|\n")
	for _, l := range meanings() {
		of := l.of
		if of != "" {
			of = "`" + of + "`"
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", l.label, cmp.Or(of, "all others"), l.values)
	}
	out.WriteString(closing)
	return out.Bytes(), nil
}

const preamble = `# Metrics

Made from the code by ` + "`make generate`" + `: do not edit. ` + "`fedsyncd`" + ` serves them at ` + "`--metrics-addr`" + `, as text, as OpenMetrics and, to a server
that asks for native histograms, as protobuf. What to watch and what to do: [operations](../operations.md).

- A daemon that stands by serves ` + "`fedsync_leader`" + ` 0 and ` + "`fedsync_build_info`" + `, and nothing of how the fleet stands.
- No label holds the name of an object, an address or free text. The series of a member or type that is gone are gone too.
- Some 25 series for each member, and some 40 for each type.
- Histograms have native buckets besides those that are served as text. With ` + "`--tracing-endpoint`" + ` they hold examples with a
  ` + "`trace_id`" + ` ([traces](../tracing.md)).
`

const closing = `
Besides these there are ` + "`go_*`" + ` and ` + "`process_*`" + ` of the Go runtime and the process, and ` + "`controller_runtime_*`, `workqueue_*` and" + `
` + "`leader_election_*`" + ` of the libraries, for the two controllers that watch KubeFedClusters and FederatedTypeConfigs. What client-go
counts of each address, method and code is left out: a thousand members would make ten thousand series of it.
`
