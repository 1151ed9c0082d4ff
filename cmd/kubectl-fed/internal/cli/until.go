package cli

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// pollEvery is how often is looked whether something has come true.
const pollEvery = 200 * time.Millisecond

// ErrStillWaiting says that what was waited for has not come true in time.
var ErrStillWaiting = errors.New("it has not come true in time")

// Until looks again and again until something is true, at most as long as the limit. An error ends it.
func Until(ctx context.Context, limit time.Duration, isTrue func(context.Context) (bool, error)) error {
	return UntilEvery(ctx, pollEvery, limit, isTrue)
}

// UntilEvery is Until for what costs more to look at.
func UntilEvery(ctx context.Context, every, limit time.Duration, isTrue func(context.Context) (bool, error)) error {
	err := wait.PollUntilContextTimeout(ctx, every, limit, true, isTrue)
	if wait.Interrupted(err) && ctx.Err() == nil {
		return ErrStillWaiting
	}
	return err
}
