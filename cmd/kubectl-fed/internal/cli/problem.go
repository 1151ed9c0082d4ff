package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/clientcmd"
)

// Exit statuses.
const (
	// StatusFailed: the command did not do what was asked.
	StatusFailed = 1
	// StatusChanges: a plan shows changes.
	StatusChanges = 3
)

// NextError is an error that says what to do next.
type NextError struct {
	// Err is what went wrong.
	Err error
	// Next is what to do now: a command, or a sentence without a full stop.
	Next string
}

// Error returns what went wrong, without the next step.
func (p *NextError) Error() string { return p.Err.Error() }

// Unwrap returns the error itself.
func (p *NextError) Unwrap() error { return p.Err }

// Next gives an error its next step; nil stays nil, and an error that has one keeps it.
func Next(err error, format string, args ...any) error {
	if _, has := errors.AsType[*NextError](err); err == nil || has {
		return err
	}
	return &NextError{Err: err, Next: fmt.Sprintf(format, args...)}
}

// Instead gives an error a next step instead of the one that it may have.
func Instead(err error, format string, args ...any) error {
	return &NextError{Err: err, Next: fmt.Sprintf(format, args...)}
}

// ExitError ends the program with a status, and says nothing: all is said.
type ExitError struct{ Status int }

// Error implements error.
func (e *ExitError) Error() string { return fmt.Sprintf("exit status %d", e.Status) }

// Report writes an error for a person, and returns the exit status that goes with it.
func Report(out io.Writer, err error) int {
	if err == nil {
		return 0
	}
	if e, ok := errors.AsType[*ExitError](err); ok {
		return e.Status
	}
	for _, one := range each(err) {
		fmt.Fprintln(out, "error:", Clean(oneLine(one.Error())))
		if next := nextStep(one); next != "" {
			fmt.Fprintln(out, "next: ", next)
		}
	}
	return StatusFailed
}

// each takes errors apart that were joined: several faults of one input have a line each.
func each(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // what wraps them says something of all together
		return joined.Unwrap()
	}
	return []error{err}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// nextStep returns the step that the error itself names, or one that its kind suggests.
func nextStep(err error) string {
	if p, ok := errors.AsType[*NextError](err); ok {
		return p.Next
	}
	switch {
	case clientcmd.IsEmptyConfig(err), clientcmd.IsContextNotFound(err), clientcmd.IsConfigurationInvalid(err):
		return "name the host with --kubeconfig and --context; `kubectl config get-contexts` lists contexts"
	case meta.IsNoMatchError(err):
		return "is this the host? `kubectl apply -f charts/fedsync/crds` installs the CRDs, --context chooses another cluster"
	case apierrors.IsForbidden(err):
		return "ask for this right, or use an account that has it: `kubectl auth can-i --list` shows yours"
	case apierrors.IsUnauthorized(err):
		return "the credentials are not accepted: renew them in your kubeconfig"
	case apierrors.IsConflict(err):
		return "somebody changed it meanwhile: run the command again"
	case errors.Is(err, context.DeadlineExceeded), isUnreachable(err):
		return "see whether the cluster answers: `kubectl --context CONTEXT version`"
	}
	return ""
}

func isUnreachable(err error) bool {
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	_, ok := errors.AsType[*url.Error](err)
	return ok
}
