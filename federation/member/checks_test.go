package member

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"
)

// setting is one of the ways to fill in spec.disabledTLSValidations.
type setting struct {
	name   string
	values []fedv1b1.TLSValidation
}

const (
	none         = "none"
	subjectName  = "SubjectName"
	validity     = "ValidityPeriod"
	both         = "both"
	everything   = "*"
	memberToken  = "Bearer " + secretToken
	systemRootEV = "FEDSYNC_TEST_SYSTEM_ROOTS"
)

func settings() []setting {
	return []setting{
		{name: none},
		{name: subjectName, values: []fedv1b1.TLSValidation{fedv1b1.TLSSubjectName}},
		{name: validity, values: []fedv1b1.TLSValidation{fedv1b1.TLSValidityPeriod}},
		{name: both, values: []fedv1b1.TLSValidation{fedv1b1.TLSValidityPeriod, fedv1b1.TLSSubjectName}},
		{name: everything, values: []fedv1b1.TLSValidation{fedv1b1.TLSAll}},
	}
}

// request is what arrived at a member.
type request struct{ Proto, Authorization, SNI string }

// served is a healthy member behind TLS that notes what arrives.
type served struct {
	*httptest.Server

	mu   sync.Mutex
	seen []request
}

// serve starts a member that presents the identity.
func serve(t *testing.T, i *identity) *served {
	t.Helper()
	s := &served{}
	s.Server = httptest.NewUnstartedServer(s)
	startTLS(t, s.Server, i)
	return s
}

// startTLS starts a server that presents the identity and offers HTTP/2.
func startTLS(t *testing.T, s *httptest.Server, i *identity) {
	t.Helper()
	s.TLS, s.EnableHTTP2 = &tls.Config{Certificates: []tls.Certificate{i.presents()}, MinVersion: tls.VersionTLS12}, true
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes
	s.StartTLS()
	t.Cleanup(s.Close)
}

func (s *served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, request{r.Proto, r.Header.Get("Authorization"), r.TLS.ServerName})
	_, _ = io.WriteString(w, "ok")
}

// arrived returns what arrived since it was last called.
func (s *served) arrived() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

