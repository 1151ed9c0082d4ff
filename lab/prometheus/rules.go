package prometheus

import (
	"context"
	"fmt"
	"strings"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// Rule is an alert or a recording rule, as Prometheus has loaded it.
type Rule struct {
	// File is the absolute path of its file, Group its group there.
	File, Group string
	// Name is that of the alert, or of the series that is recorded.
	Name       string
	Expression string
	// State is inactive, pending or firing for an alert, and empty for a recording rule.
	State string
	// Health is unknown before the first evaluation.
	Health prometheusv1.RuleHealth
	// LastError says what went wrong in the last evaluation.
	LastError string
	// Alerts are those that are pending or firing now, one for each set of labels.
	Alerts []*prometheusv1.Alert
}

// Rules returns all rules in the order of Prometheus: groups by file and name, rules as they stand there.
func (s *Server) Rules(ctx context.Context) ([]Rule, error) {
	result, err := s.API.Rules(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("list rules: %w", err)
	}
	var rules []Rule
	for _, g := range result.Groups {
		for _, loaded := range g.Rules {
			rule := Rule{File: g.File, Group: g.Name}
			switch r := loaded.(type) {
			case prometheusv1.AlertingRule:
				rule.Name, rule.Expression, rule.State = r.Name, r.Query, r.State
				rule.Health, rule.LastError, rule.Alerts = r.Health, r.LastError, r.Alerts
			case prometheusv1.RecordingRule:
				rule.Name, rule.Expression = r.Name, r.Query
				rule.Health, rule.LastError = r.Health, r.LastError
			default:
				return nil, fmt.Errorf("list rules: group %q has a %T", g.Name, loaded)
			}
			rules = append(rules, rule)
		}
	}
	return rules, nil
}

// WaitRules waits until each rule was evaluated at least once, and returns them. One that cannot be evaluated is an
// error. The first evaluation comes within the interval of the rule's group.
func (s *Server) WaitRules(ctx context.Context) ([]Rule, error) {
	var rules []Rule
	err := s.until(ctx, "every rule is evaluated", func() (string, error) {
		var err error
		if rules, err = s.Rules(ctx); err != nil {
			return "", err
		}
		var left []string
		for _, r := range rules {
			switch r.Health {
			case prometheusv1.RuleHealthGood:
			case prometheusv1.RuleHealthBad:
				return "", fmt.Errorf("evaluate rule %q of group %q: %s", r.Name, r.Group, r.LastError)
			default:
				left = append(left, r.Name)
			}
		}
		return strings.Join(left, ", "), nil
	})
	return rules, err
}
