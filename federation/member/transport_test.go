package member

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"
)

// tunnel is a proxy that knows only CONNECT, and only one way, whatever it is asked for.
type tunnel struct {
	to string

	mu     sync.Mutex
	asked  []string // with the credentials
	silent bool     // from now on nothing is passed on
}

func (p *tunnel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+r.Host+" "+r.Header.Get("Proxy-Authorization"))
	p.mu.Unlock()
	hijacker, ok := w.(http.Hijacker)
	if !ok || r.Method != http.MethodConnect {
		http.Error(w, "only CONNECT of HTTP/1.1", http.StatusMethodNotAllowed)
		return
	}
	target, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", p.to)
	if err != nil {
		http.Error(w, "no way", http.StatusBadGateway)
		return
	}
	caller, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(caller, "HTTP/1.1 200 OK\r\n\r\n")
	go p.pass(caller, target)
	go p.pass(target, caller)
}

func (p *tunnel) pass(to, from net.Conn) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		p.mu.Lock()
		silent := p.silent
		p.mu.Unlock()
		if silent {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (p *tunnel) fallSilent() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent = true
}

func (p *tunnel) arrived() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := p.asked
	p.asked = nil
	return asked
}

func through(proxy string) func(*fedv1b1.KubeFedClusterSpec) {
	return func(s *fedv1b1.KubeFedClusterSpec) { s.ProxyURL = strings.Replace(proxy, "://", "://me:word@", 1) }
}

// withCredentials is what a tunnel notes.
func withCredentials(target string) string { return "CONNECT " + target + " Basic bWU6d29yZA==" }

func TestBehindAProxy(t *testing.T) {
	ca := issue(t, nil, certifying("ca"))
	nameless := []string{subjectName, both, everything}
	all := []string{none, subjectName, validity, both, everything}
	tests := map[string]struct {
		why, endpoint, target, sni string
		presents                   *identity
		accepted                   []string
	}{
		"a name": {
			why: "the member's name counts, not the proxy's", endpoint: "https://member.test", target: "member.test:443", sni: "member.test",
			presents: issue(t, ca, named("member.test")), accepted: all,
		},
		"a name with a port": {
			why: "a port is no part of the name", endpoint: "member.test:6443", target: "member.test:6443", sni: "member.test",
			presents: issue(t, ca, named("member.test")), accepted: all,
		},
		"a name with foreign letters": {
			why: "certificates spell it otherwise", endpoint: "https://bücher.test:6443", target: "xn--bcher-kva.test:6443", sni: "xn--bcher-kva.test",
			presents: issue(t, ca, named("xn--bcher-kva.test")), accepted: all,
		},
		"an address": {
			why: "an address is never sent as a name, and is checked all the same", endpoint: "https://10.1.2.3:6443", target: "10.1.2.3:6443",
			presents: issue(t, ca, named("10.1.2.3")), accepted: all,
		},
		"a long address": {
			why: "as above, without the brackets", endpoint: "https://[fd00::1]:6443", target: "[fd00::1]:6443",
			presents: issue(t, ca, named("fd00::1")), accepted: all,
		},
		"another name": {
			why: "the name is the only thing that is wrong", endpoint: "https://member.test:6443", target: "member.test:6443", sni: "member.test",
			presents: issue(t, ca, named("other.test")), accepted: nameless,
		},
		"the name of the proxy": {
			why: "it is not the proxy that is the member", endpoint: "https://member.test:6443", target: "member.test:6443", sni: "member.test",
			presents: issue(t, ca, named("127.0.0.1")), accepted: nameless,
		},
		"another address": {
			why: "as above", endpoint: "https://10.1.2.3:6443", target: "10.1.2.3:6443",
			presents: issue(t, ca, named("127.0.0.1", "member.test")), accepted: nameless,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.presents)
			plain := &tunnel{to: s.Listener.Addr().String()}
			secure := &tunnel{to: plain.to}
			proxies := map[*tunnel]*httptest.Server{plain: httptest.NewServer(plain), secure: httptest.NewUnstartedServer(secure)}
			t.Cleanup(proxies[plain].Close)
			startTLS(t, proxies[secure], issue(t, ca, named("127.0.0.1")))
			for p, server := range proxies {
				var accepted []string
				for _, set := range settings() {
					m := connect(t, at(tc.endpoint, set.values, bundle(ca)), through(server.URL))
					var want []request
					if accepts(t, m) {
						accepted = append(accepted, set.name)
						want = []request{{Proto: "HTTP/2.0", Authorization: memberToken, SNI: tc.sni}}
					}
					if diff := cmp.Diff(want, s.arrived()); diff != "" {
						t.Errorf("with %s through %s arrived (-want +got):\n%s", set.name, server.URL, diff)
					}
					if diff := cmp.Diff([]string{withCredentials(tc.target)}, p.arrived()); diff != "" {
						t.Errorf("with %s the proxy %s was asked (-want +got):\n%s", set.name, server.URL, diff)
					}
				}
				if diff := cmp.Diff(tc.accepted, accepted); diff != "" {
					t.Errorf("accepted through %s (-want +got), because %s:\n%s", server.URL, tc.why, diff)
				}
			}
		})
	}
}

