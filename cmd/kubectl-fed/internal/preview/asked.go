package preview

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/preview"
)

// errDown says that a member is not asked any more.
var errDown = errors.New("the member does not answer")

// begin bounds a request. A member that did not answer once is not asked again: nobody waits for it twice.
func (m *asked) begin(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if m.down.Load() != nil {
		return nil, nil, errDown
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	return ctx, cancel, nil
}

// meet makes sure that the member is asked only if it is the one that joined.
func (m *asked) meet(ctx context.Context) {
	ctx, end, err := m.begin(ctx)
	if err != nil {
		return
	}
	defer end()
	if err := m.note(m.CheckIdentity(ctx)); errors.Is(err, control.ErrStranger) {
		why := err.Error()
		m.down.CompareAndSwap(nil, &why)
	}
}

// note remembers that the member does not answer.
func (m *asked) note(err error) error {
	switch fault.Of(err).Class {
	case fault.Unreachable, fault.TimedOut, fault.Unauthorized:
		why := "the member does not answer"
		if apierrors.IsUnauthorized(err) {
			why = "the member does not accept its credentials"
		}
		m.down.CompareAndSwap(nil, &why)
	default:
	}
	return err
}

// seen says what an error means for what is known of a copy.
func (m *asked) seen(err error) preview.Seen {
	if why := m.down.Load(); why != nil {
		return preview.Seen{Why: *why}
	}
	switch f := fault.Of(err); f.Class {
	case fault.None, fault.Absent, fault.NamespaceMissing:
		return preview.Seen{Known: true}
	case fault.TypeMissing:
		return preview.Seen{Why: "the member does not serve the type", TypeMissing: true}
	case fault.Forbidden:
		return preview.Seen{Why: "fedsync may not read the type there", Forbidden: true}
	default:
		return preview.Seen{Why: fmt.Sprintf("the member says: %s", f.Message()), Forbidden: true}
	}
}
