package fault_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/fedsync/fedsync/federation/fault"
)

var (
	configMaps  = schema.GroupResource{Resource: "configmaps"}
	deployments = schema.GroupResource{Group: "apps", Resource: "deployments"}
	namespaces  = schema.GroupResource{Resource: "namespaces"}
)

// answer is what client-go makes of an answer that is no Status: that of a proxy, or of a path that nobody serves.
func answer(code, retryAfter int) error {
	return apierrors.NewGenericServerResponse(code, "patch", schema.GroupResource{}, "", "<html>", retryAfter, true)
}

func bare(code int32) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Message: "m"}}
}

// terminating is the answer to a create in a namespace that is being deleted.
func terminating() error {
	err := apierrors.NewForbidden(configMaps, "name", errors.New("unable to create new content in namespace ns because it is being terminated"))
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{Type: "NamespaceTerminating", Field: "metadata.namespace"})
	return err
}

func TestOf(t *testing.T) {
	invalid := apierrors.NewInvalid(schema.GroupKind{Kind: "ConfigMap"}, "name", field.ErrorList{field.Required(field.NewPath("data"), "")})
	refused := &url.Error{Op: "Patch", URL: "https://member", Err: &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}}
	type result struct {
		Class fault.Class
		After time.Duration
	}
	tests := map[string]struct {
		why  string
		err  error
		want result
	}{
		"no error": {why: "only this is success", err: nil, want: result{Class: fault.None}},

		"a missing object": {why: "the details name it", err: apierrors.NewNotFound(configMaps, "name"), want: result{Class: fault.Absent}},
		"a missing namespace": {
			why: "the details name the namespace although something in it was asked for", err: apierrors.NewNotFound(namespaces, "ns"),
			want: result{Class: fault.NamespaceMissing},
		},
		"a missing object of a kind that is called namespaces elsewhere": {
			why: "only those of the core group hold anything", err: apierrors.NewNotFound(schema.GroupResource{Group: "example.io", Resource: "namespaces"}, "ns"),
			want: result{Class: fault.Absent},
		},
		"a missing type": {why: "the answer to a path that nobody serves names nothing", err: answer(http.StatusNotFound, 0), want: result{Class: fault.TypeMissing}},
		"a missing page": {why: "it has no details at all", err: bare(http.StatusNotFound), want: result{Class: fault.TypeMissing}},

		"an object that exists":  {why: "a create met it", err: apierrors.NewAlreadyExists(configMaps, "name"), want: result{Class: fault.Exists}},
		"another version":        {why: "look again and decide again", err: apierrors.NewConflict(configMaps, "name", errors.New("modified")), want: result{Class: fault.Conflict}},
		"another owner":          {why: "an apply met it; what to do is the caller's affair", err: apierrors.NewApplyConflict(nil, "conflict"), want: result{Class: fault.Conflict}},
		"unknown credentials":    {why: "the server does not know us", err: apierrors.NewUnauthorized("who?"), want: result{Class: fault.Unauthorized}},
		"missing permission":     {why: "the server knows us", err: apierrors.NewForbidden(deployments, "web", errors.New("no")), want: result{Class: fault.Forbidden}},
		"a namespace that goes":  {why: "it is a 403 that heals by itself", err: terminating(), want: result{Class: fault.NamespaceTerminating}},
		"invalid content":        {why: "trying the same again cannot help", err: invalid, want: result{Class: fault.Rejected}},
		"a bad request":          {why: "as above", err: apierrors.NewBadRequest("no"), want: result{Class: fault.Rejected}},
		"a request too large":    {why: "as above", err: apierrors.NewRequestEntityTooLargeError("no"), want: result{Class: fault.Rejected}},
		"a version forgotten":    {why: "as above: the watch must begin anew", err: apierrors.NewResourceExpired("old"), want: result{Class: fault.Rejected}},
		"a method not supported": {why: "as above", err: apierrors.NewMethodNotSupported(configMaps, "patch"), want: result{Class: fault.Rejected}},
		"a media type refused":   {why: "as above", err: answer(http.StatusNotAcceptable, 0), want: result{Class: fault.Rejected}},

		"too many requests": {
			why: "come back when the server says", err: apierrors.NewTooManyRequests("busy", 7), want: result{fault.Overloaded, 7 * time.Second},
		},
		"too many requests without a time": {
			why: "not at once", err: apierrors.NewTooManyRequestsError("busy"), want: result{fault.Overloaded, time.Second},
		},
		"too many requests, said by a proxy": {
			why: "the header counts as the body does", err: answer(http.StatusTooManyRequests, 3), want: result{fault.Overloaded, 3 * time.Second},
		},
		"unavailable with a time": {
			why: "a server that can say when is not down", err: answer(http.StatusServiceUnavailable, 5), want: result{fault.Overloaded, 5 * time.Second},
		},
		"unavailable":   {why: "nobody is there to answer", err: apierrors.NewServiceUnavailable("down"), want: result{Class: fault.Unreachable}},
		"a bad gateway": {why: "a proxy could not reach the server", err: answer(http.StatusBadGateway, 0), want: result{Class: fault.Unreachable}},
		"a gateway that waited in vain": {
			why: "what it waited for may have been done", err: bare(http.StatusGatewayTimeout), want: result{Class: fault.TimedOut},
		},

		"an internal error": {why: "it may concern this one object", err: apierrors.NewInternalError(errors.New("etcd")), want: result{Class: fault.Retry}},
		"an internal error with a time": {
			why: "as above: the time is a courtesy", err: apierrors.NewServerTimeout(configMaps, "patch", 2), want: result{Class: fault.Retry},
		},
		"a timeout that the server tells": {why: "as above", err: apierrors.NewTimeoutError("slow", 0), want: result{Class: fault.TimedOut}},
		"a request timeout":               {why: "a 4xx that is not the request's fault", err: bare(http.StatusRequestTimeout), want: result{Class: fault.Retry}},
		"a status without a code":         {why: "it says nothing", err: bare(0), want: result{Class: fault.Retry}},

		"a refused connection": {why: "nobody answered", err: refused, want: result{Class: fault.Unreachable}},
		"a name that nobody knows": {
			why: "as above", err: &net.DNSError{Err: "no such host", Name: "member", IsNotFound: true}, want: result{Class: fault.Unreachable},
		},
		"an unknown authority": {why: "whoever answered, it was not the member", err: &url.Error{Op: "Get", URL: "https://member", Err: x509.UnknownAuthorityError{}}, want: result{Class: fault.Unreachable}},
		"a cut stream":         {why: "whether the request was carried out is unknown", err: io.ErrUnexpectedEOF, want: result{Class: fault.Unreachable}},
		"our own deadline":     {why: "a timeout is never success", err: context.DeadlineExceeded, want: result{Class: fault.TimedOut}},
		"our own end":          {why: "it says nothing about the member", err: context.Canceled, want: result{Class: fault.Retry}},
		"an unknown error":     {why: "it may be of our own making; at least it must not be taken for a member that is down", err: errors.New("what?"), want: result{Class: fault.Retry}},
		"an unmatched kind":    {why: "it looks like a 404, and is not an answer", err: &meta.NoKindMatchError{}, want: result{Class: fault.Retry}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			for _, err := range []error{tc.err, wrapped(tc.err)} {
				f := fault.Of(err)
				if diff := cmp.Diff(tc.want, result{f.Class, f.After}); diff != "" {
					t.Errorf("%v (-want +got), because %s:\n%s", err, tc.why, diff)
				}
				if !errors.Is(f.Err, err) {
					t.Errorf("the error %v was lost: %v", err, f.Err)
				}
			}
		})
	}
}