func TestAProxyIsCheckedItself(t *testing.T) {
	ca := issue(t, nil, certifying("ca"))
	tests := map[string]struct {
		why      string
		presents *identity
	}{
		"another name": {why: "what is left out is a check of the member", presents: issue(t, ca, named("member.test"))},
		"expired":      {why: "as above", presents: issue(t, ca, named("127.0.0.1"), between(2000, 2001))},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, issue(t, ca, named("member.test")))
			p := &tunnel{to: s.Listener.Addr().String()}
			server := httptest.NewUnstartedServer(p)
			startTLS(t, server, tc.presents)
			var accepted []string
			for _, set := range settings() {
				if accepts(t, connect(t, at("https://member.test", set.values, bundle(ca)), through(server.URL))) {
					accepted = append(accepted, set.name)
				}
			}
			if diff := cmp.Diff([]string{everything}, accepted); diff != "" {
				t.Errorf("accepted (-want +got), because %s:\n%s", tc.why, diff)
			}
			if diff := cmp.Diff([]string{withCredentials("member.test:443")}, p.arrived()); diff != "" {
				t.Errorf("the password was told to (-want +got):\n%s", diff)
			}
		})
	}
}

// A connection that nobody closes and nobody answers would else hold up every request until its deadline, for a quarter
// of an hour. The variables are client-go's.
func TestASilentConnectionIsGivenUp(t *testing.T) {
	t.Setenv("HTTP2_READ_IDLE_TIMEOUT_SECONDS", "1")
	t.Setenv("HTTP2_PING_TIMEOUT_SECONDS", "1")
	ca := issue(t, nil, certifying("ca"))
	s := serve(t, issue(t, ca, named("127.0.0.1")))
	p := &tunnel{to: s.Listener.Addr().String()}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	m := connect(t, at(s.URL, []fedv1b1.TLSValidation{fedv1b1.TLSSubjectName}, bundle(ca)), through(server.URL))
	if !accepts(t, m) {
		t.Fatal("the member is not reached")
	}
	p.fallSilent()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := m.client.rest.Get().AbsPath("/healthz").MaxRetries(0).Do(ctx).Error(); err == nil || ctx.Err() != nil {
		t.Errorf("waited %v for an answer that could not come: %v", ctx.Err(), err)
	}
}

// held is a healthy member that does not answer one of its paths.
type held struct {
	*scripted

	arrived chan struct{}
}

func (h held) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/held" {
		h.arrived <- struct{}{}
		<-r.Context().Done()
		return
	}
	h.scripted.ServeHTTP(w, r)
}

func TestRunClosesEveryConnection(t *testing.T) {
	ca := issue(t, nil, certifying("ca"))
	me := issue(t, ca, named("127.0.0.1"))
	tests := map[string]struct {
		why   string
		start func(*httptest.Server)
		set   []fedv1b1.TLSValidation
	}{
		"HTTP/2":                  {why: "the member would keep it open", start: func(s *httptest.Server) { startTLS(t, s, me) }},
		"HTTP/2 with less checks": {why: "as above", start: func(s *httptest.Server) { startTLS(t, s, me) }, set: []fedv1b1.TLSValidation{fedv1b1.TLSSubjectName}},
		"HTTP/1.1":                {why: "as above", start: func(s *httptest.Server) { s.Start(); t.Cleanup(s.Close) }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			h := held{healthyCluster(nil), make(chan struct{})}
			s := httptest.NewUnstartedServer(h)
			opened, closed := make(chan struct{}, 100), make(chan struct{}, 100)
			s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				switch state {
				case http.StateNew:
					opened <- struct{}{}
				case http.StateClosed:
					closed <- struct{}{}
				default:
				}
			}
			tc.start(s)
			m := connect(t, at(s.URL, tc.set, bundle(ca)))
			ctx, end := context.WithCancel(t.Context())
			ended, answered := make(chan struct{}), make(chan error)
			go func() {
				defer close(ended)
				m.Run(ctx)
			}()
			if err := m.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			go func() { answered <- m.client.rest.Get().AbsPath("/held").MaxRetries(0).Do(t.Context()).Error() }()
			<-h.arrived
			end()
			<-ended
			patience, cancel := context.WithTimeout(t.Context(), 10*time.Second) // idle connections close after 90
			defer cancel()
			for range len(opened) {
				select {
				case <-closed:
				case <-patience.Done():
					t.Fatalf("a connection is still open: %s", tc.why)
				}
			}
			if err := <-answered; err == nil {
				t.Error("a request went on")
			}
		})
	}
}
