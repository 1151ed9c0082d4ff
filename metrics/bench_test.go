package metrics_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/federation/telemetry"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/metrics"
)

func benched(b *testing.B) *metrics.Metrics {
	b.Helper()
	m, err := metrics.New(prometheus.NewRegistry(), metrics.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// What is told of each copy of an edit: that it waited in its queue, and how the attempt ended.
func BenchmarkCopyOfAnEdit(b *testing.B) {
	m := benched(b)
	a := telemetry.Attempt{
		Edit: telemetry.Edit{Object: fleet.ObjectKey{Type: "configmaps", Namespace: "demo", Name: "greeting"}, UID: "uid", Generation: 1, Heard: noon},
		Verb: plan.Apply, Reason: plan.Edited, Number: 1, ByEdit: true, Result: fault.None,
		Queued: noon.Add(time.Millisecond), First: noon.Add(2 * time.Millisecond), Taken: noon.Add(2 * time.Millisecond), Sent: noon.Add(3 * time.Millisecond), Answered: noon.Add(9 * time.Millisecond),
	}
	members := make([]fleet.Name, 1000)
	for i := range members {
		members[i] = fleet.Name(fmt.Sprint("member", i))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		a.Member = members[i%len(members)]
		m.Waited("members", "edit", time.Millisecond)
		m.Attempted(a)
	}
}

// What is told of an object: each look at it, of which an edit has one or two.
func BenchmarkLookAtAnObject(b *testing.B) {
	for _, members := range []int{3, 100, 1000} {
		b.Run(fmt.Sprintf("%d members", members), func(b *testing.B) {
			m := benched(b)
			s := report.Summary{Known: true, Settled: true, Status: report.Status{Conditions: []report.Condition{{Type: report.ConditionPropagation, Status: "True"}}}}
			for i := range members {
				s.Status.Clusters = append(s.Status.Clusters, report.Cluster{Name: fleet.Name(fmt.Sprintf("member%04d", i))})
			}
			key := fleet.ObjectKey{Type: "configmaps", Namespace: "demo", Name: "greeting"}
			b.ReportAllocs()
			for b.Loop() {
				m.Waited("host", "edit", time.Millisecond)
				m.Looking("configmaps", "FederatedConfigMap")(telemetry.LookSuccess)
				m.Summarized(key, s, noon)
			}
		})
	}
}
