package monitoring

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/prometheus"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"sigs.k8s.io/yaml"
)

// alarm is a moment that calls for an alert.
type alarm struct {
	at moment
	// picture is what its expression gives: the series that it fires for.
	picture only
	// scaledOnly says why the rule as it is cannot tell yet, or not any more, and only the copy with short durations is asked.
	scaledOnly string
}

// alarms are the moments of each alert. At [calm] and [succeeded] all are silent.
func alarms() map[string][]alarm {
	away := only{"member2": is(0)}
	return map[string][]alarm{
		"FedsyncCopiesOverdueFast": {{at: paused, picture: one(between(0.0144, 1))}},
		"FedsyncCopiesOverdueSlow": {{at: paused, picture: one(between(0.006, 1))}},
		"FedsyncConvergenceSlow":   {{at: unthrottled, picture: one(between(0, 0.949))}},

		"FedsyncMemberUnreachable":     {{at: paused, picture: away}},
		"FedsyncWatchDegraded":         {{at: unserved, picture: only{"member3": is(1)}}},
		"FedsyncMemberThrottled":       {{at: throttled, picture: only{"member1": atLeast(0.1)}}},
		"FedsyncCredentialExpiring":    {{at: expiring, picture: only{"member1": between(86400, 2*86400)}}},
		"FedsyncCredentialExpiresSoon": {{at: endingSoon, picture: only{"member3": between(0, shortLife)}}},

		"FedsyncRemovalsFrozen": {{at: frozen, picture: one(is(frozenCopies))}},
		"FedsyncRejectedObjectsGrowing": {{
			at: refused, picture: only{"deployments.apps": is(1), "secrets": is(2)}, scaledOnly: "nobody led an hour ago",
		}},
		"FedsyncDriftFight": {{at: paused, picture: only{"somebody configmaps": atLeast(5)}}},

		"FedsyncAbsent":            {{at: nobody, picture: one(is(1))}, {at: disappeared, picture: one(is(1))}},
		"FedsyncLeaderMissing":     {{at: leaderless, picture: one(is(0))}},
		"FedsyncHostWatchDegraded": {{at: unheard, picture: only{widgetType: is(0)}}},
		"FedsyncHostWritesFailing": {{
			at: rejecting, picture: only{"status": between(0.1, 1)}, scaledOnly: "within 10 minutes there were too many that went well",
		}},
	}
}

// silent are the moments at which no alert may be there. Some of the rules as they are remember for longer what has happened before.
func silent(m moment) (ask, askOriginals bool) { return m == calm || m == succeeded, m == calm }

// loaded finds an alert as Prometheus has loaded it from a file.
func loaded(rules []prometheus.Rule, file, name string) *prometheus.Rule {
	for i := range rules {
		if rules[i].File == file && rules[i].Name == name {
			return &rules[i]
		}
	}
	return nil
}

func (s *story) rulesFile() string {
	return filepath.Join(s.root, "charts", "fedsync", "rules", "fedsync.rules.yaml")
}

// asksOfAlerts are the questions about all alerts at a moment.
func (s *story) asksOfAlerts(m moment) []ask {
	var asks []ask
	quiet, originalsToo := silent(m)
	for name, moments := range alarms() {
		if quiet {
			asks = append(asks, s.silence(s.scaled, name))
			if originalsToo {
				asks = append(asks, s.silence(s.rulesFile(), name))
			}
		}
		for _, a := range moments {
			if a.at != m {
				continue
			}
			asks = append(asks, s.alarmed(s.scaled, name, a))
			if a.scaledOnly == "" {
				asks = append(asks, s.alarmed(s.rulesFile(), name, a))
			}
		}
	}
	return asks
}

// silence asks that the expression of an alert gives nothing.
func (s *story) silence(file, name string) ask {
	return ask{what: fmt.Sprintf("alert %s of %s is silent", name, filepath.Base(file)), look: func(ctx context.Context) string {
		r, problem := s.rule(ctx, file, name)
		if problem != "" {
			return problem
		}
		return joined(s.differs(ctx, r.Expression, only{}), stateIs(r, prometheusv1.AlertStateInactive))
	}}
}

// alarmed asks that the expression of an alert gives the picture, and that the alert is there for each of its series. In the copy
// with short durations it has to fire.
func (s *story) alarmed(file, name string, a alarm) ask {
	return ask{what: fmt.Sprintf("alert %s of %s", name, filepath.Base(file)), look: func(ctx context.Context) string {
		r, problem := s.rule(ctx, file, name)
		if problem != "" {
			return problem
		}
		if problem := s.differs(ctx, r.Expression, a.picture); problem != "" {
			return joined(r.Expression, problem)
		}
		if file == s.scaled {
			problem = stateIs(r, prometheusv1.AlertStateFiring)
		} else {
			problem = stateIs(r, prometheusv1.AlertStateFiring, prometheusv1.AlertStatePending)
		}
		return joined(problem, s.labelled(r, a))
	}}
}

// labelled says how the labels of the alerts that are there differ from those of the picture.
func (s *story) labelled(r *prometheus.Rule, a alarm) string {
	got := map[string]float64{}
	for _, found := range r.Alerts {
		labels := model.Metric{}
		for name, v := range found.Labels {
			switch name {
			case model.AlertNameLabel, scaledLabel:
			case "severity":
				if v != "critical" && v != "warning" {
					return fmt.Sprintf("its severity is %q", v)
				}
			default:
				labels[name] = v
			}
		}
		name, err := s.nameOf(labels)
		if err != nil {
			return err.Error()
		}
		got[name] = 0
	}
	return each(is(0), slices.Collect(maps.Keys(a.picture))...).differs(got)
}

func stateIs(r *prometheus.Rule, states ...prometheusv1.AlertState) string {
	if slices.Contains(states, prometheusv1.AlertState(r.State)) {
		return ""
	}
	return fmt.Sprintf("it is %s, want %v", r.State, states)
}

func (s *story) rule(ctx context.Context, file, name string) (found *prometheus.Rule, problem string) {
	rules, err := s.prometheus.Rules(ctx)
	if err != nil {
		return nil, err.Error()
	}
	if found = loaded(rules, file, name); found == nil {
		return nil, "Prometheus has not loaded it"
	}
	if found.Health != prometheusv1.RuleHealthGood {
		return found, fmt.Sprintf("it is %s: %s", found.Health, found.LastError)
	}
	return found, ""
}

// rulesWork fails if Prometheus did not load the rules as they are, or cannot evaluate one.
func (s *story) rulesWork(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	rules, err := s.prometheus.WaitRules(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range declaredRules(t, s.rulesFile()) {
		if name := r.Record + r.Alert; loaded(rules, s.rulesFile(), name) == nil {
			t.Errorf("Prometheus has not loaded %s", name)
		}
	}
}

func declaredRules(t *testing.T, file string) []rule {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var f ruleFile
	if err := yaml.UnmarshalStrict(content, &f); err != nil {
		t.Fatal(err)
	}
	var all []rule
	for _, g := range f.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// TestEveryAlertIsInTheStory needs no clusters.
func TestEveryAlertIsInTheStory(t *testing.T) {
	s := &story{root: repository(t)}
	left := alarms()
	for _, r := range declaredRules(t, s.rulesFile()) {
		if r.Alert == "" {
			continue
		}
		if len(left[r.Alert]) == 0 {
			t.Errorf("no moment calls for the alert %s", r.Alert)
		}
		delete(left, r.Alert)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		t.Errorf("there is no alert %s", name)
	}
}
