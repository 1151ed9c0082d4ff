package watch

import "net/http"

// Plain has watches sent uncompressed. A Kubernetes API server (1.37) compresses a watch that began with a streamed list event by
// event, each with a dictionary of its own: that costs it more than everything else about a small event, and saves little.
//
// It wraps the transport of a client; all other requests stay as they are, lists compressed.
func Plain(next http.RoundTripper) http.RoundTripper { return plain{next} }

type plain struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (p plain) RoundTrip(r *http.Request) (*http.Response, error) {
	if watch := r.URL.Query().Get("watch"); watch != "true" && watch != "1" {
		return p.next.RoundTrip(r)
	}
	r = r.Clone(r.Context())
	r.Header.Set("Accept-Encoding", "identity")
	return p.next.RoundTrip(r)
}
