package monitoring

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
)

// moment is a point of the story at which Prometheus is asked.
type moment string

// The moments, in their order.
const (
	nobody      moment = "nobody"      // no fedsyncd runs yet
	calm        moment = "calm"        // everything is created and in step
	edited      moment = "edited"      // everything was edited, and is in step
	drifting    moment = "drifting"    // somebody keeps changing a copy
	throttled   moment = "throttled"   // member1 answers 429 to edits, for longer than half a minute
	unthrottled moment = "unthrottled" // no more
	paused      moment = "paused"      // member2 does not answer, and everything was edited meanwhile
	resumed     moment = "resumed"     // it answers again
	refused     moment = "refused"     // member3 refuses copies, and placements are faulty
	mended      moment = "mended"      // no more
	mass        moment = "mass"        // many objects were created and edited
	flooded     moment = "flooded"     // some of them have a copy that is refused
	drained     moment = "drained"     // no more
	unknown     moment = "unknown"     // a template has fields that nobody knows
	frozen      moment = "frozen"      // more copies are to be removed than the budget allows
	approved    moment = "approved"    // somebody has approved
	unheard     moment = "unheard"     // a federated kind is not served on the host
	unserved    moment = "unserved"    // its kind is not served in member3
	withdrawn   moment = "withdrawn"   // its type does not run any more
	rejecting   moment = "rejecting"   // the host refuses statuses
	expiring    moment = "expiring"    // the token for member1 ends in two days
	endingSoon  moment = "ending soon" // that for member3 within a day
	barred      moment = "barred"      // member3 does not accept the token
	malformed   moment = "malformed"   // there is no token for member3
	unjoined    moment = "unjoined"    // member3 is not registered any more
	leaderless  moment = "leaderless"  // the leader was killed, the other one waits for its Lease
	succeeded   moment = "succeeded"   // the other one leads, and all is well
	disappeared moment = "disappeared" // nobody runs any more
)

// value is what a number has to be: low at least and high at most. NaN is neither.
type value struct{ low, high float64 }

func is(v float64) value              { return value{v, v} }
func between(low, high float64) value { return value{low, high} }
func atLeast(low float64) value       { return value{low, math.Inf(1)} }

// positive is for rates of what has just happened, of which nobody knows how fast.
func positive() value { return atLeast(math.SmallestNonzeroFloat64) }

func (v value) String() string {
	switch {
	case v.low == v.high:
		return fmt.Sprint(v.low)
	case v.low == math.SmallestNonzeroFloat64:
		return "above 0"
	case math.IsInf(v.high, 1):
		return fmt.Sprintf("at least %v", v.low)
	default:
		return fmt.Sprintf("%v to %v", v.low, v.high)
	}
}

// tolerance is what arithmetic loses.
const tolerance = 1e-9

func (v value) holds(got float64) bool { return got >= v.low-tolerance && got <= v.high+tolerance }

// picture is what a query has to give. Series are named by the values of their labels, in the order of the labels' names; see
// [story.nameOf].
type picture interface {
	// differs says what is wrong, or "".
	differs(got map[string]float64) string
}

// only is a picture of exactly these series.
type only map[string]value

// among is a picture that has these series, and maybe others.
type among map[string]value

// without is a picture that lacks these series.
type without []string

func (p only) differs(got map[string]float64) string {
	wrong := among(p).differs(got)
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, wanted := p[name]; !wanted {
			wrong = joined(wrong, fmt.Sprintf("%q is there, with %v", name, got[name]))
		}
	}
	return wrong
}

func (p among) differs(got map[string]float64) (wrong string) {
	for _, name := range slices.Sorted(maps.Keys(p)) {
		v, there := got[name]
		switch {
		case !there:
			wrong = joined(wrong, fmt.Sprintf("%q is not there, want %v", name, p[name]))
		case !p[name].holds(v):
			wrong = joined(wrong, fmt.Sprintf("%q is %v, want %v", name, v, p[name]))
		}
	}
	return wrong
}

func (p without) differs(got map[string]float64) (wrong string) {
	for _, name := range p {
		if v, there := got[name]; there {
			wrong = joined(wrong, fmt.Sprintf("%q is there, with %v", name, v))
		}
	}
	return wrong
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// each gives all names the same value.
func each(v value, names ...string) only {
	p := only{}
	for _, name := range names {
		p[name] = v
	}
	return p
}

// but changes some of them.
func (p only) but(other only) only {
	changed := maps.Clone(p)
	maps.Copy(changed, other)
	return changed
}

// one is the picture of a single series without labels.
func one(v value) only { return only{"": v} }

// want is a picture at a moment.
type want struct {
	at      moment
	picture picture
	// where chooses values of a dashboard's variables; those that are not named stand for all.
	where map[string]string
}

func at(m moment, p picture) want { return want{at: m, picture: p} }

// of chooses a value of a variable: "member", "member2".
func (w want) of(variable, chosen string) want {
	w.where = map[string]string{variable: chosen}
	return w
}

// seriesOf names the series of an answer.
func (s *story) seriesOf(vector model.Vector) (map[string]float64, error) {
	got := map[string]float64{}
	for _, sample := range vector {
		name, err := s.nameOf(sample.Metric)
		if err != nil {
			return nil, err
		}
		if _, twice := got[name]; twice {
			return nil, fmt.Errorf("two series are called %q", name)
		}
		got[name] = float64(sample.Value)
	}
	return got, nil
}

// nameOf joins the values of the labels in the order of the labels' names. The labels cluster and job, which are the same for all
// of fedsync, are left out; an instance is called by its part in the story.
func (s *story) nameOf(labels model.Metric) (string, error) {
	var parts []string
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		v := string(labels[label])
		switch label {
		case model.MetricNameLabel, model.JobLabel:
			continue
		case "cluster":
			if v != hostCluster {
				return "", fmt.Errorf("%s has the cluster %q, want %q", labels, v, hostCluster)
			}
			continue
		case model.InstanceLabel:
			v = s.roles[v]
		}
		parts = append(parts, v)
	}
	return strings.Join(parts, " "), nil
}
