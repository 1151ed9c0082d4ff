package placement_test

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
)

// fleetOf returns members of which every second one is in Europe, and their names.
func fleetOf(n int) (fleet.Snapshot, []fleet.Name) {
	members := make([]fleet.Member, 0, n)
	names := make([]fleet.Name, 0, n)
	for i := range n {
		name := fleet.Name(fmt.Sprintf("member-%04d", i))
		region := []string{"eu", "as"}[i%2]
		members = append(members, fleet.Member{Name: name, Ready: true, Labels: labels.Set{"region": region, "tier": "production", "provider": "metal"}})
		names = append(names, name)
	}
	return fleet.NewSnapshot(members...), names
}

func BenchmarkSelect(b *testing.B) {
	for _, n := range []int{3, 100, 1000} {
		snapshot, names := fleetOf(n)
		everywhere := in(placed(selecting(everything)))
		for name, p := range map[string]fleet.Placement{"listed": listed(names...), "selected": selecting(european)} {
			o := placed(p)
			b.Run(fmt.Sprintf("%s/members=%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					placement.Select(o, everywhere, snapshot)
				}
			})
		}
	}
}
