package report_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// clusters returns n members, of which those that are named have a word other than that all is well.
func clusters(n int, words map[int]string) []report.Cluster {
	made := make([]report.Cluster, 0, n)
	for i := 1; i <= n; i++ {
		c := report.Cluster{Name: fleet.Name(fmt.Sprintf("m%d", i)), Status: words[i]}
		if report.StateOf(c.Status) == report.Failed {
			c.Message = "it said no"
		}
		made = append(made, c)
	}
	return made
}

func TestEventOf(t *testing.T) {
	checking := report.Condition{Type: report.ConditionPropagation, Status: "False", Reason: report.ReasonCheckClusters, Message: "m2: ClusterNotReady"}
	fine := report.Condition{Type: report.ConditionPropagation, Status: "True"}
	unplaced := report.Condition{Type: report.ConditionPropagation, Status: "False", Reason: report.ReasonNamespaceNotFederated, Message: "there is no FederatedNamespace"}
	summary := func(c report.Condition, clusters []report.Cluster) report.Summary {
		return report.Summary{Settled: true, Status: report.Status{Conditions: []report.Condition{c}, Clusters: clusters}}
	}
	away := func(members ...int) *report.Status {
		words := map[int]string{}
		for _, m := range members {
			words[m] = report.ClusterNotReady
		}
		s := summary(checking, clusters(len(members)+1, words)).Status
		return &s
	}
	moving := summary(checking, clusters(2, map[int]string{2: report.ClusterPending}))
	moving.Settled = false
	lacking := summary(report.Condition{Type: report.ConditionPropagation, Status: "True", Message: "fields are left out that members do not know: m1"}, clusters(1, nil))
	lacking.Incomplete = true
	tests := map[string]struct {
		why    string
		before *report.Status // that was told of last
		after  report.Summary
		want   *report.Event
	}{
		"an edit that every member takes": {why: "success is no news: an event would be a write", after: summary(fine, clusters(3, nil))},
		"a new object":                    {why: "the same", after: summary(fine, clusters(3, nil))},
		"on its way":                      {why: "what moves says nothing yet", after: moving},
		"two of a hundred are away": {
			why:   "one event for all members, with their names",
			after: summary(checking, clusters(100, map[int]string{7: report.ClusterNotReady, 9: report.ClusterNotReady})),
			want:  &report.Event{Warning: true, Reason: report.ReasonCheckClusters, Message: "applied to 98 of 100 members; 2 unreachable: m7, m9"},
		},
		"many things at once": {
			why: "the worst first, a few names each, and what the first one said; what goes is not wanted",
			after: summary(checking, clusters(10, map[int]string{
				1: report.ClusterNotReady, 2: report.ClusterNotReady, 3: report.ClusterNotReady, 4: report.ClusterNotReady, 5: report.ClusterNotReady,
				6: report.ClusterUpdateFailed, 7: report.ClusterWaitingForRemoval, 8: report.ClusterPending,
			})),
			want: &report.Event{
				Warning: true, Reason: report.ReasonCheckClusters,
				Message: "applied to 2 of 9 members; 5 unreachable: m1, m2, m3 and 2 more; 1 failed: m6; 1 pending: m8; 1 removing: m7; m6: it said no",
			},
		},
		"it cannot be removed from where it is not wanted": {
			why: "nothing is to be applied", after: summary(checking, clusters(1, map[int]string{1: report.ClusterWaitingForRemoval})),
			want: &report.Event{Warning: true, Reason: report.ReasonCheckClusters, Message: "1 removing: m1"},
		},
		"the same again": {why: "nothing changed", before: away(2), after: summary(checking, clusters(2, map[int]string{2: report.ClusterNotReady}))},
		"a fourth one refuses": {
			why: "the condition names three: what is said of the fourth is new all the same", before: away(1, 2, 3),
			after: summary(checking, clusters(4, map[int]string{1: report.ClusterNotReady, 2: report.ClusterNotReady, 3: report.ClusterNotReady, 4: report.ClusterUpdateFailed})),
			want:  &report.Event{Warning: true, Reason: report.ReasonCheckClusters, Message: "applied to 0 of 4 members; 3 unreachable: m1, m2, m3; 1 failed: m4; m4: it said no"},
		},
		"another one is away": {
			why: "the one that was is back", before: away(1, 2), after: summary(checking, clusters(3, map[int]string{2: report.ClusterNotReady, 3: report.ClusterNotReady})),
			want: &report.Event{Warning: true, Reason: report.ReasonCheckClusters, Message: "applied to 1 of 3 members; 2 unreachable: m2, m3"},
		},
		"all well again":  {why: "whoever saw the warning wants to know", before: away(2), after: summary(fine, clusters(2, nil)), want: &report.Event{Reason: report.EventRecovered, Message: "applied to 2 of 2 members"}},
		"done at last":    {why: "it was slow, and never in trouble", after: summary(fine, clusters(2, nil))},
		"nowhere to go":   {why: "the condition says it all", after: summary(unplaced, nil), want: &report.Event{Warning: true, Reason: report.ReasonNamespaceNotFederated, Message: "there is no FederatedNamespace"}},
		"fields are lost": {why: "all is applied, and something is missing", after: lacking, want: &report.Event{Warning: true, Reason: report.EventFieldsUnknown, Message: "fields are left out that members do not know: m1"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			before := report.Trouble{}
			if tc.before != nil {
				before = report.TroubleIn(*tc.before)
			}
			got, now, worth := report.EventOf(before, tc.after)
			if tc.after.Settled != (now == report.TroubleIn(tc.after.Status)) && now != before {
				t.Errorf("told of %+v", now)
			}
			var event *report.Event
			if worth {
				event = &got
			}
			if diff := cmp.Diff(tc.want, event); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestTroubleThatLasts(t *testing.T) {
	tests := map[string]struct {
		status report.Status
		want   bool
	}{
		"nothing":       {},
		"in step":       {status: report.Status{Clusters: clusters(2, nil)}},
		"on the way":    {status: report.Status{Clusters: clusters(2, map[int]string{1: report.ClusterPending, 2: report.ClusterWaitingForRemoval})}},
		"a member away": {status: report.Status{Clusters: clusters(2, map[int]string{1: report.ClusterNotReady})}, want: true},
		"refused":       {status: report.Status{Clusters: clusters(2, map[int]string{2: report.ClusterCreationFailed})}, want: true},
		"not placed":    {status: report.Status{Conditions: []report.Condition{{Type: report.ConditionPropagation, Status: "False", Reason: report.ReasonComputePlacementFailed}}}, want: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := report.Digest(tc.status).Trouble.Lasting; got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}
