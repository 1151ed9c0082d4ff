package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

func TestRemoteStatus(t *testing.T) {
	half := `{"a":"` + strings.Repeat("x", 300<<10) + `"}`
	tests := map[string]struct {
		why      string
		statuses []string
		want     []report.Cluster
	}{
		"of one copy":  {why: "as it was sent", statuses: []string{`{"a": 1}`}, want: []report.Cluster{{Name: "a", RemoteStatus: []byte(`{"a": 1}`)}}},
		"none":         {why: "a ConfigMap has none, and is in step nevertheless", statuses: []string{``}, want: []report.Cluster{{Name: "a"}}},
		"null":         {why: "it is none", statuses: []string{`null`}, want: []report.Cluster{{Name: "a"}}},
		"an empty one": {why: "it is not none", statuses: []string{`{}`}, want: []report.Cluster{{Name: "a", RemoteStatus: []byte(`{}`)}}},
		"a text":       {why: "the CRD has an object there: the host would refuse the whole status", statuses: []string{`"ready"`}, want: []report.Cluster{{Name: "a", Message: "remoteStatus is left out: the status of the copy is no object"}}},
		"a large one":  {why: "there is room for one", statuses: []string{half}, want: []report.Cluster{{Name: "a", RemoteStatus: []byte(half)}}},
		"two of which one is large": {
			why: "each has its share, and the host stores 1.5 MB per object", statuses: []string{half, `{}`},
			want: []report.Cluster{{Name: "a", Message: "remoteStatus is left out: it has more than 262144 bytes"}, {Name: "b", RemoteStatus: []byte(`{}`)}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			in := report.Input{Object: &fleet.FederatedObject{Generation: 1}, Now: time.Unix(0, 0)}
			for i, status := range tc.statuses {
				in.Copies = append(in.Copies, report.Copy{Member: fleet.Name(rune('a' + i)), Exists: true, Action: plan.Action{Reason: plan.InSync}, RemoteStatus: []byte(status)})
			}
			got := report.Summarize(in)
			if diff := cmp.Diff(tc.want, got.Status.Clusters); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
			if c := got.Status.Conditions[0]; c.Status != "True" || got.Troubled || !got.Settled {
				t.Errorf("condition %+v: a status that is left out is no trouble", c)
			}
		})
	}
}

// What the host stores of a remote status, and what would be written, must be found equal whatever the server made of it.
func TestDigestOfRemoteStatus(t *testing.T) {
	digest := func(remote string) report.Published {
		return report.Digest(report.Status{Clusters: []report.Cluster{{Name: "a", RemoteStatus: []byte(remote)}}})
	}
	first := digest(`{"a":{"b":1},"n":9007199254740993,"l":[1,{"x":2}]}`)
	for why, same := range map[string]string{
		"keys have no order":         `{"n":9007199254740993,"l":[1,{"x":2}],"a":{"b":1}}`,
		"white space does not count": `{ "a": {"b": 1}, "n": 9007199254740993, "l": [1, {"x": 2}] }`,
		"a merge patch drops nulls":  `{"a":{"b":1,"c":null},"d":null,"n":9007199254740993,"l":[1,{"x":2,"y":null}]}`,
	} {
		if diff := cmp.Diff(first, digest(same)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", why, diff)
		}
	}
	other := digest(`{"a":{"b":1},"n":9007199254740992,"l":[1,{"x":2}]}`)
	if other.Content == first.Content || other.Bare != first.Bare {
		t.Error("a number that differs is news, although the members are as they were")
	}
}
