package prometheus

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/prometheus/common/model"
)

// findPages finds out where the pages are: Debian's build has only the old ones, under their later address.
func (s *Server) findPages(ctx context.Context) error {
	flags, err := s.API.Flags(ctx)
	if err != nil {
		return fmt.Errorf("read the flags of prometheus: %w", err)
	}
	if _, debian := flags[debianFlag]; debian {
		s.pages = "/classic"
	}
	return nil
}

// Page returns the address of a page for a person: alerts, rules, targets, config, graph.
func (s *Server) Page(name string) string { return s.URL + s.pages + "/" + name }

// Graph returns the address of the page that draws an expression over the last time of the given length.
func (s *Server) Graph(expression string, length time.Duration) string {
	query := url.Values{"g0.expr": {expression}, "g0.tab": {"0"}, "g0.range_input": {model.Duration(length).String()}}
	return s.Page("graph") + "?" + query.Encode()
}
