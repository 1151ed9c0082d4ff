package watch_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fedsync/fedsync/federation/watch"
)

func TestOnlyWatchesAreAskedForUncompressed(t *testing.T) {
	encodings := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		encodings[r.URL.RawQuery] = r.Header.Get("Accept-Encoding")
	}))
	defer server.Close()
	client := http.Client{Transport: watch.Plain(&http.Transport{})}
	for query, want := range map[string]string{"watch=true&x=1": "identity", "watch=1": "identity", "watch=false": "gzip", "": "gzip"} {
		answer, err := client.Get(server.URL + "?" + query) //nolint:noctx // it answers at once
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if encodings[query] != want {
			t.Errorf("query %q asks for encoding %q, want %q", query, encodings[query], want)
		}
	}
}
