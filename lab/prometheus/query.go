package prometheus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// Query evaluates an expression at a time; the zero time means now, as Prometheus's clock has it. A scalar comes as one
// sample without labels. A warning of Prometheus is an error.
func (s *Server) Query(ctx context.Context, expression string, at time.Time) (model.Vector, error) {
	value, warnings, err := s.API.Query(ctx, expression, at)
	if err := joined(err, warnings); err != nil {
		return nil, fmt.Errorf("query %q: %w", expression, err)
	}
	switch v := value.(type) {
	case model.Vector:
		return v, nil
	case *model.Scalar:
		return model.Vector{{Metric: model.Metric{}, Value: v.Value, Timestamp: v.Timestamp}}, nil
	default:
		return nil, fmt.Errorf("query %q: it gives a %s, not samples of one moment", expression, value.Type())
	}
}

// QueryRange evaluates an expression at each step of a range, as a graph does. A warning of Prometheus is an error.
func (s *Server) QueryRange(ctx context.Context, expression string, r prometheusv1.Range) (model.Matrix, error) {
	value, warnings, err := s.API.QueryRange(ctx, expression, r)
	if err := joined(err, warnings); err != nil {
		return nil, fmt.Errorf("query range of %q: %w", expression, err)
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("query range of %q: it gives a %s", expression, value.Type())
	}
	return matrix, nil
}

func joined(err error, warnings prometheusv1.Warnings) error {
	if err == nil && len(warnings) > 0 {
		return errors.New(strings.Join(warnings, "; "))
	}
	return err
}

// WaitUp waits until the last scrape of every target went well. The error names those that are not up, and why. Prometheus
// looks for targets every five seconds, so it may be that long after the start until the first scrape.
func (s *Server) WaitUp(ctx context.Context) error {
	return s.until(ctx, "every target is up", func() (string, error) {
		result, err := s.API.Targets(ctx)
		if err != nil {
			return "", fmt.Errorf("list targets: %w", err)
		}
		var down []string
		for _, t := range result.Active {
			if t.Health != prometheusv1.HealthGood {
				down = append(down, fmt.Sprintf("%s is %s %s", t.ScrapeURL, t.Health, t.LastError))
			}
		}
		if len(result.Active) == 0 { // not looked for yet
			down = append(down, "no target")
		}
		return strings.Join(down, "; "), nil
	})
}

// until looks again and again until nothing is missing any more.
func (s *Server) until(ctx context.Context, what string, look func() (missing string, err error)) error {
	tick := time.NewTicker(askInterval)
	defer tick.Stop()
	for last := "nothing was seen"; ; {
		missing, err := look()
		switch {
		case err == nil && missing == "":
			return nil
		case err == nil:
			last = missing
		case ctx.Err() == nil: // else it says only that time is over
			return err
		}
		select {
		case <-s.child.Exited():
			return fmt.Errorf("wait until %s: prometheus has ended; the end of %s:\n%s", what, s.log, s.LogTail())
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w: %s", what, ctx.Err(), last)
		case <-tick.C:
		}
	}
}
