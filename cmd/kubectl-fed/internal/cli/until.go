package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
)

// pollEvery is how often is looked whether something has come true.
const pollEvery = 200 * time.Millisecond

// ErrStillWaiting says that what was waited for has not come true in time. It may wrap what went wrong at the last look.
var ErrStillWaiting = errors.New("it has not come true in time")

// Until looks again and again until something is true, at most as long as the limit. An error ends it, unless it may be gone at the next
// look: a server that is busy or restarts is what waiting is for.
func Until(ctx context.Context, limit time.Duration, isTrue func(context.Context) (bool, error)) error {
	return UntilEvery(ctx, pollEvery, limit, isTrue)
}

// UntilEvery is Until for what costs more to look at.
func UntilEvery(ctx context.Context, every, limit time.Duration, isTrue func(context.Context) (bool, error)) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, every, limit, true, func(ctx context.Context) (bool, error) {
		done, err := isTrue(ctx)
		if last = err; err != nil && control.Transient(err) {
			return false, nil
		}
		return done, err
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !wait.Interrupted(err):
		return err
	case last != nil:
		return fmt.Errorf("%w: %w", ErrStillWaiting, last)
	}
	return ErrStillWaiting
}
