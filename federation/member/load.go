package member

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// Load is how much is asked of a member over one connection.
type Load struct {
	// InFlight are the requests that wait for an answer, watches left out.
	InFlight int64
	// Throttled are the answers so far that asked to come back later (429).
	Throttled int64
}

// load counts requests and answers. It decides nothing by them.
type load struct {
	next http.RoundTripper

	inFlight, throttled atomic.Int64
}

func (l *load) sum() Load { return Load{InFlight: l.inFlight.Load(), Throttled: l.throttled.Load()} }

// RoundTrip implements [http.RoundTripper].
func (l *load) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.Contains(r.URL.RawQuery, "watch=") {
		l.inFlight.Add(1)
		defer l.inFlight.Add(-1)
	}
	answer, err := l.next.RoundTrip(r)
	if err == nil && answer.StatusCode == http.StatusTooManyRequests {
		l.throttled.Add(1)
	}
	return answer, err
}
