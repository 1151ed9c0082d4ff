package report_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// noon has a zone of its own: what is published is UTC.
var noon = time.Date(2026, 1, 2, 13, 0, 0, 999, time.FixedZone("CET", 3600))

const noonText = "2026-01-02T12:00:00Z"

func object() *fleet.FederatedObject { return &fleet.FederatedObject{Generation: 7} }

func act(verb plan.Verb, reason plan.Reason) plan.Action {
	return plan.Action{Verb: verb, Reason: reason}
}

// entry is what one copy gives: its entry, and what the summary of it alone says.
type entry struct {
	Status, Message               string
	Known, Settled, Gone, Trouble bool
}

func TestEntry(t *testing.T) {
	refusal := &report.Failure{Verb: plan.Apply, Message: "no"}
	tests := map[string]struct {
		why  string
		copy report.Copy
		want entry
	}{
		"a copy that is as declared": {
			why: "KubeFed leaves the status out then", copy: report.Copy{Action: act(plan.None, plan.InSync), Exists: true},
			want: entry{Known: true, Settled: true},
		},
		"a missing copy": {
			why: "it is on its way", copy: report.Copy{Action: act(plan.Apply, plan.Missing)},
			want: entry{Status: report.ClusterPending, Known: true},
		},
		"an edited copy": {
			why: "as above", copy: report.Copy{Action: act(plan.Apply, plan.Edited), Exists: true},
			want: entry{Status: report.ClusterPending, Known: true},
		},
		"a copy that somebody changed": {
			why: "as above", copy: report.Copy{Action: plan.Action{Verb: plan.Apply, Reason: plan.Drifted, Field: "spec"}, Exists: true},
			want: entry{Status: report.ClusterPending, Known: true},
		},
		"a copy whose object is not held yet": {
			why: "the finalizer comes in a moment", copy: report.Copy{Action: act(plan.Wait, plan.NotHeld)},
			want: entry{Status: report.ClusterPending, Known: true},
		},
		"a copy that waits for its namespace": {
			why: "the message says for what", copy: report.Copy{Action: act(plan.Wait, plan.NamespaceMissing)},
			want: entry{Status: report.ClusterPending, Message: "waits for its namespace in the member", Known: true},
		},
		"a copy whose namespace goes": {
			why: "as above", copy: report.Copy{Action: act(plan.Wait, plan.NamespaceTerminating)},
			want: entry{Status: report.ClusterPending, Message: "its namespace is being deleted in the member", Known: true},
		},
		"a copy that must go before it comes back": {
			why: "as above", copy: report.Copy{Action: act(plan.Wait, plan.CopyDeleting), Exists: true},
			want: entry{Status: report.ClusterPending, Message: "the old object is being deleted in the member", Known: true},
		},
		"a copy that opted out": {
			why: "KubeFed's word; it stays so until somebody changes the label", copy: report.Copy{Action: act(plan.Wait, plan.OptedOut), Exists: true},
			want: entry{Status: report.ClusterManagedLabelFalse, Message: "the object in the member has the label kubefed.io/managed with another value than true", Known: true, Settled: true, Trouble: true},
		},
		"a copy whose placement is unknown": {
			why: "it stays as it is, and the condition says why", copy: report.Copy{Action: act(plan.None, plan.PlacementUnknown), Exists: true},
			want: entry{Known: true, Settled: true},
		},
		"a faulty template": {
			why:  "the field that is faulty comes first",
			copy: report.Copy{Action: plan.Action{Verb: plan.Wait, Reason: plan.Unrenderable, Field: "spec.template", Detail: "must be an object"}},
			want: entry{Status: report.ClusterComputeResourceFailed, Message: "spec.template: must be an object", Known: true, Settled: true, Trouble: true},
		},
		"a faulty override": {
			why:  "KubeFed has a word of its own for it",
			copy: report.Copy{Action: plan.Action{Verb: plan.Wait, Reason: plan.Unrenderable, Field: "spec.overrides[1].clusterOverrides[0]", Detail: "bad"}},
			want: entry{Status: report.ClusterApplyOverridesFailed, Message: "spec.overrides[1].clusterOverrides[0]: bad", Known: true, Settled: true, Trouble: true},
		},
		"a faulty override for a member that is down": {
			why: "what the user can mend is told first",
			copy: report.Copy{
				Action: plan.Action{Verb: plan.Wait, Reason: plan.Unrenderable, Field: "spec.overrides", Detail: "bad"}, Obstacle: report.MemberDown, Detail: "down",
			},
			want: entry{Status: report.ClusterApplyOverridesFailed, Message: "spec.overrides: bad", Known: true, Settled: true, Trouble: true},
		},
		"a member that is down": {
			why: "nothing can be done until it is back", copy: report.Copy{Action: act(plan.Apply, plan.Missing), Obstacle: report.MemberDown, Detail: "the member is not ready"},
			want: entry{Status: report.ClusterNotReady, Message: "the member is not ready", Known: true, Settled: true, Trouble: true},
		},
		"a member that is down, and a refusal before": {
			why: "the refusal may be out of date", copy: report.Copy{Action: act(plan.Apply, plan.Missing), Obstacle: report.MemberDown, Detail: "down", Failure: refusal},
			want: entry{Status: report.ClusterNotReady, Message: "down", Known: true, Settled: true, Trouble: true},
		},
		"a type that cannot be watched": {
			why: "KubeFed's word for it", copy: report.Copy{Action: act(plan.Wait, plan.Unobserved), Obstacle: report.WatchFailed, Detail: "the type is not served"},
			want: entry{Status: report.ClusterCachedRetrievalFailed, Message: "the type is not served", Known: true, Settled: true, Trouble: true},
		},
		"a watch that has just begun": {
			why: "whatever was written now would be a guess", copy: report.Copy{Action: act(plan.Wait, plan.Unobserved), Obstacle: report.WatchStarting},
			want: entry{Status: report.ClusterPending},
		},
		"a refused creation": {
			why: "the member's answer is the message", copy: report.Copy{Action: act(plan.Apply, plan.Missing), Failure: refusal},
			want: entry{Status: report.ClusterCreationFailed, Message: "no", Known: true, Settled: true, Trouble: true},
		},
		"a refused update": {
			why: "the copy exists", copy: report.Copy{Action: act(plan.Apply, plan.Edited), Exists: true, Failure: refusal},
			want: entry{Status: report.ClusterUpdateFailed, Message: "no", Known: true, Settled: true, Trouble: true},
		},
		"an object that may not be adopted": {
			why:  "KubeFed's word for it",
			copy: report.Copy{Action: act(plan.Create, plan.Missing), Failure: &report.Failure{Verb: plan.Create, Exists: true, Message: "exists"}},
			want: entry{Status: report.ClusterAlreadyExists, Message: "exists", Known: true, Settled: true, Trouble: true},
		},
		"a copy that is to go": {
			why: "its end is on its way", copy: report.Copy{Action: act(plan.Delete, plan.Unplaced), Removing: true, Exists: true},
			want: entry{Status: report.ClusterWaitingForRemoval, Known: true},
		},
		"a copy that is to go from a member that is down": {
			why: "it is not forgotten, and nothing moves", copy: report.Copy{Action: act(plan.Wait, plan.Unobserved), Removing: true, Obstacle: report.MemberDown, Detail: "down"},
			want: entry{Status: report.ClusterWaitingForRemoval, Message: "down", Known: true, Settled: true, Trouble: true},
		},
		"a refused deletion": {
			why: "the member's answer is the message",
			copy: report.Copy{
				Action: act(plan.Delete, plan.ObjectDeleting), Removing: true, Exists: true, Failure: &report.Failure{Verb: plan.Delete, Message: "no"},
			},
			want: entry{Status: report.ClusterDeletionFailed, Message: "no", Known: true, Settled: true, Trouble: true},
		},
		"a refused release": {
			why: "KubeFed has a word of its own for it",
			copy: report.Copy{
				Action: act(plan.Release, plan.ObjectDeleting), Removing: true, Exists: true, Failure: &report.Failure{Verb: plan.Release, Message: "no"},
			},
			want: entry{Status: report.ClusterLabelRemovalFailed, Message: "no", Known: true, Settled: true, Trouble: true},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.copy.Member = "member"
			s := report.Summarize(report.Input{Object: object(), Copies: []report.Copy{tc.copy}, Now: noon})
			c := s.Status.Clusters[0]
			if diff := cmp.Diff(tc.want, entry{c.Status, c.Message, s.Known, s.Settled, s.Gone, s.Troubled}); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
			wantCondition := report.Condition{Type: report.ConditionPropagation, Status: "True", LastUpdateTime: noonText, LastTransitionTime: noonText}
			if tc.want.Status != "" {
				wantCondition.Status, wantCondition.Reason, wantCondition.Message = "False", report.ReasonCheckClusters, "member: "+tc.want.Status
			}
			if diff := cmp.Diff([]report.Condition{wantCondition}, s.Status.Conditions); diff != "" {
				t.Errorf("condition (-want +got):\n%s", diff)
			}
		})
	}
}

