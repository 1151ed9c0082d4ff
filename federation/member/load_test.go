package member

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoadCountsWhatWaits(t *testing.T) {
	arrived, answer := make(chan struct{}), make(chan int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		w.WriteHeader(<-answer)
	}))
	defer server.Close()
	l := &load{next: http.DefaultTransport}
	ask := func(path string) <-chan error {
		done := make(chan error, 1)
		go func() {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, http.NoBody)
			if err == nil {
				var response *http.Response
				if response, err = l.RoundTrip(request); err == nil {
					err = response.Body.Close()
				}
			}
			done <- err
		}()
		<-arrived
		return done
	}
	steps := []struct {
		why, path string
		status    int
		meanwhile Load
		after     Load
	}{
		{why: "it waits for an answer", path: "/api/v1/configmaps", status: http.StatusOK, meanwhile: Load{InFlight: 1}},
		{why: "a watch waits for ever, and says nothing", path: "/api/v1/configmaps?watch=true", status: http.StatusOK},
		{why: "the member asks to slow down", path: "/api", status: http.StatusTooManyRequests, meanwhile: Load{InFlight: 1}, after: Load{Throttled: 1}},
	}
	for _, s := range steps {
		done := ask(s.path)
		if diff := cmp.Diff(s.meanwhile, l.sum()); diff != "" {
			t.Errorf("%s, meanwhile (-want +got):\n%s", s.why, diff)
		}
		answer <- s.status
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s.after, l.sum()); diff != "" {
			t.Errorf("%s, after it (-want +got):\n%s", s.why, diff)
		}
	}
}
