package monitoring

import (
	"maps"
	"testing"
)

// asksOfFacts are questions that no panel asks: exact counts, series that have to be gone, and KubeFed's names.
func (s *story) asksOfFacts(t *testing.T, m moment) []ask {
	t.Helper()
	var asks []ask
	for expression, wants := range s.facts() {
		asks = append(asks, s.asksOf(t, m, "a fact", expression, wants)...)
	}
	return asks
}

const (
	// editsOfGreetings is how many copies an edit of all of them concerns.
	editsOfGreetings = memberCount * greetings
	// editedCopies are those that the first edit concerns: of the greetings and a Secret.
	editedCopies = editsOfGreetings + memberCount
)

// facts are expressions with what they give. Counters count from the start of the daemon.
func (s *story) facts() map[string][]want {
	facts := kubeFedFacts()
	maps.Copy(facts, map[string][]want{
		`sum(fedsync_edits_total)`: {at(calm, one(is(baseObjects))), at(edited, one(is(baseObjects+greetings+1)))},
		// Every copy was written once, and not again.
		`sum by (reason, result, verb) (fedsync_writes_total)`: {
			at(calm, only{"Missing ok apply": is(base)}),
			at(edited, only{"Missing ok apply": is(base), "Edited ok apply": is(editedCopies)}),
			at(mended, among{"Missing ok apply": is(atRefused)}),
			at(approved, among{"Missing ok apply": is(atFrozen), "Unplaced ok delete": is(frozenCopies)}),
		},
		`sum(fedsync_copy_convergence_seconds_count)`:                {at(calm, one(is(base))), at(edited, one(is(base+editedCopies)))},
		`sum(fedsync_object_convergence_seconds_count)`:              {at(calm, one(is(baseObjects))), at(edited, one(is(baseObjects+greetings+1)))},
		`sum by (member) (fedsync_member_convergence_seconds_count)`: {at(calm, perEach(is(perMember))), at(edited, perEach(is(perMember+editedCopies/memberCount)))},
		`sum by (stage) (fedsync_convergence_stage_seconds_count)`: {
			at(calm, stages(is(base)).but(only{"confirm": is(baseObjects), "retry": is(0)})), at(edited, stages(is(base+editedCopies)).but(only{"confirm": is(baseObjects + greetings + 1), "retry": is(0)})),
		},
		`sum(fedsync_template_fields_unknown_total)`: {at(unknown, one(is(memberCount)))},
		`sum(fedsync_drift_corrections_total)`:       {at(resumed, one(between(s.undone()-1, s.undone())))},

		// What is gone has no series.
		`count({__name__=~"fedsync_.+", member="member3"})`:                                       {at(calm, one(atLeast(20))), at(unjoined, only{}), at(succeeded, only{})},
		`count({__name__=~"fedsync_.+", type="` + widgetType + `"})`:                              {at(unserved, one(atLeast(10))), at(withdrawn, only{})},
		`count({job="fedsync", instance="` + s.addresses[standby] + `", __name__=~"fedsync_.+"})`: {at(calm, one(between(2, 60)))},
	})
	return facts
}

// undone is how many changes of somebody who fights were undone until now.
func (s *story) undone() float64 {
	if s.fight == nil {
		return 0
	}
	return float64(s.fight.undone.Load())
}

// clusterStates are KubeFed's states of the clusters.
func clusterStates(ready, notReady, offline []string) only {
	p := only{}
	for state, members := range map[string][]string{"ready": ready, "notready": notReady, "offline": offline} {
		for _, m := range memberNames() {
			p[m+" "+state] = is(0)
		}
		for _, m := range members {
			p[m+" "+state] = is(1)
		}
	}
	return p
}

// kubeFedFacts are the metrics of KubeFed, under its names. Its label cluster, which names a member, is another one than that of
// the scrape, which wins: Prometheus calls it exported_cluster.
func kubeFedFacts() map[string][]want {
	two := []string{"member1", "member2"}
	const (
		ours   = `controller=~"federated.+", controller!="federatedtypeconfig"`
		looks  = `sum(controller_runtime_reconcile_total{` + ours + `})`
		config = `controller="federatedconfigmap"`
	)
	// A type that is gone takes its series with it, but not its looks at objects out of the sums.
	same := func() []want {
		return []want{at(calm, one(is(0))), at(mended, one(is(0))), at(unjoined, one(atLeast(0)))}
	}
	return map[string][]want{
		`sum by (exported_cluster, state) (kubefedcluster_total)`: {
			at(calm, clusterStates(memberNames(), nil, nil)), at(paused, clusterStates([]string{"member1", "member3"}, nil, []string{"member2"})),
			at(resumed, clusterStates(memberNames(), nil, nil)), at(barred, clusterStates(two, []string{"member3"}, nil)),
			at(malformed, clusterStates(two, []string{"member3"}, nil)), at(unjoined, without{"member3 ready", "member3 notready", "member3 offline"}),
		},
		`sum(joined_cluster_total)`:                                    {at(calm, one(is(3))), at(unjoined, one(is(2)))},
		`sum(join_cluster_duration_seconds_count)`:                     {at(calm, one(is(3))), at(unjoined, one(is(3)))},
		`sum(join_cluster_duration_seconds_sum)`:                       {at(calm, one(between(0.001, 60)))},
		`sum(unjoin_cluster_duration_seconds_count)`:                   {at(unjoined, one(is(1)))},
		`sum(unjoin_cluster_duration_seconds_sum)`:                     {at(unjoined, one(between(0, 20)))},
		`sum(cluster_client_connection_duration_seconds_count)`:        {at(calm, one(is(3))), at(unjoined, one(is(7)))}, // and four other tokens
		`sum(rate(cluster_health_status_duration_seconds_count[20s]))`: {at(calm, one(between(0.5, 6)))},
		`sum by (action) (dispatch_operation_duration_seconds_count)`: {
			at(calm, only{"create": is(base), "update": is(0), "delete": is(0)}), at(edited, only{"create": is(base), "update": is(editedCopies), "delete": is(0)}),
			at(approved, among{"create": is(atFrozen), "delete": is(frozenCopies)}),
		},
		`sum(dispatch_operation_duration_seconds_sum)`:                                      {at(calm, one(between(0.01, 600)))},
		`sum(controller_runtime_reconcile_total{` + config + `, result="success"})`:         {at(calm, one(atLeast(greetings))), at(edited, one(atLeast(2*greetings)))},
		`sum(controller_runtime_reconcile_total{` + config + `, result="error"})`:           {at(rejecting, one(positive()))},
		`sum(controller_runtime_reconcile_errors_total{` + config + `})`:                    {at(calm, one(is(0))), at(rejecting, one(positive()))},
		`sum(reconcile_federated_resources_duration_seconds_count) - ` + looks:              same(),
		`sum(controller_runtime_reconcile_duration_seconds_count{` + ours + `}) - ` + looks: same(),
		`sum(controller_runtime_reconcile_time_seconds_count{` + ours + `}) - ` + looks:     same(),
		`sum(controller_runtime_reconcile_quantile_seconds_count{` + ours + `}) - ` + looks: same(),
		`max by (controller) (controller_runtime_max_concurrent_reconciles{` + ours + `})`:  {at(calm, among{"federatedconfigmap": is(8), "federatednamespace": is(8), "federatedsecret": is(8), "federateddeployment": is(8)})},
		`sum(controller_runtime_active_workers{` + ours + `})`:                              {at(calm, one(is(0)))},
	}
}
