// Package await waits in tests for what no event tells.
//
// Does: looks again and again until a condition holds.
//
// Given: how long it may take, and the condition.
//
// Promises: it returns as soon as the condition was seen to hold, and not later than one look after its limit.
package await

import "time"

// Until calls check, which returns "" or what is still wrong, once per tick until it returns "" or the time is over. It
// returns how long it took, and the last problem.
func Until(tick, timeout time.Duration, check func() string) (took time.Duration, problem string) {
	start := time.Now()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		problem = check()
		took = time.Since(start)
		if problem == "" || took > timeout {
			return took, problem
		}
		<-ticker.C
	}
}