func copies(statuses map[fleet.Name]report.Copy, order ...fleet.Name) []report.Copy {
	var list []report.Copy
	for _, name := range order {
		c := statuses[name]
		c.Member = name
		list = append(list, c)
	}
	return list
}

func TestSummarize(t *testing.T) {
	fine := report.Copy{Action: act(plan.None, plan.InSync), Exists: true}
	moving := report.Copy{Action: act(plan.Apply, plan.Edited), Exists: true}
	down := report.Copy{Action: act(plan.Apply, plan.Edited), Obstacle: report.MemberDown, Detail: "down"}
	starting := report.Copy{Action: act(plan.Wait, plan.Unobserved), Obstacle: report.WatchStarting}
	condition := func(status, reason, message string) []report.Condition {
		return []report.Condition{{Type: "Propagation", Status: status, Reason: reason, Message: message, LastUpdateTime: noonText, LastTransitionTime: noonText}}
	}
	tests := map[string]struct {
		why  string
		in   report.Input
		want report.Summary
	}{
		"no copy": {
			why: "nothing is left that a finalizer would have to wait for", in: report.Input{},
			want: report.Summary{Known: true, Settled: true, Gone: true, Status: report.Status{ObservedGeneration: 7, Conditions: condition("True", "", "")}},
		},
		"all copies in step": {
			why: "the entries keep their order", in: report.Input{Copies: copies(map[fleet.Name]report.Copy{"a": fine, "b": fine}, "a", "b")},
			want: report.Summary{Known: true, Settled: true, Status: report.Status{
				ObservedGeneration: 7, Conditions: condition("True", "", ""), Clusters: []report.Cluster{{Name: "a"}, {Name: "b"}},
			}},
		},
		"one moving, one down": {
			why: "the picture still changes, and there is trouble already",
			in:  report.Input{Copies: copies(map[fleet.Name]report.Copy{"a": moving, "b": down, "c": fine}, "a", "b", "c")},
			want: report.Summary{Known: true, Troubled: true, Status: report.Status{
				ObservedGeneration: 7, Conditions: condition("False", "CheckClusters", "a: Pending, b: ClusterNotReady"),
				Clusters: []report.Cluster{{Name: "a", Status: "Pending"}, {Name: "b", Status: "ClusterNotReady", Message: "down"}, {Name: "c"}},
			}},
		},
		"one starting": {
			why: "all that is known of the others is not enough to write", in: report.Input{Copies: copies(map[fleet.Name]report.Copy{"a": fine, "b": starting}, "a", "b")},
			want: report.Summary{Status: report.Status{
				ObservedGeneration: 7, Conditions: condition("False", "CheckClusters", "b: Pending"), Clusters: []report.Cluster{{Name: "a"}, {Name: "b", Status: "Pending"}},
			}},
		},
		"more in trouble than can be named": {
			why: "a message is bounded, whatever the fleet's size",
			in:  report.Input{Copies: copies(map[fleet.Name]report.Copy{"a": down, "b": fine, "c": down, "d": down, "e": down, "f": down}, "a", "b", "c", "d", "e", "f")},
			want: report.Summary{Known: true, Settled: true, Troubled: true, Status: report.Status{
				ObservedGeneration: 7, Conditions: condition("False", "CheckClusters", "a: ClusterNotReady, c: ClusterNotReady, d: ClusterNotReady, and 2 more"),
				Clusters: []report.Cluster{
					{Name: "a", Status: "ClusterNotReady", Message: "down"},
					{Name: "b"},
					{Name: "c", Status: "ClusterNotReady", Message: "down"},
					{Name: "d", Status: "ClusterNotReady", Message: "down"},
					{Name: "e", Status: "ClusterNotReady", Message: "down"},
					{Name: "f", Status: "ClusterNotReady", Message: "down"},
				},
			}},
		},
		"a placement that cannot be read": {
			why: "the condition says so, whatever the copies say",
			in: report.Input{
				PlacementReason: report.ReasonComputePlacementFailed, PlacementMessage: "spec.placement: must be an object",
				Copies: copies(map[fleet.Name]report.Copy{"a": down}, "a"),
			},
			want: report.Summary{Known: true, Settled: true, Troubled: true, Status: report.Status{
				ObservedGeneration: 7, Conditions: condition("False", "ComputePlacementFailed", "spec.placement: must be an object"),
				Clusters: []report.Cluster{{Name: "a", Status: "ClusterNotReady", Message: "down"}},
			}},
		},
		"a namespace that is not federated": {
			why: "it is trouble even if no copy is left", in: report.Input{PlacementReason: report.ReasonNamespaceNotFederated, PlacementMessage: "none"},
			want: report.Summary{Known: true, Settled: true, Gone: true, Troubled: true, Status: report.Status{
				ObservedGeneration: 7, Conditions: condition("False", "NamespaceNotFederated", "none"),
			}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.in.Object, tc.in.Now = object(), noon
			if diff := cmp.Diff(tc.want, report.Summarize(tc.in)); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

// stored returns what is remembered of the status after the host stored it; a CRD made by KubeFed drops the messages.
func stored(t rapid.TB, s report.Status, messages bool) report.Published {
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back report.Status
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	for i := range back.Conditions {
		if !messages {
			back.Conditions[i].Message = ""
		}
	}
	for i := range back.Clusters {
		if !messages {
			back.Clusters[i].Message = ""
		}
	}
	return report.Digest(back)
}

func TestTimes(t *testing.T) {
	const later = "2026-01-02T12:00:05Z"
	fine := report.Copy{Member: "a", Action: act(plan.None, plan.InSync)}
	failed := report.Copy{Member: "a", Action: act(plan.Apply, plan.Edited), Exists: true, Failure: &report.Failure{Message: "no"}}
	failedOtherwise := failed
	failedOtherwise.Failure = &report.Failure{Message: "still no"}
	tests := map[string]struct {
		why                        string
		before, after              report.Copy
		generation                 int64 // of the object afterwards
		wantUpdate, wantTransition string
	}{
		"nothing changed": {
			why: "the same picture is not written again", before: failed, after: failed, generation: 7, wantUpdate: noonText, wantTransition: noonText,
		},
		"another status": {
			why: "True became False", before: fine, after: failed, generation: 7, wantUpdate: later, wantTransition: later,
		},
		"another message of an entry": {
			why: "the content changed, the condition did not turn", before: failed, after: failedOtherwise, generation: 7, wantUpdate: later, wantTransition: noonText,
		},
		"another generation": {
			why: "as above", before: fine, after: fine, generation: 8, wantUpdate: later, wantTransition: noonText,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			first := report.Summarize(report.Input{Object: object(), Copies: []report.Copy{tc.before}, Now: noon})
			in := report.Input{
				Object: &fleet.FederatedObject{Generation: tc.generation}, Copies: []report.Copy{tc.after},
				Before: stored(t, first.Status, true), Now: noon.Add(5 * time.Second),
			}
			c := report.Summarize(in).Status.Conditions[0]
			if diff := cmp.Diff([]string{tc.wantUpdate, tc.wantTransition}, []string{c.LastUpdateTime, c.LastTransitionTime}); diff != "" {
				t.Errorf("update and transition (-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestTimesAfterAForeignCondition(t *testing.T) {
	tests := map[string]struct {
		why    string
		before report.Condition
		want   report.Condition
	}{
		"without times": {
			why: "it began now, as far as anybody knows", before: report.Condition{Type: "Propagation", Status: "True"},
			want: report.Condition{Type: "Propagation", Status: "True", LastUpdateTime: noonText, LastTransitionTime: noonText},
		},
		"of KubeFed": {
			why:    "it has stood since then",
			before: report.Condition{Type: "Propagation", Status: "True", LastUpdateTime: "2020-01-01T00:00:00Z", LastTransitionTime: "2019-01-01T00:00:00Z"},
			want:   report.Condition{Type: "Propagation", Status: "True", LastUpdateTime: noonText, LastTransitionTime: "2019-01-01T00:00:00Z"},
		},
		"of another type": {
			why:    "it says nothing about ours",
			before: report.Condition{Type: "Ready", Status: "True", LastTransitionTime: "2019-01-01T00:00:00Z"},
			want:   report.Condition{Type: "Propagation", Status: "True", LastUpdateTime: noonText, LastTransitionTime: noonText},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			before := report.Digest(report.Status{Conditions: []report.Condition{tc.before}}) // without the generation, so that the content differs
			s := report.Summarize(report.Input{Object: object(), Before: before, Now: noon})
			if diff := cmp.Diff([]report.Condition{tc.want}, s.Status.Conditions); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestDigest(t *testing.T) {
	made := func(message, entryMessage, at string) report.Status {
		return report.Status{
			ObservedGeneration: 1,
			Conditions:         []report.Condition{{Type: "Propagation", Status: "False", Message: message, LastUpdateTime: at, LastTransitionTime: at}},
			Clusters:           []report.Cluster{{Name: "a", Status: "Pending", Message: entryMessage}},
		}
	}
	base := made("m", "e", "1")
	grown := made("m", "e", "1")
	grown.Clusters = append(grown.Clusters, report.Cluster{Name: "b"})
	tests := map[string]struct {
		why           string
		other         report.Status
		content, bare bool // whether it is the same
	}{
		"other times":              {why: "times are no content", other: made("m", "e", "2"), content: true, bare: true},
		"another message":          {why: "KubeFed's CRDs drop messages", other: made("n", "e", "1"), bare: true},
		"another message of entry": {why: "as above", other: made("m", "f", "1"), bare: true},
		"one more entry":           {why: "it is another status", other: grown},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			a, b := report.Digest(base), report.Digest(tc.other)
			if diff := cmp.Diff([]bool{tc.content, tc.bare}, []bool{a.Content == b.Content, a.Bare == b.Bare}); diff != "" {
				t.Errorf("same content, same without messages (-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
	if diff := cmp.Diff(made("m", "e", "1"), base); diff != "" {
		t.Errorf("Digest changed the status (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(base.Conditions[0], report.Digest(base).Condition); diff != "" {
		t.Errorf("the condition is not kept (-want +got):\n%s", diff)
	}
}

func TestMessagesAreBounded(t *testing.T) {
	long := strings.Repeat("ä", 300) // 600 bytes: 512 would cut one in two
	tests := map[string]struct {
		why, message, want string
	}{
		"just short enough":       {why: "it stays whole", message: strings.Repeat("x", 512), want: strings.Repeat("x", 512)},
		"one byte too long":       {why: "the sign that something is missing counts too", message: strings.Repeat("x", 513), want: strings.Repeat("x", 509) + "…"},
		"cut inside of a letter":  {why: "half a letter is none", message: long, want: strings.Repeat("ä", 254) + "…"},
		"cut between two letters": {why: "no letter is lost", message: "x" + long, want: "x" + strings.Repeat("ä", 254) + "…"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := report.Summarize(report.Input{
				Object: object(), PlacementReason: report.ReasonComputePlacementFailed, PlacementMessage: tc.message, Now: noon,
				Copies: []report.Copy{{Member: "a", Action: act(plan.Apply, plan.Missing), Failure: &report.Failure{Message: tc.message}}},
			})
			got := []string{s.Status.Clusters[0].Message, s.Status.Conditions[0].Message}
			if diff := cmp.Diff([]string{tc.want, tc.want}, got); diff != "" {
				t.Errorf("entry and condition (-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func someCopies() *rapid.Generator[[]report.Copy] {
	reasons := []plan.Reason{
		plan.InSync, plan.Missing, plan.Edited, plan.Drifted, plan.NotPlaced, plan.Unplaced, plan.ObjectDeleting, plan.PlacementUnknown, plan.Unobserved,
		plan.Unrenderable, plan.OptedOut, plan.CopyDeleting, plan.NamespaceMissing, plan.NamespaceTerminating, plan.NotHeld, "",
	}
	text := rapid.OneOf(rapid.String(), rapid.Map(rapid.IntRange(500, 520), func(n int) string { return strings.Repeat("ä", n/2) }))
	return rapid.Custom(func(t *rapid.T) []report.Copy {
		list := make([]report.Copy, rapid.IntRange(0, 6).Draw(t, "copies"))
		for i := range list {
			list[i] = report.Copy{
				Member: fleet.Name(fmt.Sprintf("member-%d", i)),
				Action: plan.Action{
					Verb: plan.Verb(rapid.IntRange(0, 5).Draw(t, "verb")), Reason: rapid.SampledFrom(reasons).Draw(t, "reason"),
					Field: rapid.SampledFrom([]string{"spec.template", "spec.overrides[0]"}).Draw(t, "field"), Detail: text.Draw(t, "detail of the action"),
				},
				Removing: rapid.Bool().Draw(t, "removing"), Exists: rapid.Bool().Draw(t, "exists"),
				Obstacle: report.Obstacle(rapid.IntRange(0, 3).Draw(t, "obstacle")), Detail: text.Draw(t, "detail"),
			}
			if rapid.Bool().Draw(t, "failed") {
				list[i].Failure = &report.Failure{
					Verb: plan.Verb(rapid.IntRange(2, 5).Draw(t, "failed verb")), Exists: rapid.Bool().Draw(t, "object exists"), Message: text.Draw(t, "answer"),
				}
			}
		}
		return list
	})
}

func TestSummarizeTwiceIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := report.Input{Object: object(), Copies: someCopies().Draw(t, "copies"), Now: noon}
		if rapid.Bool().Draw(t, "placement trouble") {
			in.PlacementReason, in.PlacementMessage = report.ReasonComputePlacementFailed, rapid.String().Draw(t, "message")
		}
		first := report.Summarize(in)
		if first.Settled != !anyMoves(in.Copies, first) {
			t.Fatalf("settled %v: %+v", first.Settled, first.Status)
		}
		for _, c := range first.Status.Clusters {
			if len(c.Message) > 512 || !utf8.ValidString(c.Message) {
				t.Fatalf("message of %d bytes: %q", len(c.Message), c.Message)
			}
		}
		if len(first.Status.Conditions[0].Message) > 512 {
			t.Fatalf("the condition's message has %d bytes", len(first.Status.Conditions[0].Message))
		}
		in.Before, in.Now = stored(t, first.Status, true), noon.Add(time.Hour)
		second := report.Summarize(in)
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatalf("nothing happened, and yet (-first +second):\n%s", diff)
		}
		if got := report.Digest(second.Status); got != in.Before {
			t.Fatal("the digest of what was stored differs from that of what would be written: it would be written for ever")
		}
		if got := stored(t, first.Status, false); got.Bare != in.Before.Bare {
			t.Fatal("a CRD that drops messages makes another status of it")
		}
	})
}

// anyMoves tells that an entry alone would not be settled.
func anyMoves(list []report.Copy, s report.Summary) bool {
	for i := range list {
		alone := report.Summarize(report.Input{Object: object(), Copies: list[i : i+1], Now: noon})
		if !alone.Settled || !cmp.Equal(s.Status.Clusters[i], alone.Status.Clusters[0]) {
			return true
		}
	}
	return false
}
