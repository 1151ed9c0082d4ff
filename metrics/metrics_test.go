package metrics_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/fedsync/fedsync/metrics"
)

func TestSeriesComeAndGo(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m, err := metrics.New(registry)
	if err != nil {
		t.Fatal(err)
	}
	m.FieldsUnknown("deployments.apps", "a", 2)
	m.FieldsUnknown("deployments.apps", "b", 1)
	m.FieldsUnknown("jobs.batch", "b", 1)
	m.Gone("", "a")
	m.Gone("jobs.batch", "")
	m.RemovalsFrozen(3)
	want := `
		# HELP fedsync_removals_frozen Copies that are not removed because more would be removed than the budget allows.
		# TYPE fedsync_removals_frozen gauge
		fedsync_removals_frozen 3
		# HELP fedsync_template_fields_unknown_total Fields of templates that were left out of copies because the member's API server does not know them.
		# TYPE fedsync_template_fields_unknown_total counter
		fedsync_template_fields_unknown_total{member="b",type="deployments.apps"} 1
	`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v %v", problems, err)
	}
}

func TestNamesAreTakenOnce(t *testing.T) {
	registry := prometheus.NewRegistry()
	if _, err := metrics.New(registry); err != nil {
		t.Fatal(err)
	}
	if _, err := metrics.New(registry); err == nil {
		t.Error("registered twice, want an error")
	}
}
