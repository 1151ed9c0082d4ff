package simfleet

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Faults are what a member suffers from. The zero value is a healthy one. A watch that is open already suffers only from
// Hang's end.
type Faults struct {
	// LatencyMillis is how long each request waits before it is served.
	LatencyMillis int `json:"latencyMillis,omitempty"`
	// ErrorRate is the part of all requests, 0 to 1, that is answered 500.
	ErrorRate float64 `json:"errorRate,omitempty"`
	// OverloadedRate is the part of all requests, 0 to 1, that is answered 429 with Retry-After.
	OverloadedRate float64 `json:"overloadedRate,omitempty"`
	// RetryAfterSeconds goes with OverloadedRate; zero means 1.
	RetryAfterSeconds int `json:"retryAfterSeconds,omitempty"`
	// Hang leaves every request without an answer until it is taken back or the client leaves.
	Hang bool `json:"hang,omitempty"`
}

// armed are faults in force.
type armed struct {
	Faults

	lifted chan struct{} // closed when others take their place
}

// arm puts faults in the place of those before.
func (m *member) arm(f Faults) {
	before := m.faults.Swap(&armed{Faults: f, lifted: make(chan struct{})})
	if before != nil {
		close(before.lifted)
	}
}

// suffer makes a request wait, and answers it if it is to fail.
func (m *member) suffer(w http.ResponseWriter, r *http.Request) (answered bool) {
	f := m.faults.Load()
	if f == nil || f.Faults == (Faults{}) {
		return false
	}
	if f.Hang {
		select {
		case <-f.lifted:
			return m.suffer(w, r)
		case <-r.Context().Done():
			return true
		}
	}
	if f.LatencyMillis > 0 {
		served := time.NewTimer(time.Duration(f.LatencyMillis) * time.Millisecond)
		defer served.Stop()
		select {
		case <-served.C:
		case <-r.Context().Done():
			return true
		}
	}
	switch lot := rand.Float64(); {
	case lot < f.ErrorRate:
		writeStatus(w, r, apierrors.NewInternalError(errSimulated))
		return true
	case lot < f.ErrorRate+f.OverloadedRate:
		after := max(f.RetryAfterSeconds, 1)
		w.Header().Set("Retry-After", strconv.Itoa(after))
		writeStatus(w, r, apierrors.NewTooManyRequests("too many requests, please try again later", after))
		return true
	}
	return false
}

// counts requests by "VERB resource".
type counts struct {
	mu   sync.Mutex
	made map[string]int
}

func (c *counts) add(request string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made[request]++
}
