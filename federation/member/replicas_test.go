package member

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/fleet"
)

// What a preview sends is what Apply would: applyBody and bodyFor differ in where they have the live object from.
func TestBodyFor(t *testing.T) {
	desired := func(retain bool) *fleet.Desired {
		return &fleet.Desired{RetainReplicas: retain, InitialReplicas: 2, Object: map[string]any{"spec": map[string]any{"a": "b"}}, Body: []byte(`{"spec":{"a":"b"}}`)}
	}
	live := map[string]any{"spec": map[string]any{"replicas": 7}}
	ours := fleet.NewOwnership(`{"f:spec":{"f:replicas":{}}}`)
	theirs := fleet.NewOwnership(`{"f:spec":{"f:a":{}}}`)
	tests := map[string]struct {
		why    string
		retain bool
		seen   fleet.Observed
		live   map[string]any
		want   string
	}{
		"replicas of the template":       {why: "they are in it", live: live, want: `{"spec":{"a":"b"}}`},
		"a new copy":                     {why: "it begins with the template's", retain: true, want: `{"spec":{"a":"b","replicas":2}}`},
		"an object that is adopted":      {why: "its replicas count", retain: true, live: live, want: `{"spec":{"a":"b","replicas":7}}`},
		"a copy whose replicas are ours": {why: "what we own alone and stop applying would be removed", retain: true, seen: fleet.Observed{UID: "u", Owned: ours}, live: live, want: `{"spec":{"a":"b","replicas":7}}`},
		"one that another scales":        {why: "it is theirs", retain: true, seen: fleet.Observed{UID: "u", Owned: theirs}, live: live, want: `{"spec":{"a":"b"}}`},
		"one that KubeFed wrote":         {why: "its fields become ours", retain: true, seen: fleet.Observed{UID: "u", Owned: theirs, LegacyOwned: true}, live: live, want: `{"spec":{"a":"b","replicas":7}}`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := bodyFor(desired(tc.retain), tc.seen, tc.live)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}
