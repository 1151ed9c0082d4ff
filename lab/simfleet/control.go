package simfleet

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

var errSimulated = errors.New("a simulated fault")

// Counts are what was asked of some members, and what they hold.
type Counts struct {
	// Requests are counted by "VERB resource", such as "APPLY configmaps", since the start.
	Requests map[string]int `json:"requests"`
	// Objects is how many objects there are, those that each member has from the beginning included.
	Objects int `json:"objects"`
	// Contents is how many of them differ in more than UIDs, versions and times, in the whole fleet.
	Contents int `json:"contents"`
}

// control answers PUT members/NAME/faults and GET counts[?member=NAME].
func (f *Fleet) control(w http.ResponseWriter, r *http.Request, path string) {
	if path == "counts" && r.Method == http.MethodGet {
		writeJSON(w, f.count(r.URL.Query().Get("member")))
		return
	}
	name, isFaults := strings.CutSuffix(strings.TrimPrefix(path, "members/"), "/faults")
	m := f.members[name]
	if !isFaults || m == nil || r.Method != http.MethodPut {
		http.NotFound(w, r)
		return
	}
	var faults Faults
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&faults); err != nil {
		http.Error(w, "read faults: "+err.Error(), http.StatusBadRequest)
		return
	}
	m.arm(faults)
}

func (f *Fleet) count(name string) Counts {
	sum := Counts{Requests: map[string]int{}, Contents: f.changes.contents.count()}
	for _, m := range f.members {
		if name != "" && m.name != name {
			continue
		}
		sum.Objects += m.store.count()
		m.counts.mu.Lock()
		for request, made := range m.counts.made {
			sum.Requests[request] += made
		}
		m.counts.mu.Unlock()
	}
	return sum
}

// Endpoint is how to reach a fleet, which may run in another process. Command simfleet prints it as JSON.
type Endpoint struct {
	URL     string   `json:"url"`
	CA      []byte   `json:"ca"`
	Token   string   `json:"token"`
	Members []string `json:"members"`
	PID     int      `json:"pid"`
}

// Endpoint returns how to reach the fleet; the process is left for who knows it.
func (f *Fleet) Endpoint() Endpoint {
	return Endpoint{URL: f.URL, CA: f.CA, Token: f.Token, Members: f.Names()}
}

// SetFaults makes the named members suffer from these faults and no others.
func (e Endpoint) SetFaults(ctx context.Context, faults Faults, members ...string) error {
	body, err := json.Marshal(faults)
	if err != nil {
		return err
	}
	for _, m := range members {
		if err := e.do(ctx, http.MethodPut, "/control/members/"+m+"/faults", body, nil); err != nil {
			return fmt.Errorf("set faults of %q: %w", m, err)
		}
	}
	return nil
}

// Counts returns what was asked of one member, or of all if the name is empty.
func (e Endpoint) Counts(ctx context.Context, member string) (Counts, error) {
	var c Counts
	err := e.do(ctx, http.MethodGet, "/control/counts?member="+member, nil, &c)
	return c, err
}

func (e Endpoint) do(ctx context.Context, method, path string, body []byte, into any) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(e.CA)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, method, e.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+e.Token)
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return err
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s", answer.Status, strings.TrimSpace(string(text)))
	case into == nil:
		return nil
	}
	return json.Unmarshal(text, into)
}
