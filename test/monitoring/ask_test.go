package monitoring

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedsync/fedsync/test/await"
)

// ask is a question whose answer has to become right.
type ask struct {
	what string
	// look returns "" or what is not right yet.
	look func(context.Context) string
}

const (
	askPause = 200 * time.Millisecond
	// patience is how long an answer may take to become right: it is generous, for two cores that others work on too.
	patience = 75 * time.Second
)

// tell asks everything that is expected at a moment, again and again, until each answer was right once. Nothing is asked before
// Prometheus has scraped what the chapter has done.
func (s *story) tell(t *testing.T, m moment, further ...ask) {
	t.Helper()
	if s.visited[m] {
		t.Fatalf("the moment %q is there twice", m)
	}
	s.visited[m] = true
	s.scraped(t)
	asks := slices.Concat(further, s.asksOfPanels(t, m), s.asksOfFacts(t, m), s.asksOfAlerts(m))
	left := map[string]string{}
	count := len(asks)
	took, problem := await.Until(askPause, patience, func() string {
		asks = slices.DeleteFunc(asks, func(a ask) bool {
			left[a.what] = a.look(t.Context())
			if left[a.what] == "" {
				delete(left, a.what)
				return true
			}
			return false
		})
		if len(asks) > 0 {
			return fmt.Sprintf("%d answers are not right", len(asks))
		}
		return ""
	})
	t.Logf("measured: %q: %d answers within %s", m, count, took.Round(time.Second/10))
	if problem == "" {
		return
	}
	for _, a := range asks {
		t.Errorf("at the moment %q: %s: %s", m, a.what, left[a.what])
	}
	t.Log(s.lastWords())
}

// scraped waits until both targets were scraped after now.
func (s *story) scraped(t *testing.T) {
	t.Helper()
	now := float64(time.Now().UnixMilli()) / 1000
	s.eventually(t, 20*time.Second, "Prometheus scrapes", func() string {
		vector, err := s.prometheus.Query(t.Context(), `min(timestamp(up{job="fedsync"}))`, time.Time{})
		if err != nil {
			return err.Error()
		}
		if len(vector) != 1 || float64(vector[0].Value) < now {
			return fmt.Sprintf("the last scrape: %v, now: %v", vector, now)
		}
		return ""
	})
}

// asksOf makes questions of what is expected of an expression at a moment.
func (s *story) asksOf(t *testing.T, m moment, what, expression string, wants []want) []ask {
	t.Helper()
	var asks []ask
	for i, w := range wants {
		if w.at != m {
			continue
		}
		query, err := substitute(expression, w.where)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		asks = append(asks, ask{what: fmt.Sprintf("%s (%d): %s", what, i, query), look: func(ctx context.Context) string {
			return s.differs(ctx, query, w.picture)
		}})
	}
	return asks
}

// differs asks Prometheus, and says how its answer is not what it should be.
func (s *story) differs(ctx context.Context, query string, p picture) string {
	vector, err := s.prometheus.Query(ctx, query, time.Time{})
	if err != nil {
		return err.Error()
	}
	got, err := s.seriesOf(vector)
	if err != nil {
		return err.Error()
	}
	return p.differs(got)
}

// allAsked fails if the tables speak of moments that the story does not have.
func (s *story) allAsked(t *testing.T) {
	t.Helper()
	speakOf := func(what string, wants []want) {
		for _, w := range wants {
			if !s.visited[w.at] {
				t.Errorf("%s: there was no moment %q", what, w.at)
			}
		}
	}
	for file, table := range s.dashboards() {
		for where, wants := range table {
			speakOf(fmt.Sprintf("%s, panel %q, %s", file, where.panel, where.ref), wants)
		}
	}
	for expression, wants := range s.facts() {
		speakOf(expression, wants)
	}
	for name, alarms := range alarms() {
		for _, a := range alarms {
			speakOf("alert "+name, []want{{at: a.at}})
		}
	}
}

// event asks for an event about a federated object.
func (s *story) event(about named, reason, message string) ask {
	return ask{what: fmt.Sprintf("the event %s of %s", reason, about), look: func(ctx context.Context) string {
		all, _, err := s.host.events(ctx, about.namespace)
		if err != nil {
			return err.Error()
		}
		var others []string
		for _, e := range all {
			if e.InvolvedObject.Kind != about.kind || e.InvolvedObject.Name != about.name {
				continue
			}
			if e.Reason == reason && strings.HasPrefix(e.Message, message) {
				return ""
			}
			others = append(others, fmt.Sprintf("%s %s %q", e.Type, e.Reason, e.Message))
		}
		return fmt.Sprintf("none that begins with %q: %s", message, strings.Join(others, ", "))
	}}
}
