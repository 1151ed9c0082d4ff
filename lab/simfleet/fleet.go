package simfleet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fedsync/fedsync/lab/internal/pki"
)

// Options say what Start serves. Members is required.
type Options struct {
	// Members is how many members there are, named m1, m2 and so on.
	Members int
	// Listen is a loopback address; empty means a free port of 127.0.0.1.
	Listen string
	// History is how many events are kept of each kind in each member; a watch that asks for older ones has expired. Zero
	// means 1024.
	History int
}

// Fleet is a running simulated fleet.
type Fleet struct {
	// URL is where members are served: member m1 at URL + "/members/m1".
	URL string
	// CA is the PEM certificate of the authority that signed the server's certificate.
	CA []byte
	// Token is the bearer token that every member and the control endpoint ask for.
	Token string

	kinds   *kinds
	changes *changes
	members map[string]*member
	names   []string // of the members, in the order of their numbers
	server  *http.Server
}

// member is one simulated cluster.
type member struct {
	name   string
	store  *store
	faults atomic.Pointer[armed]
	counts counts
}

// NameOf returns the name of the member with that number, from 1.
func NameOf(number int) string { return fmt.Sprintf("m%d", number) }

// Start serves the fleet until Close.
func Start(ctx context.Context, o Options) (*Fleet, error) {
	f, err := newFleet(o)
	if err != nil {
		return nil, err
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen at %q: %w", o.Listen, err)
	}
	if address, ok := listener.Addr().(*net.TCPAddr); !ok || !address.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("listen at %q: it is no loopback address", o.Listen), listener.Close())
	}
	keys, err := pki.New("simfleet", time.Now())
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	certificate, err := tls.X509KeyPair(keys.ServingCert, keys.ServingKey)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	f.URL, f.CA = "https://"+listener.Addr().String(), keys.CA
	f.server = &http.Server{
		Handler: f, ReadHeaderTimeout: time.Minute,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	}
	go func() { _ = f.server.ServeTLS(listener, "", "") }() // ends with Close
	return f, nil
}

func newFleet(o Options) (*Fleet, error) {
	if o.Members < 1 {
		return nil, fmt.Errorf("simulate %d members: there must be at least one", o.Members)
	}
	const events = 1024
	if o.History == 0 {
		o.History = events
	}
	ks, err := newKinds()
	if err != nil {
		return nil, err
	}
	f := &Fleet{Token: newUID().String(), kinds: ks, changes: newChanges(), members: map[string]*member{}}
	for number := range o.Members {
		m := &member{name: NameOf(number + 1), store: newStore(ks, f.changes, o.History), counts: counts{made: map[string]int{}}}
		for _, namespace := range []string{"default", "kube-system", "kube-public", "kube-node-lease"} {
			if err := f.makeNamespace(m, namespace); err != nil {
				return nil, err
			}
		}
		f.members[m.name], f.names = m, append(f.names, m.name)
	}
	return f, nil
}

// makeNamespace makes one that a real server has from the beginning.
func (f *Fleet) makeNamespace(m *member, name string) error {
	body := `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"` + name + `"}}`
	_, err := m.store.write(f.kinds, &change{op: opCreate, kind: f.kinds.namespaces, key: key{name: name}, manager: "kube-apiserver", body: []byte(body)}, false)
	if err != nil {
		return fmt.Errorf("make namespace %q: %w", name, err)
	}
	return nil
}

// Close ends the fleet, and every connection with it.
func (f *Fleet) Close() error { return f.server.Close() }

// Names returns the names of the members, in the order of their numbers.
func (f *Fleet) Names() []string { return slices.Clone(f.names) }

// ServeHTTP implements [http.Handler].
func (f *Fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+f.Token {
		writeStatus(w, r, unauthorized())
		return
	}
	if rest, found := strings.CutPrefix(r.URL.Path, "/control/"); found {
		f.control(w, r, rest)
		return
	}
	name, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/members/"), "/")
	m := f.members[name]
	if m == nil || !strings.HasPrefix(r.URL.Path, "/members/") {
		http.NotFound(w, r)
		return
	}
	if !m.suffer(w, r) {
		f.serve(w, r, m, path)
	}
}
