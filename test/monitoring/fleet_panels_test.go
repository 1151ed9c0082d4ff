package monitoring

// Numbers of copies at the moments.
const (
	base       = memberCount * perMember                      // until copies are refused
	atRefused  = base + memberCount*refusedPerMember          // from then on
	atMass     = atRefused + memberCount*massPerMember        // from then on
	atUnknown  = atMass + memberCount                         // one ConfigMap more
	atFrozen   = atUnknown + frozenCopies                     // in member1
	atUnserved = atUnknown + memberCount                      // a widget, for a while
	atRejected = atUnknown + memberCount                      // another ConfigMap
	atLast     = atRejected * (memberCount - 1) / memberCount // without member3

	// Objects of all types.
	baseObjects = 1 + greetings + 1 + 1
)

// states are all states of copies, of which none but the given ones has any.
func states(of only) only {
	return each(is(0), "in_step", "pending", "removing", "unreachable", "failed").but(of)
}

// connections are the same for members.
func connections(of only) only {
	return each(is(0), "ready", "not_ready", "offline", "refused", "malformed", "unknown").but(of)
}

// perEach is the same value for each member.
func perEach(v value) only { return each(v, memberNames()...) }

func (s *story) fleetPanels() map[target][]want {
	const members = "Members, the worst first"
	return map[target][]want{
		{"Leaders", "A"}: {at(calm, one(is(1))), at(leaderless, one(is(0))), at(succeeded, one(is(1))), at(disappeared, only{})},
		{"Members not ready", "A"}: {
			at(calm, one(is(0))), at(paused, one(is(1))), at(resumed, one(is(0))), at(barred, one(is(1))), at(malformed, one(is(1))),
			at(unjoined, one(is(0))), at(succeeded, one(is(0))),
		},
		{"Types not watched", "A"}: {at(calm, one(is(0))), at(unheard, one(is(1))), at(withdrawn, one(is(0)))},
		{"Copies out of step", "A"}: {
			at(calm, one(is(0))), at(edited, one(is(0))), at(throttled, one(is(greetings))), at(unthrottled, one(is(0))), at(paused, one(is(perMember))), at(resumed, one(is(0))),
			at(refused, one(is(3))), at(mended, one(is(0))), at(flooded, one(is(floodSize))), at(drained, one(is(0))), at(frozen, one(is(frozenCopies))), at(approved, one(is(0))), at(succeeded, one(is(0))),
		},
		{"Copies overdue", "A"}: {
			at(calm, one(is(0))), at(paused, one(is(perMember))), at(resumed, one(is(0))), at(refused, one(is(3))), at(mended, one(is(0))), at(succeeded, one(is(0))),
		},
		{"Longest out of step", "A"}: {
			at(calm, one(is(0))), at(throttled, one(between(slowEdit, 180))), at(unthrottled, one(is(0))), at(paused, one(between(overdueAfter, 180))), at(resumed, one(is(0))), at(succeeded, one(is(0))),
		},
		{"Objects with a refused copy", "A"}: {
			at(calm, one(is(0))), at(refused, one(is(3))), at(mended, one(is(0))), at(flooded, one(is(floodSize))), at(drained, one(is(0))),
			at(unserved, one(is(1))), at(withdrawn, one(is(0))),
		},
		{"Removals held back", "A"}: {at(calm, one(is(0))), at(frozen, one(is(frozenCopies))), at(approved, one(is(0)))},

		{members, "A"}: {
			at(calm, perEach(is(1))), at(paused, perEach(is(1)).but(only{"member2": is(2)})), at(resumed, perEach(is(1))),
			at(barred, perEach(is(1)).but(only{"member3": is(2)})), at(malformed, among{"member1": is(1), "member2": is(1)}),
			at(unjoined, each(is(1), "member1", "member2")), at(succeeded, each(is(1), "member1", "member2")),
		},
		{members, "B"}: {
			at(calm, perEach(is(0))), at(paused, perEach(is(0)).but(only{"member2": atLeast(overdueAfter)})), at(resumed, perEach(is(0))),
			at(refused, perEach(is(0)).but(only{"member3": atLeast(overdueAfter)})), at(unjoined, each(is(0), "member1", "member2")),
		},
		{members, "C"}: {
			at(calm, perEach(is(perMember))), at(paused, perEach(is(perMember))), at(refused, perEach(is(atRefused/memberCount))),
			at(mass, perEach(is(atMass/memberCount))), at(frozen, perEach(is(atUnknown/memberCount)).but(only{"member1": is(atUnknown/memberCount + frozenCopies)})),
			at(approved, perEach(is(atUnknown/memberCount))), at(unjoined, each(is(atLast/2), "member1", "member2")), at(succeeded, each(is(atLast/2), "member1", "member2")),
		},
		{members, "D"}: {
			at(calm, perEach(is(0))), at(frozen, perEach(is(0)).but(only{"member1": is(frozenCopies)})), at(approved, perEach(is(0))),
			at(throttled, perEach(is(0)).but(only{"member1": is(greetings)})), at(unthrottled, perEach(is(0))),
		},
		{members, "E"}: {at(calm, perEach(is(0))), at(paused, perEach(is(0)).but(only{"member2": is(perMember)})), at(resumed, perEach(is(0)))},
		{members, "F"}: {
			at(calm, perEach(is(0))), at(refused, perEach(is(0)).but(only{"member3": is(3)})), at(mended, perEach(is(0))),
			at(flooded, perEach(is(0)).but(only{"member3": is(floodSize)})), at(drained, perEach(is(0))), at(unserved, perEach(is(0)).but(only{"member3": is(1)})),
		},
		{members, "G"}: {at(calm, perEach(is(0))), at(unserved, perEach(is(0)).but(only{"member3": is(1)})), at(withdrawn, perEach(is(0)))},
		{members, "H"}: {at(calm, s.versions(memberNames()...)), at(unjoined, s.versions("member1", "member2")), at(succeeded, s.versions("member1", "member2"))},

		{"Copies by state", "A"}: {
			at(calm, states(only{"in_step": is(base)})), at(edited, states(only{"in_step": is(base)})),
			at(throttled, states(only{"in_step": is(base - greetings), "pending": is(greetings)})), at(unthrottled, states(only{"in_step": is(base)})),
			at(paused, states(only{"in_step": is(base - perMember), "unreachable": is(perMember)})), at(resumed, states(only{"in_step": is(base)})),
			at(refused, states(only{"in_step": is(atRefused - 3), "failed": is(3)})), at(mended, states(only{"in_step": is(atRefused)})),
			at(mass, states(only{"in_step": is(atMass)})), at(flooded, states(only{"in_step": is(atMass - floodSize), "failed": is(floodSize)})),
			at(drained, states(only{"in_step": is(atMass)})), at(unknown, states(only{"in_step": is(atUnknown)})),
			at(frozen, states(only{"in_step": is(atUnknown), "removing": is(frozenCopies)})), at(approved, states(only{"in_step": is(atUnknown)})),
			at(unserved, states(only{"in_step": is(atUnserved - 1), "failed": is(1)})), at(withdrawn, states(only{"in_step": is(atUnknown)})),
			at(rejecting, states(only{"in_step": is(atRejected)})), at(unjoined, states(only{"in_step": is(atLast)})),
			at(succeeded, states(only{"in_step": is(atLast)})), at(disappeared, only{}),
		},
		{"Share of copies that are overdue", "A"}: {
			at(nobody, only{}), at(calm, one(is(0))), at(paused, one(is(1.0/memberCount))), at(resumed, one(is(0))), at(succeeded, one(is(0))),
		},
		{"Members by state", "A"}: {
			at(calm, connections(only{"ready": is(3)})), at(paused, connections(only{"ready": is(2), "offline": is(1)})), at(resumed, connections(only{"ready": is(3)})),
			at(barred, connections(only{"ready": is(2), "refused": is(1)})), at(malformed, connections(only{"ready": is(2), "malformed": is(1)})),
			at(unjoined, connections(only{"ready": is(2)})), at(succeeded, connections(only{"ready": is(2)})),
		},
		// Fast edits take as long as two cores need that others work on too.
		{"Edit until every member has it", "A"}: {at(edited, one(between(0.001, 5))), at(unthrottled, one(atLeast(slowEdit)))},
		{"Edit until every member has it", "B"}: {at(edited, one(between(0.001, 10))), at(unthrottled, one(atLeast(slowEdit)))},
	}
}

const (
	// overdueAfter is that of the daemons, in seconds.
	overdueAfter = 5
	// slowEdit is more than the 30 s that an edit may take.
	slowEdit = 31
)

// versions are the members' own words.
func (s *story) versions(members ...string) only {
	p := only{}
	for _, m := range members {
		p[s.kubernetes+" "+m] = is(1)
	}
	return p
}
