package see

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kubefed/pkg/apis/core/common"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func configMaps() fleet.Type {
	return fleet.Type{Name: "configmaps", Federated: fleet.Resource{Plural: "federatedconfigmaps"}}
}

func object(name string, condition report.Condition, clusters ...report.Cluster) control.Object {
	condition.Type = report.ConditionPropagation
	return control.Object{
		FederatedObject: &fleet.FederatedObject{Key: fleet.ObjectKey{Type: "configmaps", Namespace: "ns", Name: name}, Generation: 2},
		Status:          report.Status{ObservedGeneration: 2, Conditions: []report.Condition{condition}, Clusters: clusters},
	}
}

func TestTally(t *testing.T) {
	failing := func(since time.Time) report.Condition {
		return report.Condition{Status: "False", Reason: report.ReasonCheckClusters, Message: "b: UpdateFailed", LastTransitionTime: since.Format(time.RFC3339)}
	}
	stale := object("edited", report.Condition{Status: "True"}, report.Cluster{Name: "a"})
	stale.Generation = 3
	warned := object("warned", report.Condition{Status: "True"}, report.Cluster{Name: "a"})
	warned.Status.Conditions = append(warned.Status.Conditions, report.Condition{Type: report.ConditionOverrides, Status: "False", Message: "an override does nothing"})
	got := tally([]typed{{kind: configMaps(), objects: []control.Object{
		stale,
		object("failed", failing(noon.Add(-time.Hour)), report.Cluster{Name: "a"}, report.Cluster{Name: "b", Status: report.ClusterUpdateFailed, Message: "no"}),
		object("frozen", failing(noon), report.Cluster{Name: "a", Status: report.ClusterWaitingForRemoval, Message: "held back: more"}),
		object("unfederated", report.Condition{Status: "False", Reason: report.ReasonNamespaceNotFederated, Message: "there is none", LastTransitionTime: noon.Format(time.RFC3339)}),
		warned,
	}}})
	want := &Fleet{
		Objects: 5, AsDeclared: 1, Unseen: 1, Frozen: 1, Copies: Tally{InStep: 3, Removing: 1, Failed: 1},
		Oldest:     &Oldest{Object: "federatedconfigmaps/failed -n ns", Since: noon.Add(-time.Hour), Why: "b: UpdateFailed"},
		Types:      []Part{{Name: "federatedconfigmaps", Objects: 5, AsDeclared: 1, Copies: Tally{InStep: 3, Removing: 1, Failed: 1}}},
		Namespaces: []Part{{Name: "ns", Objects: 5, AsDeclared: 1, Copies: Tally{InStep: 3, Removing: 1, Failed: 1}}},
		Troubles: []Trouble{
			{Word: "NamespaceNotFederated", Count: 1, First: "federatedconfigmaps/unfederated -n ns", Message: "there is none", Next: "create a FederatedNamespace of the namespace's name in it"},
			{Word: "UpdateFailed", Count: 1, First: "federatedconfigmaps/failed -n ns in b", Message: "no", Next: "read the member's message; for an immutable field, delete the copy in the member"},
			{Word: "WaitingForRemoval", Count: 1, First: "federatedconfigmaps/frozen -n ns in a", Message: "held back: more", Next: "wait; if it stays, look at the finalizers of the object in the member"},
		},
		Warnings: []string{"federatedconfigmaps/warned -n ns: an override does nothing"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.InStep() {
		t.Error("it counts as in step")
	}
}

// Every word that a status may have leads somewhere.
func TestEveryWordHasANextStep(t *testing.T) {
	for _, word := range append(report.Failures(), report.ClusterPending, report.ClusterWaitingForRemoval, report.ClusterNotReady, report.ReasonComputePlacementFailed, report.ReasonNamespaceNotFederated) {
		if step := nextStep(word); step == "" || step == nextStep("NoSuchWord") {
			t.Errorf("%s leads to %q", word, step)
		}
	}
}

func TestMemberOf(t *testing.T) {
	text := func(s string) *string { return &s }
	condition := func(kind common.ClusterConditionType, status string, message *string) fedv1b1.ClusterCondition {
		return fedv1b1.ClusterCondition{Type: kind, Status: "True", Message: message, Reason: text(status)}
	}
	no := condition(common.ClusterReady, "", text("not ok"))
	no.Status = "False"
	tests := map[string]struct {
		why         string
		annotations map[string]string
		conditions  []fedv1b1.ClusterCondition
		want        Member
	}{
		"new":       {why: "nobody has looked", want: Member{State: "Unprobed"}},
		"ready":     {why: "it says so", conditions: []fedv1b1.ClusterCondition{condition(common.ClusterReady, "", text("/healthz responded with ok"))}, want: Member{State: "Ready"}},
		"not ready": {why: "the server answers", conditions: []fedv1b1.ClusterCondition{no}, want: Member{State: "NotReady", Message: "not ok"}},
		"offline":   {why: "that it is offline says more", conditions: []fedv1b1.ClusterCondition{no, condition(common.ClusterOffline, "", text("no route"))}, want: Member{State: "NotReady", Message: "no route"}},
		"malformed": {why: "there is no connection", conditions: []fedv1b1.ClusterCondition{no, condition(common.ClusterConfigMalformed, "", text("no token"))}, want: Member{State: "Malformed", Message: "no token"}},
		"drained":   {why: "that is more than cordoned", annotations: map[string]string{"fedsync.io/cordoned": "true", "fedsync.io/drained": "true"}, want: Member{State: "Unprobed", Cordoned: true, Drained: true}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := memberOf(&fedv1b1.KubeFedCluster{ObjectMeta: metav1.ObjectMeta{Annotations: tc.annotations}, Status: fedv1b1.KubeFedClusterStatus{Conditions: tc.conditions}})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestScreen(t *testing.T) {
	f := tally([]typed{{kind: configMaps(), objects: []control.Object{object("web", report.Condition{Status: "True"}, report.Cluster{Name: "a"})}}})
	members := []Member{{Name: "a", State: "Ready", Copies: Tally{InStep: 1}}, {Name: "b", State: "NotReady", Copies: Tally{Failed: 3}}}
	f.Members = count(members)
	press := func(s tea.Model, keys ...string) screen {
		for _, k := range keys {
			s, _ = s.Update(tea.KeyPressMsg(tea.Key{Text: k, Code: rune(k[0])}))
		}
		return s.(screen) //nolint:forcetypeassert // it is what Update returns
	}
	s := screen{}
	if got := s.content(); got != "reading the host ...\n" {
		t.Errorf("before the first picture it shows %q", got)
	}
	shown, again := s.Update(picture{fleet: f, members: members, at: noon})
	if again == nil {
		t.Error("no further picture is asked for")
	}
	s = press(shown)
	if got := s.content(); !strings.Contains(got, "Members:  1 of 2 ready, 1 not ready") || strings.Index(got, "\na ") > strings.Index(got, "\nb ") {
		t.Errorf("members:\n%s", got)
	}
	if got := press(s, "s").content(); strings.Index(got, "\na ") < strings.Index(got, "\nb ") {
		t.Errorf("the worst is not first:\n%s", got)
	}
	tab := func(s screen) screen {
		next, _ := s.Update(tea.KeyPressMsg(tea.Key{Code: tea.KeyTab}))
		return next.(screen) //nolint:forcetypeassert // as above
	}
	if got := tab(s).content(); !strings.Contains(got, "[types]") || !strings.Contains(got, "federatedconfigmaps   1/1") {
		t.Errorf("types:\n%s", got)
	}
	small, _ := s.Update(tea.WindowSizeMsg{Height: 6})
	if got := press(small).content(); strings.Count(got, "\n") > 5 || !strings.Contains(got, "more") {
		t.Errorf("on a small screen:\n%s", got)
	}
	failed, _ := s.Update(picture{err: errTest})
	if got := press(failed).content(); !strings.Contains(got, "The host does not answer: gone") || !strings.Contains(got, "1 of 2 ready") {
		t.Errorf("without the host:\n%s", got)
	}
	if _, quit := s.Update(tea.KeyPressMsg(tea.Key{Text: "q", Code: 'q'})); quit == nil {
		t.Error("q does not end it")
	}
}

type testError string

func (e testError) Error() string { return string(e) }

const errTest = testError("gone")
