package monitoring

func lanes(v value) only {
	return each(v, "edit host", "drift host", "resync host", "edit members", "drift members", "resync members")
}

// both are the two daemons.
func both(v value) only { return each(v, leader, standby) }

func (s *story) internalsPanels() map[target][]want {
	const probes = "Probes of all members"
	const megabyte = 1 << 20
	return map[target][]want{
		{"Who leads", "A"}: {
			at(nobody, only{}), at(calm, only{leader: is(1), standby: is(0)}), at(leaderless, only{standby: is(0)}), at(succeeded, only{standby: is(1)}), at(disappeared, only{}),
		},
		{"Watches of the host", "A"}: {
			at(calm, everyType(is(1), nil)), at(unheard, everyType(is(1), only{widgetType: is(0)})), at(unserved, everyType(is(1), only{widgetType: is(1)})),
			at(withdrawn, everyType(is(1), nil)), at(succeeded, everyType(is(1), nil)),
		},
		{"Keys in queues", "A"}:        {at(calm, lanes(is(0))), at(paused, among{"edit members": positive()}), at(resumed, lanes(is(0))), at(succeeded, lanes(is(0)))},
		{"Oldest key in a queue", "A"}: {at(calm, lanes(is(0))), at(paused, among{"edit members": atLeast(overdueAfter)}), at(resumed, lanes(is(0)))},
		{"Wait in queues", "A"}:        {at(edited, among{"edit host": between(0, 10), "edit members": between(0, 10)}), at(drifting, among{"drift members": between(0, 10)})},
		{"Writes to the host", "A"}: {
			at(edited, among{"status ok": positive()}), at(mass, among{"finalizer ok": positive(), "status ok": positive()}), at(rejecting, among{"status rejected": positive()}),
			at(unheard, among{"type_status ok": positive()}), at(barred, among{"cluster_status ok": positive()}),
		},
		{"Events", "A"}:               {at(flooded, among{"Warning": positive()}), at(drained, among{"Normal": positive()})},
		{"Events", "B"}:               {at(calm, one(is(0))), at(flooded, one(positive()))},
		{probes, "A"}:                 {at(calm, one(between(1e-4, 3)))},
		{probes, "B"}:                 {at(calm, one(between(1e-4, 3))), at(paused, one(atLeast(1)))},
		{"Memory", "A"}:               {at(calm, both(between(10*megabyte, 4096*megabyte)))},
		{"Memory", "B"}:               {at(calm, both(between(1*megabyte, 2048*megabyte)))},
		{"CPU", "A"}:                  {at(mass, both(between(0, 4))), at(mass, among{leader: positive()})},
		{"Goroutines", "A"}:           {at(calm, only{leader: between(50, 2000), standby: between(10, 1000)})},
		{"Samples in a scrape", "A"}:  {at(calm, only{leader: between(500, 10000), standby: between(50, 5000)})},
		{"Duration of a scrape", "A"}: {at(calm, both(between(1e-4, 5)))},
		{"Versions", "A"}:             {at(calm, s.builds(leader, standby)), at(leaderless, s.builds(standby))},
	}
}

// builds counts the versions of the daemons that run.
func (s *story) builds(roles ...string) only {
	p := only{}
	for _, role := range roles {
		p[s.version[role]] = is(p[s.version[role]].low + 1)
	}
	return p
}
