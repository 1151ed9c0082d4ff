package member

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/fleet"
)

// An API server keeps one apply entry per manager, and sorts the entries by time: their order says nothing.
func TestObserveDoesNotDependOnTheOrderOfEntries(t *testing.T) {
	const update, apply = metav1.ManagedFieldsOperationUpdate, metav1.ManagedFieldsOperationApply
	others := []metav1.ManagedFieldsEntry{
		managed("kubectl", update, "", `{"f:data":{}}`), managed("argocd", apply, "", `{"f:spec":{}}`), managed(FieldManager, apply, "status", `{"f:status":{}}`),
		managed(legacyManager, update, "", `{"f:data":{}}`), managed(legacyManager, update, "status", `{}`), managed(FieldManager, update, "", `{"f:x":{}}`),
		managed("fedsync-but-not", apply, "", `{"f:x":{}}`),
		{Manager: FieldManager, Operation: apply, Subresource: "scale"},
		{},
	}
	rapid.Check(t, func(t *rapid.T) {
		var entries []metav1.ManagedFieldsEntry
		for _, e := range others {
			if rapid.Bool().Draw(t, "present") {
				entries = append(entries, e)
			}
		}
		if rapid.Bool().Draw(t, "applied") {
			entries = append(entries, managed(FieldManager, apply, "", `{"f:metadata":{}}`))
		}
		seen := copyAt("5")
		seen.ManagedFields = entries
		want := observe(seen, fleet.Ownership{})
		seen.ManagedFields = rapid.Permutation(entries).Draw(t, "shuffled")
		if diff := cmp.Diff(want, observe(seen, fleet.Ownership{}), ownerships); diff != "" {
			t.Fatalf("another order, another observation (-want +got):\n%s", diff)
		}
	})
}
