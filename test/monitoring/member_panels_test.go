package monitoring

const year = 365 * 24 * 3600 // seconds: the tokens that Join asks for

func (s *story) memberPanels() map[target][]want {
	const about = "Version and credentials"
	watches := float64(len(allTypes()))
	return map[target][]want{
		{"State of the member", "A"}: {
			at(calm, perEach(is(1))), at(paused, only{"member2": is(2)}).of("member", "member2"), at(paused, only{"member1": is(1)}).of("member", "member1"),
			at(resumed, perEach(is(1))), at(unjoined, only{}).of("member", "member3"),
		},
		{about, "A"}: {at(calm, s.versions("member2")).of("member", "member2"), at(unjoined, only{}).of("member", "member3")},
		{about, "B"}: {at(calm, perEach(between(0, 120))), at(unjoined, among{"member1": between(0, 600), "member2": between(0, 600)}), at(unjoined, without{"member3"})},
		{about, "C"}: {
			at(calm, perEach(between(year-600, year))), at(expiring, among{"member1": between(longLife-300, longLife)}),
			at(endingSoon, among{"member1": between(year-300, year), "member3": between(shortLife-200, shortLife)}), at(malformed, without{"member3"}),
		},
		{"Copies by state", "A"}: {
			at(calm, states(only{"in_step": is(base)})), at(calm, states(only{"in_step": is(perMember)})).of("member", "member1"),
			at(paused, states(only{"unreachable": is(perMember)})).of("member", "member2"), at(paused, states(only{"in_step": is(perMember)})).of("member", "member1"),
			at(resumed, states(only{"in_step": is(perMember)})).of("member", "member2"),
			at(refused, states(only{"in_step": is(perMember), "failed": is(refusedPerMember)})).of("member", "member3"),
			at(frozen, states(only{"in_step": is(atUnknown / memberCount), "removing": is(frozenCopies)})).of("member", "member1"),
			at(unjoined, only{}).of("member", "member3"),
		},
		{"Longest out of step", "A"}: {
			at(calm, perEach(is(0))), at(paused, perEach(is(0)).but(only{"member2": atLeast(overdueAfter)})), at(resumed, perEach(is(0))),
		},
		{"Edits applied within 1, 5 and 30 s", "A"}: {
			// Prometheus asks for OpenMetrics, which writes 1.0 for 1.
			at(edited, only{"1.0": between(0, 1), "5.0": between(0.5, 1), "30.0": is(1)}),
			at(unthrottled, each(is(0), "1.0", "5.0", "30.0")).of("member", "member1"), at(unthrottled, only{}).of("member", "member2"),
		},
		{"Watches by state", "A"}: {
			at(calm, only{"synced": is(memberCount * watches)}), at(unserved, only{"synced": is(memberCount*(watches+1) - 1), "type_missing": is(1)}),
			at(unserved, only{"synced": is(watches), "type_missing": is(1)}).of("member", "member3"), at(withdrawn, only{"synced": is(memberCount * watches)}),
		},
		{"Probe duration", "A"}: {
			at(calm, perEach(between(1e-5, 3.5))), at(paused, among{"member2": between(2.9, 10)}), at(resumed, perEach(between(1e-5, 3.5))),
		},
		{"Requests in flight", "A"}:            {at(calm, perEach(between(0, 20))), at(paused, among{"member2": between(1, 20)}), at(succeeded, each(is(0), "member1", "member2"))},
		{"Requests that failed", "A"}:          {at(refused, among{"member3": positive()})},
		{"Answers that ask to slow down", "A"}: {at(calm, perEach(is(0))), at(throttled, perEach(is(0)).but(only{"member1": positive()}))},
		{"Copies out of step by type", "A"}: {
			at(calm, only{}),
			at(paused, only{"member2 configmaps": is(greetings), "member2 deployments.apps": is(1), "member2 namespaces": is(1), "member2 secrets": is(1)}),
			at(resumed, only{}), at(refused, only{"member3 deployments.apps": is(1), "member3 secrets": is(2)}), at(mended, only{}),
			at(unserved, only{"member3 " + widgetType: is(1)}), at(withdrawn, only{}),
		},
	}
}