// connect makes a member of a KubeFedCluster whose spec the changes fill in.
func connect(t *testing.T, changes ...func(*fedv1b1.KubeFedClusterSpec)) *Member {
	t.Helper()
	c, err := NewCredentials(cluster(changes...), secret(secretToken))
	if err != nil {
		t.Fatal(err)
	}
	m, err := New("member", c, mute{}, Options{Log: logr.Discard()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.client.transport.close)
	return m
}

func at(endpoint string, values []fedv1b1.TLSValidation, ca []byte) func(*fedv1b1.KubeFedClusterSpec) {
	return func(s *fedv1b1.KubeFedClusterSpec) {
		s.APIEndpoint, s.DisabledTLSValidations, s.CABundle = endpoint, values, ca
	}
}

// accepts tells that the member was asked for its health. If not, the certificate was the reason.
func accepts(t *testing.T, m *Member) bool {
	t.Helper()
	_, err := m.client.healthz(t.Context(), 5*time.Second)
	if _, refused := errors.AsType[*tls.CertificateVerificationError](err); err != nil && !refused {
		t.Errorf("another error than that of a certificate: %v", err)
	}
	return err == nil
}

func TestChecks(t *testing.T) {
	const here, elsewhere = "127.0.0.1", "10.0.0.1"
	ca := issue(t, nil, certifying("ca"))
	young := issueFor(t, ca.key, nil, certifying("ca"), between(2020, 2200))
	old := issue(t, nil, certifying("old"), between(2000, 2001))
	impostor := issue(t, nil, certifying("ca"))
	below := issue(t, ca, certifying("below"))
	oldBelow := issue(t, ca, certifying("old below"), between(2000, 2001))
	self := issue(t, nil, named(here), between(2000, 2001))

	all := []string{none, subjectName, validity, both, everything}
	tests := map[string]struct {
		why      string
		presents *identity
		trusted  *identity
		accepted []string
	}{
		"a good certificate":                      {why: "nothing is wrong with it", presents: issue(t, ca, named(here)), trusted: ca, accepted: all},
		"a good one below another authority":      {why: "the server presents both", presents: issue(t, below, named(here)), trusted: ca, accepted: all},
		"one that is older than its authority":    {why: "authorities are renewed; all are valid now", presents: issue(t, ca, named(here)), trusted: young, accepted: all},
		"another name":                            {why: "the rest is right", presents: issue(t, ca, named(elsewhere)), trusted: ca, accepted: []string{subjectName, both, everything}},
		"no name":                                 {why: "as above", presents: issue(t, ca), trusted: ca, accepted: []string{subjectName, both, everything}},
		"expired":                                 {why: "the rest is right", presents: issue(t, ca, named(here), between(2000, 2001)), trusted: ca, accepted: []string{validity, both, everything}},
		"not yet valid":                           {why: "as above", presents: issue(t, ca, named(here), between(2199, 2200)), trusted: ca, accepted: []string{validity, both, everything}},
		"not valid before its authority expires":  {why: "there is no time at which both are valid", presents: issue(t, old, named(here), between(2002, 2200)), trusted: old, accepted: []string{validity, both, everything}},
		"expired before its authority begins":     {why: "as above", presents: issue(t, ca, named(here), between(2000, 2001)), trusted: young, accepted: []string{validity, both, everything}},
		"an expired authority":                    {why: "the certificate itself is valid", presents: issue(t, old, named(here)), trusted: old, accepted: []string{validity, both, everything}},
		"an expired authority in between":         {why: "as above", presents: issue(t, oldBelow, named(here)), trusted: ca, accepted: []string{validity, both, everything}},
		"expired below an expired authority":      {why: "not even at the same time", presents: issue(t, oldBelow, named(here), between(2003, 2004)), trusted: ca, accepted: []string{validity, both, everything}},
		"expired, of no authority":                {why: "the bundle holds the certificate itself", presents: self, trusted: self, accepted: []string{validity, both, everything}},
		"expired, and another name":               {why: "one exception does not excuse the other", presents: issue(t, ca, named(elsewhere), between(2000, 2001)), trusted: ca, accepted: []string{both, everything}},
		"another authority":                       {why: "whom to trust is no detail", presents: issue(t, impostor, named(here)), trusted: ca, accepted: []string{everything}},
		"another authority, expired":              {why: "as above", presents: issue(t, old, named(here), between(2000, 2001)), trusted: ca, accepted: []string{everything}},
		"another authority of a renewed one":      {why: "the name of an authority proves nothing", presents: issue(t, impostor, named(here)), trusted: young, accepted: []string{everything}},
		"below something that is no authority":    {why: "else every member could be every other", presents: issue(t, issue(t, ca, named(here)), named(here)), trusted: ca, accepted: []string{everything}},
		"one that is not for servers":             {why: "a user's certificate is no member's", presents: issue(t, ca, named(here), forClients), trusted: ca, accepted: []string{everything}},
		"below an authority that is not enclosed": {why: "nobody knows who signed it", presents: bare(issue(t, below, named(here))), trusted: ca, accepted: []string{everything}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.presents)
			var accepted []string
			for _, set := range settings() {
				m := connect(t, at(s.URL, set.values, bundle(tc.trusted)))
				var want []request
				if accepts(t, m) {
					accepted = append(accepted, set.name)
					want = []request{{Proto: "HTTP/2.0", Authorization: memberToken}}
				}
				if diff := cmp.Diff(want, s.arrived()); diff != "" {
					t.Errorf("with %s arrived (-want +got):\n%s", set.name, diff)
				}
			}
			if diff := cmp.Diff(tc.accepted, accepted); diff != "" {
				t.Errorf("accepted (-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func forClients(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }

// bare takes away what a server presents besides its own certificate.
func bare(i *identity) *identity { return &identity{cert: i.cert, key: i.key} }

func TestARefusalSaysWhy(t *testing.T) {
	ca := issue(t, nil, certifying("ca"))
	s := serve(t, issue(t, ca, named("10.0.0.1"), between(2000, 2001)))
	for set, want := range map[fedv1b1.TLSValidation]string{
		fedv1b1.TLSValidityPeriod: "certificate is valid for 10.0.0.1, not 127.0.0.1",
		fedv1b1.TLSSubjectName:    "certificate has expired or is not yet valid",
	} {
		p := connect(t, at(s.URL, []fedv1b1.TLSValidation{set}, bundle(ca))).ask(t.Context(), 5*time.Second)
		if p.finding != Offline || !strings.Contains(p.detail, want) {
			t.Errorf("without %s: finding %d, %q, want %q", set, p.finding, p.detail, want)
		}
	}
}

// systemCase is a member that only the authorities of the system can vouch for.
type systemCase struct {
	Why, Endpoint string
	Accepted      []string
}

// The authorities of the system are read once in the life of a process, so that another one has to look.
func TestSystemRoots(t *testing.T) {
	if cases := os.Getenv(systemRootEV); cases != "" {
		askAll(t, cases)
		return
	}
	if runtime.GOOS != "linux" {
		t.Skip("only there a variable says who the authorities of the system are")
	}
	const here = "127.0.0.1"
	ca, old := issue(t, nil, certifying("ca")), issue(t, nil, certifying("old"), between(2000, 2001))
	young := issue(t, nil, certifying("young"), between(2020, 2200))
	dateless := []string{validity, both, everything}
	cases := map[string]systemCase{}
	add := func(name, why string, presents *identity, accepted ...string) {
		cases[name] = systemCase{why, serve(t, presents).URL, accepted}
	}
	add("a good certificate", "no bundle means the system's authorities", issue(t, ca, named(here)), none, subjectName, validity, both, everything)
	add("one that is older than its authority", "it is accepted with the check", issue(t, young, named(here)), none, subjectName, validity, both, everything)
	add("expired", "as with a bundle", issue(t, ca, named(here), between(2000, 2001)), dateless...)
	add("expired before its authority begins", "the authority is valid now", issue(t, young, named(here), between(2000, 2001)), dateless...)
	add("an expired authority", "KubeFed accepts it", issue(t, old, named(here)), dateless...)
	add("another name", "as with a bundle", issue(t, ca, named("10.0.0.1")), subjectName, both, everything)
	add("another authority", "as with a bundle", issue(t, issue(t, nil, certifying("ca")), named(here)), everything)

	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, bundle(ca, old, young), 0o600); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	other := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSystemRoots$")
	other.Env = append(os.Environ(), "SSL_CERT_FILE="+roots, "SSL_CERT_DIR="+t.TempDir(), systemRootEV+"="+string(encoded))
	if out, err := other.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func askAll(t *testing.T, encoded string) {
	t.Helper()
	var cases map[string]systemCase
	if err := json.Unmarshal([]byte(encoded), &cases); err != nil {
		t.Fatal(err)
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			accepted := slices.DeleteFunc(settings(), func(s setting) bool {
				return !accepts(t, connect(t, at(tc.Endpoint, s.values, nil)))
			})
			var got []string
			for _, s := range accepted {
				got = append(got, s.name)
			}
			if diff := cmp.Diff(tc.Accepted, got); diff != "" {
				t.Errorf("accepted (-want +got), because %s:\n%s", tc.Why, diff)
			}
		})
	}
}
