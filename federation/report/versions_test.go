package report_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// The hashes are what KubeFed v0.10 computes; one that differs would let it write every copy anew.
func TestHashDeclaration(t *testing.T) {
	const noOverrides = "2979b7538b527abe06492021841caf47" // of {"overrides":null}
	tests := map[string]struct {
		why, template, overrides string
		wantTemplate             string
		wantOverrides            string
	}{
		"nothing":           {why: "no template has no hash", wantOverrides: noOverrides},
		"an empty template": {why: "it is not no template", template: `{}`, wantTemplate: "8a80554c91d9fca8acb82f023de02f11", wantOverrides: noOverrides},
		"a template":        {why: "KubeFed's own vector", template: `{"data":{"foo":"bar"}}`, wantTemplate: "4682012eb72f035cfe2b227efe7ca8c8", wantOverrides: noOverrides},
		"a template in another order": {
			why: "keys are sorted, and white space does not count", template: ` { "data" : { "foo" : "bar" } } `, wantTemplate: "4682012eb72f035cfe2b227efe7ca8c8", wantOverrides: noOverrides,
		},
		"a field that is null": {
			why: "the vector of KubeFed's TestGetTemplateHash", template: `{"spec":{"foo":null}}`, wantTemplate: "a5b8d4352d5aed51c51b93900258ccf3", wantOverrides: noOverrides,
		},
		"a list of no overrides": {why: "it is not no list", overrides: `[]`, wantOverrides: "fd97e6d9a670c7dcdc2477764f78b459"},
		"overrides": {
			why: "KubeFed's own vector", overrides: `[{"clusterName":"cluster1","clusterOverrides":[{"path":"/data","value":{"foo":"baz"}}]}]`, wantOverrides: "83ab4a072c6b38ec5b27715c2fe62c9d",
		},
		"overrides in another order": {
			why:       "KubeFed's types say in which order fields come, and drop what they do not know",
			overrides: `[{"clusterOverrides":[{"value":{"foo":"baz"},"path":"/data","note":"x"}],"note":"x","clusterName":"cluster1"}]`, wantOverrides: "83ab4a072c6b38ec5b27715c2fe62c9d",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := report.HashDeclaration(&fleet.FederatedObject{Template: json.RawMessage(tc.template), Overrides: json.RawMessage(tc.overrides)})
			if err != nil {
				t.Fatal(err)
			}
			want := report.Versions{TemplateVersion: tc.wantTemplate, OverridesVersion: tc.wantOverrides, ClusterVersions: []report.ClusterVersion{}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestHashDeclarationRefuses(t *testing.T) {
	for name, o := range map[string]*fleet.FederatedObject{
		"a template that is a list":  {Template: json.RawMessage(`[1]`)},
		"overrides that are a text":  {Overrides: json.RawMessage(`"x"`)},
		"overrides without their []": {Overrides: json.RawMessage(`{"clusterName":"a"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := report.HashDeclaration(o); err == nil {
				t.Errorf("hashed as %+v, and KubeFed could not read it", got)
			}
		})
	}
}

func TestVersionOf(t *testing.T) {
	tests := map[string]struct {
		why  string
		seen fleet.Observed
		want string
	}{
		"a kind that counts its changes": {why: "others' writes do not count", seen: fleet.Observed{Generation: 7, ResourceVersion: "99"}, want: "gen:7"},
		"one that does not":              {why: "there is nothing better", seen: fleet.Observed{ResourceVersion: "99"}, want: "rv:99"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, report.VersionOf(tc.seen)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}
