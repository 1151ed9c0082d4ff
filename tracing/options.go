package tracing

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
)

// Options say where traces go, and which. All but the endpoint may be left out.
type Options struct {
	// Endpoint is the collector's URL, such as http://127.0.0.1:4318 or, with TLS, https://otel.example.com. Without a path
	// it gets OTLP's, /v1/traces; a path is taken as it is.
	Endpoint string
	// Headers are sent with each request. If there are none, those of OTEL_EXPORTER_OTLP_HEADERS are.
	Headers map[string]string
	// SampleRatio is the share of edits that are traced, from 0 to 1. Which ones follows from their trace IDs.
	SampleRatio float64
	// Version is the daemon's, and unknown if empty.
	Version string
	// Log is told of spans that were lost. The zero value is silent.
	Log logr.Logger
	// Clock is the real one if nil.
	Clock clock.PassiveClock
}

// Validate says what is wrong with the options, all at once. The text holds no credentials.
func (o Options) Validate() error {
	_, err := endpointOf(o.Endpoint)
	if o.SampleRatio >= 0 && o.SampleRatio <= 1 { // which NaN is not
		return err
	}
	return errors.Join(err, fmt.Errorf("sample ratio %v is not between 0 and 1", o.SampleRatio))
}

// endpointOf returns the URL that spans are posted to.
func endpointOf(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		// The rest of a url.Error is the URL itself, which may hold a password.
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err
		}
		return nil, fmt.Errorf("endpoint is no URL such as http://127.0.0.1:4318: %w", err)
	}
	if err := suits(u); err != nil {
		return nil, err
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	return u, nil
}

func suits(u *url.URL) error {
	switch {
	case u.User != nil:
		return errors.New("endpoint must not hold credentials: they belong in a header")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return fmt.Errorf("endpoint %q is no URL such as http://127.0.0.1:4318 or https://otel.example.com", u)
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("endpoint %q must end with its path", u.Redacted())
	}
	if port := u.Port(); port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return fmt.Errorf("endpoint %q has no port that exists", u)
		}
	}
	return nil
}