func wrapped(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("outer: %w", errors.Join(fmt.Errorf("inner: %w", err), nil))
}

func TestMessage(t *testing.T) {
	tests := map[string]struct {
		why  string
		err  error
		want string
	}{
		"no error":      {why: "there is nothing to say", err: nil, want: ""},
		"an answer":     {why: "what the server said is for the user; around it are our own words", err: wrapped(apierrors.NewBadRequest("bad field")), want: "bad field"},
		"another error": {why: "all of it is our own", err: fmt.Errorf("apply: %w", io.EOF), want: "apply: EOF"},
		"a connection that broke": {
			why: "ports differ from attempt to attempt: a message that changes is a write for nothing", want: "read tcp: connection reset by peer",
			err: &url.Error{Op: "Get", URL: "https://member", Err: &net.OpError{
				Op: "read", Net: "tcp", Source: &net.TCPAddr{Port: 40001}, Addr: &net.TCPAddr{Port: 6443}, Err: syscall.ECONNRESET,
			}},
		},
		"a name that nobody knows": {
			why: "as above: the resolver's address may differ", err: &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "member", Server: "10.0.0.10:53"}},
			want: "lookup of member failed",
		},
		"an old certificate": {
			why: "the full text has the present time in it", err: &url.Error{Op: "Get", URL: "https://member", Err: x509.CertificateInvalidError{Reason: x509.Expired, Detail: "current time is after"}},
			want: "the certificate has expired or is not yet valid",
		},
		"a bare status":  {why: "a status may lack everything", err: &apierrors.StatusError{}, want: ""},
		"an unavailable": {why: "as an answer", err: apierrors.NewServiceUnavailable("down"), want: "down"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, fault.Of(tc.err).Message()); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

// Whatever the code, the class is one that does not call a failure success, and a code that is too broad for a safe act
// is not taken for absence.
func FuzzOf(f *testing.F) {
	for code := range int32(600) {
		if code == 0 || code >= 400 {
			f.Add(code, "", "", "", int32(0))
		}
	}
	f.Add(int32(404), "namespaces", "ns", "NotFound", int32(0))
	f.Add(int32(404), "configmaps", "name", "NotFound", int32(9))
	f.Add(int32(409), "configmaps", "name", "AlreadyExists", int32(0))
	f.Add(int32(503), "", "", "", int32(-1))
	f.Fuzz(func(t *testing.T, code int32, kind, name, reason string, after int32) {
		err := &apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: code, Reason: metav1.StatusReason(reason),
			Details: &metav1.StatusDetails{Kind: kind, Name: name, RetryAfterSeconds: after},
		}}
		got := fault.Of(err)
		switch got.Class {
		case fault.None:
			t.Errorf("a failure of code %d is called success", code)
		case fault.Absent, fault.NamespaceMissing, fault.TypeMissing:
			if code != http.StatusNotFound {
				t.Errorf("code %d is called absence", code)
			}
		case fault.Overloaded:
			if got.After <= 0 {
				t.Errorf("code %d: come back after %s", code, got.After)
			}
		default:
		}
	})
}
