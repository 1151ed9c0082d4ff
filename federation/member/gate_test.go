package member

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		passed := make(chan error, 10)
		pass := func(ctx context.Context) { go func() { passed <- g.wait(ctx) }() }
		expect := func(why string, want int) {
			t.Helper()
			synctest.Wait()
			if diff := cmp.Diff(want, len(passed)); diff != "" {
				t.Errorf("how many passed (-want +got): %s\n%s", why, diff)
			}
			for range len(passed) {
				if err := <-passed; err != nil {
					t.Error(err)
				}
			}
		}

		pass(t.Context())
		pass(t.Context())
		expect("it starts shut", 0)
		if g.set(false) {
			t.Error("shutting what is shut changes something")
		}
		if !g.set(true) {
			t.Error("opening changes nothing")
		}
		expect("whoever waited passes", 2)
		if g.set(true) {
			t.Error("opening what is open changes something")
		}
		pass(t.Context())
		expect("it stays open", 1)
		if !g.set(false) {
			t.Error("shutting changes nothing")
		}
		ctx, cancel := context.WithCancel(t.Context())
		pass(ctx)
		pass(t.Context())
		expect("it is shut again", 0)
		cancel()
		synctest.Wait()
		if len(passed) != 1 {
			t.Fatalf("%d gave up, not the one whose context ended", len(passed))
		}
		if err := <-passed; !errors.Is(err, context.Canceled) {
			t.Errorf("it gave up with %v", err)
		}
		g.set(true)
		expect("the other one still waited", 1)
	})
}
