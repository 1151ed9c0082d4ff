package monitoring

// everyType is the same value for each type, but for those that are given.
func everyType(v value, of only) only { return each(v, allTypes()...).but(of) }

// conditions are those of federated objects, of which none but the given ones has any.
func conditions(of only) only {
	return each(is(0), "Propagated", "CheckClusters", "ComputePlacementFailed", "NamespaceNotFederated", "Unknown").but(of)
}

func stages(v value) only { return each(v, "watch", "queue", "render", "request", "confirm") }

func typesPanels() map[target][]want {
	const (
		types    = "Types, the worst first"
		reasons  = "Objects with a refused copy, by reason"
		failures = "Writes that failed, by result"
		writes   = "Writes by reason"
		drifts   = "Drift by manager"
		fields   = "Template fields that members do not know"
		stage    = "Where the time goes"
	)
	objects := only{"namespaces": is(1), "configmaps": is(greetings), "secrets": is(1), "deployments.apps": is(1)}
	copies := only{
		"namespaces": is(memberCount), "configmaps": is(memberCount * greetings), "secrets": is(memberCount), "deployments.apps": is(memberCount),
	}
	away := only{"namespaces": is(1), "configmaps": is(greetings), "secrets": is(1), "deployments.apps": is(1)}
	return map[target][]want{
		{types, "A"}: {at(calm, everyType(is(1), nil)), at(unheard, everyType(is(1), only{widgetType: is(0)})), at(unserved, everyType(is(1), only{widgetType: is(1)})), at(withdrawn, everyType(is(1), nil))},
		{types, "B"}: {
			at(calm, everyType(is(0), nil)), at(resumed, everyType(is(0), nil)),
			at(refused, everyType(is(0), only{"secrets": atLeast(overdueAfter), "deployments.apps": atLeast(overdueAfter)})),
		},
		{types, "C"}: {at(calm, everyType(is(0), objects)), at(unserved, among{widgetType: is(1)}), at(withdrawn, without{widgetType}), at(unjoined, among{"namespaces": is(2)})},
		{types, "D"}: {at(calm, everyType(is(0), copies)), at(mass, among{"configmaps": is(memberCount * (greetings + massSize))}), at(unserved, among{widgetType: is(memberCount)}), at(withdrawn, without{widgetType})},
		{types, "E"}: {
			at(calm, everyType(is(0), nil)), at(paused, everyType(is(0), away)), at(resumed, everyType(is(0), nil)),
			at(refused, everyType(is(0), only{"secrets": is(2), "deployments.apps": is(1)})), at(flooded, everyType(is(0), only{"configmaps": is(floodSize)})),
		},
		{types, "F"}: {
			at(calm, everyType(is(0), nil)), at(paused, everyType(is(0), away)), at(resumed, everyType(is(0), nil)), at(paused, only{"secrets": is(1)}).of("type", "secrets"),
		},
		{"Objects by condition", "A"}: {
			at(calm, conditions(only{"Propagated": is(baseObjects)})), at(paused, conditions(only{"CheckClusters": is(baseObjects)})),
			at(resumed, conditions(only{"Propagated": is(baseObjects)})),
			at(refused, conditions(only{"Propagated": is(baseObjects), "CheckClusters": is(refusedPerMember), "NamespaceNotFederated": is(1), "ComputePlacementFailed": is(1)})),
			at(mended, conditions(only{"Propagated": is(baseObjects + refusedPerMember)})), at(calm, conditions(only{"Propagated": is(1)})).of("type", "secrets"),
		},
		{reasons, "A"}: {
			at(calm, only{"none": is(0)}), at(refused, among{"CreationFailed": is(3)}), at(refused, among{"CreationFailed": is(1)}).of("type", "deployments.apps"),
			at(mended, only{"none": is(0)}), at(flooded, only{"UpdateFailed": is(floodSize)}), at(unserved, only{"CachedRetrievalFailed": is(1)}), at(withdrawn, only{"none": is(0)}),
		},
		{"Longest out of step", "A"}: {
			at(calm, everyType(is(0), nil)), at(paused, only{"secrets": atLeast(overdueAfter)}).of("type", "secrets"),
			at(refused, everyType(is(0), only{"secrets": atLeast(overdueAfter), "deployments.apps": atLeast(overdueAfter)})), at(succeeded, everyType(is(0), nil)),
		},
		// At most two edits of each within the interval, one of them the creation.
		{"Edits", "A"}: {
			at(edited, among{"configmaps": between(0.3, 2*greetings/20.0+0.4)}), at(mass, among{"configmaps": between(1, 2*massSize/20.0+2)}), at(succeeded, among{}),
		},
		{"Edit until every member has it", "A"}: {at(edited, among{"configmaps": between(0.001, 10)}), at(unthrottled, among{"configmaps": atLeast(slowEdit)})},
		{stage, "A"}: {
			at(edited, stages(between(0, 5))), at(unthrottled, among{"retry": atLeast(1), "render": between(0, 1), "confirm": between(0, 5)}), at(resumed, among{"queue": atLeast(1)}),
		},
		{"Edit until a member has it", "A"}: {at(edited, one(between(0.001, 5))), at(unthrottled, one(atLeast(slowEdit)))},
		{"Edit until a member has it", "B"}: {at(edited, one(between(0.001, 10))), at(unthrottled, one(atLeast(slowEdit)))},
		{writes, "A"}: {
			at(edited, among{"Edited apply": positive()}), at(drifting, among{"Drifted apply": positive()}), at(mass, among{"Missing apply": positive()}), at(approved, among{"Unplaced delete": positive()}),
		},
		{failures, "A"}: {
			at(calm, only{"none": is(0)}), at(refused, among{"rejected": positive()}), at(throttled, among{"overloaded": positive()}),
		},
		{drifts, "A"}: {at(calm, only{"none": is(0)}), at(drifting, only{"somebody configmaps": positive()}), at(drifting, only{"none": is(0)}).of("type", "secrets")},
		{fields, "A"}: {at(calm, everyType(is(0), nil)), at(unknown, everyType(is(0), only{"configmaps": positive()}))},
	}
}
