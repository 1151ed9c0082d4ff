package host

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a start finds is no edit, unless its status does not speak of it yet.
func TestChangesSayWhereTheyCameFrom(t *testing.T) {
	type origin struct{ Listed, Observed bool }
	var told []origin
	s := NewObjects("configmaps", func(c Change) { told = append(told, origin{c.Listed, c.Observed}) })
	list := []any{
		version("5", named("ns", "settled"), generation(2), status(`{"observedGeneration":2}`)),
		version("5", named("ns", "edited"), generation(3), status(`{"observedGeneration":2}`)),
	}
	if err := s.Replace(list, "9"); err != nil {
		t.Fatal(err)
	}
	for _, o := range []any{version("10", named("ns", "new")), version("11", named("ns", "edited"), generation(4), status(`{"observedGeneration":2}`))} {
		if err := s.Update(o); err != nil {
			t.Fatal(err)
		}
	}
	// A list that follows a broken watch may tell of an edit too.
	if err := s.Replace([]any{version("12", named("ns", "settled"), generation(3), status(`{"observedGeneration":2}`))}, "12"); err != nil {
		t.Fatal(err)
	}
	want := []origin{{Listed: true, Observed: true}, {Listed: true}, {}, {}, {}}
	if diff := cmp.Diff(want, told[:5]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
