package report_test

import (
	"fmt"
	"testing"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// summed is the input of a status of n members, of which every tenth waits.
func summed(n int) report.Input {
	in := report.Input{Object: object(), Now: noon}
	for i := range n {
		c := report.Copy{Member: fleet.Name(fmt.Sprintf("member-%04d", i)), Action: act(plan.None, plan.InSync), Exists: true}
		if i%10 == 9 {
			c.Action = act(plan.Apply, plan.Edited)
		}
		in.Copies = append(in.Copies, c)
	}
	return in
}

func BenchmarkSummarize(b *testing.B) {
	for _, n := range []int{3, 100, 1000} {
		in := summed(n)
		in.Before = report.Digest(report.Summarize(in).Status)
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				report.Summarize(in)
			}
		})
	}
}

func BenchmarkDigest(b *testing.B) {
	for _, n := range []int{3, 100, 1000} {
		status := report.Summarize(summed(n)).Status
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				report.Digest(status)
			}
		})
	}
	status := report.Summarize(summed(3)).Status
	for i := range status.Clusters {
		status.Clusters[i].RemoteStatus = []byte(`{"observedGeneration":4,"replicas":3,"updatedReplicas":3,"readyReplicas":3,"availableReplicas":3,"conditions":[{"type":"Available","status":"True","reason":"MinimumReplicasAvailable"}]}`)
	}
	b.Run("members=3/remote status", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			report.Digest(status)
		}
	})
}
