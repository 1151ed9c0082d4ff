// Package await waits in tests for what no event tells.
//
// Does: looks again and again until a condition holds, and fails the test with what it last saw.
//
// Given: the test, how long it may take, and the condition.
//
// Promises: it returns as soon as the condition was seen to hold; it never sleeps past its limit by more than a look.
package await

import (
	"testing"
	"time"
)

// Until calls check, which returns "" or what is still wrong, once per tick until it returns "". After the timeout it fails
// the test with the last problem and with what context has to say. It returns how long it took.
func Until(t *testing.T, tick, timeout time.Duration, what string, check, context func() string) time.Duration {
	t.Helper()
	start := time.Now()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		problem := check()
		if problem == "" {
			return time.Since(start)
		}
		if time.Since(start) > timeout {
			t.Fatalf("%s: not within %s: %s\n%s", what, timeout, problem, context())
		}
		<-ticker.C
	}
}
