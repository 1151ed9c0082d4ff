package fault

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Class says how to come back after an error.
type Class int

// The classes.
const (
	// None: there was no error.
	None Class = iota
	// Retry: the server failed at this one request; try again with growing delays.
	Retry
	// Conflict: the object changed meanwhile; look again and decide again at once.
	Conflict
	// Overloaded: the server asks to come back after Fault.After.
	Overloaded
	// Unreachable: no usable answer came. Whether the request was carried out is unknown.
	Unreachable
	// TimedOut: no answer came in time. Whether the request was carried out is unknown.
	TimedOut
	// Unauthorized: the server does not know our credentials.
	Unauthorized
	// Forbidden: our credentials may not do this.
	Forbidden
	// Rejected: the server understood and refused; trying again the same can hardly help.
	Rejected
	// Exists: an object of that name exists.
	Exists
	// Absent: the object itself does not exist.
	Absent
	// TypeMissing: the server does not serve the type.
	TypeMissing
	// NamespaceMissing: the namespace does not exist.
	NamespaceMissing
	// NamespaceTerminating: the namespace is being deleted.
	NamespaceTerminating
)

// String returns the class as it is written in labels of metrics and attributes of traces; "ok" for None.
func (c Class) String() string {
	names := [...]string{
		None: "ok", Retry: "retry", Conflict: "conflict", Overloaded: "overloaded", Unreachable: "unreachable", TimedOut: "timed_out",
		Unauthorized: "unauthorized", Forbidden: "forbidden", Rejected: "rejected", Exists: "exists", Absent: "absent",
		TypeMissing: "type_missing", NamespaceMissing: "namespace_missing", NamespaceTerminating: "namespace_terminating",
	}
	if c < 0 || int(c) >= len(names) {
		return "unknown"
	}
	return names[c]
}

// Fault is a classified error.
type Fault struct {
	Class Class
	// After is the delay that the server asked for, zero if it did not.
	After time.Duration
	// Err is the error itself, nil for None.
	Err error
}

// Message returns the error's text, or "".
func (f Fault) Message() string {
	if f.Err == nil {
		return ""
	}
	var status apierrors.APIStatus
	if errors.As(f.Err, &status) {
		return status.Status().Message
	}
	var lookup *net.DNSError
	var network *net.OpError
	var certificate x509.CertificateInvalidError
	switch { // without addresses and times: they differ from attempt to attempt, and a message that changes is a write
	case errors.As(f.Err, &certificate) && certificate.Reason == x509.Expired:
		return "the certificate has expired or is not yet valid"
	case errors.As(f.Err, &lookup):
		return "lookup of " + lookup.Name + " failed"
	case errors.As(f.Err, &network):
		return network.Op + " " + network.Net + ": " + network.Err.Error()
	}
	return f.Err.Error()
}

// Of classifies the error.
func Of(err error) Fault {
	f := Fault{Err: err}
	if err == nil {
		return f
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		f.Class, f.After = ofStatus(err, status.Status())
		return f
	}
	f.Class = Retry
	switch {
	case timedOut(err):
		f.Class = TimedOut
	case unanswered(err):
		f.Class = Unreachable
	}
	return f
}

func timedOut(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout()
}

// unanswered tells that the request got no answer: a refused connection, broken TLS, a deadline, a cut stream.
func unanswered(err error) bool {
	var network net.Error
	var request *url.Error
	if errors.Is(err, context.Canceled) {
		return false
	}
	return errors.As(err, &request) || errors.As(err, &network) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func ofStatus(err error, s metav1.Status) (Class, time.Duration) {
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok && (s.Code == http.StatusTooManyRequests || s.Code == http.StatusServiceUnavailable) {
		return Overloaded, time.Duration(seconds) * time.Second
	}
	switch {
	case s.Code == http.StatusNotFound:
		return ofNotFound(s), 0
	case s.Code == http.StatusTooManyRequests:
		return Overloaded, time.Second
	case apierrors.IsAlreadyExists(err):
		return Exists, 0
	case s.Code == http.StatusConflict:
		return Conflict, 0
	case s.Code == http.StatusUnauthorized:
		return Unauthorized, 0
	case apierrors.HasStatusCause(err, "NamespaceTerminating"):
		return NamespaceTerminating, 0
	case s.Code == http.StatusForbidden:
		return Forbidden, 0
	case s.Code == http.StatusBadGateway, s.Code == http.StatusServiceUnavailable:
		return Unreachable, 0
	case s.Code == http.StatusGatewayTimeout:
		return TimedOut, 0
	case s.Code >= http.StatusBadRequest && s.Code < http.StatusInternalServerError && s.Code != http.StatusRequestTimeout:
		return Rejected, 0
	default:
		return Retry, 0
	}
}

// ofNotFound tells apart the three things that a 404 can mean: the details of a missing object name it, those of a
// missing namespace name the namespace, and those of a missing type have no name.
func ofNotFound(s metav1.Status) Class {
	switch {
	case s.Details == nil || s.Details.Name == "":
		return TypeMissing
	case s.Details.Kind == "namespaces" && s.Details.Group == "":
		return NamespaceMissing
	default:
		return Absent
	}
}
