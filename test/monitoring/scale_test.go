package monitoring

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// scale is by how much the durations of the rules are shortened: the hour of a burn rate becomes 36 seconds, five minutes three. The
// copy of the rules that is made so is loaded besides the rules themselves. It proves the very same expressions with their
// windows full, and that alerts fire and end, which would take hours otherwise. What stays as it is: numbers that are no
// durations of Prometheus, such as the seven days of a token in seconds and the bucket of 30 s.
const scale = 100

// ruleFile is what of a file of rules is changed.
type ruleFile struct {
	Groups []ruleGroup `json:"groups"`
}

type ruleGroup struct {
	Name  string `json:"name"`
	Rules []rule `json:"rules"`
}

type rule struct {
	Record      string            `json:"record,omitempty"`
	Alert       string            `json:"alert,omitempty"`
	Expr        string            `json:"expr"`
	For         string            `json:"for,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// scaledLabel marks the alerts of the copy, which would be the same series as those of the rules otherwise.
const scaledLabel = "scaled"

// scaleRules writes a copy of a file of rules with short durations. Its recorded series have other names.
func scaleRules(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var f ruleFile
	if err := yaml.UnmarshalStrict(content, &f); err != nil {
		return fmt.Errorf("read rules %q: %w", from, err)
	}
	var recorded []string
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			if r.Record != "" {
				recorded = append(recorded, r.Record)
			}
		}
	}
	for i := range f.Groups {
		f.Groups[i].Name += "." + scaledLabel
		for j := range f.Groups[i].Rules {
			f.Groups[i].Rules[j] = scaled(f.Groups[i].Rules[j], recorded)
		}
	}
	if content, err = yaml.Marshal(f); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}

func scaled(r rule, recorded []string) rule {
	r.Expr, r.For = scaleDurations(r.Expr), scaleDurations(r.For)
	for _, name := range recorded { // a longer name that begins with this one has a letter or _ after it
		r.Expr = regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b`).ReplaceAllLiteralString(r.Expr, name+":"+scaledLabel)
	}
	if r.Record != "" {
		r.Record += ":" + scaledLabel
		return r
	}
	labels := map[string]string{scaledLabel: "true"}
	maps.Copy(labels, r.Labels)
	r.Labels = labels
	return r
}

// duration is one of Prometheus, as the rules write them: one number and one unit. The name of a recorded series, such as
// ratio_avg5m, has none.
var duration = regexp.MustCompile(`\b([0-9]+)([smhd])\b`)

func scaleDurations(expression string) string {
	units := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	return duration.ReplaceAllStringFunc(expression, func(found string) string {
		parts := duration.FindStringSubmatch(found)
		number, err := strconv.Atoi(parts[1])
		if err != nil {
			return found // which no number so long is
		}
		return fmt.Sprintf("%dms", (time.Duration(number) * units[parts[2]] / scale).Milliseconds())
	})
}

func TestScale(t *testing.T) {
	for _, tc := range []struct{ why, from, want string }{
		{"a window", `rate(a_total[5m]) > 0.1`, `rate(a_total[3000ms]) > 0.1`},
		{"an offset", `a offset 1h`, `a offset 36000ms`},
		{"a whole time", `15m`, `9000ms`},
		{"no duration: a bucket, a name, a number", `a{le=~"30|30.0"} < b:ratio_avg5m + 7 * 86400`, `a{le=~"30|30.0"} < b:ratio_avg5m + 7 * 86400`},
		{"nothing", ``, ``},
	} {
		if diff := cmp.Diff(tc.want, scaleDurations(tc.from)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.why, diff)
		}
	}
	got := scaled(rule{Alert: "A", Expr: "c:x:ratio > 1 and c:x:ratio_avg5m > 1", Labels: map[string]string{"severity": "warning"}}, []string{"c:x:ratio", "c:x:ratio_avg5m"})
	want := rule{Alert: "A", Expr: "c:x:ratio:scaled > 1 and c:x:ratio_avg5m:scaled > 1", Labels: map[string]string{"severity": "warning", "scaled": "true"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("recorded series have other names (-want +got):\n%s", diff)
	}
	if strings.Contains(scaleDurations("[1d]"), "d") {
		t.Error("a day is scaled too")
	}
}
