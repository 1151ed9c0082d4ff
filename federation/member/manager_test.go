package member

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedsync/fedsync/fleet"
)

func TestLastManager(t *testing.T) {
	entry := func(manager, subresource string, second int) metav1.ManagedFieldsEntry {
		at := metav1.NewTime(time.Date(2026, 1, 1, 0, 0, second, 0, time.UTC))
		return metav1.ManagedFieldsEntry{Manager: manager, Subresource: subresource, Time: &at, Operation: metav1.ManagedFieldsOperationUpdate}
	}
	tests := map[string]struct {
		why     string
		entries []metav1.ManagedFieldsEntry
		want    string
	}{
		"nobody else":     {why: "we are not told apart from ourselves", entries: []metav1.ManagedFieldsEntry{entry(FieldManager, "", 9)}},
		"the last of two": {why: "who wrote last took the field", entries: []metav1.ManagedFieldsEntry{entry("kubectl-edit", "", 5), entry("helm", "", 3)}, want: "kubectl-edit"},
		"the same second": {why: "times are whole seconds; later entries are newer more often than not", entries: []metav1.ManagedFieldsEntry{entry("a", "", 5), entry("b", "", 5)}, want: "b"},
		"a status writer": {why: "a status is no field of ours", entries: []metav1.ManagedFieldsEntry{entry("kubectl-edit", "", 1), entry("kubelet", "status", 9)}, want: "kubectl-edit"},
		"without a time":  {why: "it says nothing", entries: []metav1.ManagedFieldsEntry{{Manager: "old"}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			m := copyAt("1", func(m *metav1.PartialObjectMetadata) { m.ManagedFields = tc.entries })
			if got := observe(m, fleet.Ownership{}).LastManager; got != tc.want {
				t.Errorf("got %q, want %q: %s", got, tc.want, tc.why)
			}
		})
	}
}

// A controller that changes what is not ours would have every copy looked at again.
func TestWhoChangedACopyIsNoChangeOfItsOwn(t *testing.T) {
	changes := 0
	c := newCopies(func(string, string) { changes++ })
	by := func(manager string) func(*metav1.PartialObjectMetadata) {
		at := metav1.NewTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		return func(m *metav1.PartialObjectMetadata) {
			m.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: manager, Time: &at}}
		}
	}
	for i, m := range []*metav1.PartialObjectMetadata{copyAt("1", by("a")), copyAt("2", by("b"))} {
		if err := c.Update(m); err != nil {
			t.Fatal(err)
		}
		if changes != 1 {
			t.Errorf("after version %d: told of %d changes, want 1", i+1, changes)
		}
	}
	if o, _ := c.get("ns", "n"); o.LastManager != "b" {
		t.Errorf("last manager %q, want the newer one", o.LastManager)
	}
}
