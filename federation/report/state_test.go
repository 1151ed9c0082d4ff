package report_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedsync/fedsync/federation/report"
)

func TestStateOf(t *testing.T) {
	tests := map[string]struct {
		why, word string
		want      report.State
	}{
		"as declared":  {why: "no word is the best word", word: report.ClusterOK, want: report.InStep},
		"on its way":   {why: "it needs nobody", word: report.ClusterPending, want: report.Pending},
		"going":        {why: "it is not wanted any more", word: report.ClusterWaitingForRemoval, want: report.Removing},
		"member away":  {why: "the member is the trouble, not the copy", word: report.ClusterNotReady, want: report.Unreachable},
		"refused":      {why: "somebody must act", word: report.ClusterUpdateFailed, want: report.Failed},
		"not to have":  {why: "opted out is not as declared", word: report.ClusterManagedLabelFalse, want: report.Failed},
		"a later word": {why: "a word of another version is no success", word: "Unheard", want: report.Failed},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := report.StateOf(tc.word); got != tc.want {
				t.Errorf("got %v, want %v: %s", got, tc.want, tc.why)
			}
		})
	}
}

// What is counted by its word must be in the list, or its series would never be served.
func TestFailuresAreAllThereAre(t *testing.T) {
	words := report.Failures()
	if !slices.IsSorted(words) {
		t.Error("not sorted")
	}
	for _, word := range words {
		if report.StateOf(word) != report.Failed {
			t.Errorf("%s is no failure", word)
		}
	}
	vocabulary := vocabularyWords(t)
	var failed []string
	for _, word := range vocabulary {
		if report.StateOf(word) == report.Failed {
			failed = append(failed, word)
		}
	}
	slices.Sort(failed)
	if diff := cmp.Diff(failed, words); diff != "" {
		t.Errorf("(-vocabulary +Failures):\n%s", diff)
	}
}
