package member

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"
)

// secretToken must never show up in anything that people or logs see.
const secretToken = "s3cr3t-t0ken"

func cluster(changes ...func(*fedv1b1.KubeFedClusterSpec)) *fedv1b1.KubeFedCluster {
	c := &fedv1b1.KubeFedCluster{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-federation-system", Name: "member"},
		Spec:       fedv1b1.KubeFedClusterSpec{APIEndpoint: "https://member:6443", SecretRef: fedv1b1.LocalSecretReference{Name: "member-secret"}},
	}
	for _, change := range changes {
		change(&c.Spec)
	}
	return c
}

func secret(token string) *corev1.Secret {
	return &corev1.Secret{Data: map[string][]byte{"token": []byte(token)}}
}

// certificate is any PEM certificate.
func certificate(t *testing.T) []byte {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

func TestNewCredentials(t *testing.T) {
	ca := certificate(t)
	type facts struct {
		Host, Token, Proxy string
		CA                 string
		Insecure           bool
		Unchecked          Checks
	}
	plain := facts{Host: "https://member:6443", Token: secretToken}
	but := func(change func(*facts)) facts {
		f := plain
		change(&f)
		return f
	}
	endpoint := func(e string) func(*fedv1b1.KubeFedClusterSpec) {
		return func(s *fedv1b1.KubeFedClusterSpec) { s.APIEndpoint = e }
	}
	proxied := func(p string) func(*fedv1b1.KubeFedClusterSpec) {
		return func(s *fedv1b1.KubeFedClusterSpec) { s.ProxyURL = p }
	}
	unchecked := func(v ...fedv1b1.TLSValidation) func(*fedv1b1.KubeFedClusterSpec) {
		return func(s *fedv1b1.KubeFedClusterSpec) { s.DisabledTLSValidations, s.CABundle = v, ca }
	}
	off := func(c Checks) facts { return but(func(f *facts) { f.CA, f.Unchecked = string(ca), c }) }
	const allAlone = `spec.disabledTLSValidations: "*" stands for all of them: list it alone`
	const badToken = `secret "member-secret": key "token" must hold a bearer token on one line`
	tests := map[string]struct {
		why     string
		cluster *fedv1b1.KubeFedCluster
		secret  *corev1.Secret
		want    facts
		err     string
	}{
		"the shortest": {why: "without a CA bundle the system's authorities count", cluster: cluster(), secret: secret(secretToken), want: plain},
		"a CA bundle": {
			why: "the member's own authority", cluster: cluster(func(s *fedv1b1.KubeFedClusterSpec) { s.CABundle = ca }), secret: secret(secretToken),
			want: but(func(f *facts) { f.CA = string(ca) }),
		},
		"a CA bundle that holds none": {
			why: "every connection would fail without a word", cluster: cluster(func(s *fedv1b1.KubeFedClusterSpec) { s.CABundle = []byte("x") }), secret: secret(secretToken),
			err: "spec.caBundle: holds no PEM certificate",
		},
		"no validation at all": {
			why: "client-go refuses a CA together with it", cluster: cluster(unchecked(fedv1b1.TLSAll)), secret: secret(secretToken), want: but(func(f *facts) { f.Insecure = true }),
		},
		"names unchecked": {
			why: "the rest stays", cluster: cluster(unchecked(fedv1b1.TLSSubjectName)), secret: secret(secretToken), want: off(Checks{SubjectName: true}),
		},
		"dates unchecked": {
			why: "the rest stays", cluster: cluster(unchecked(fedv1b1.TLSValidityPeriod)), secret: secret(secretToken), want: off(Checks{ValidityPeriod: true}),
		},
		"names and dates unchecked": {
			why: "the authority still counts", cluster: cluster(unchecked(fedv1b1.TLSValidityPeriod, fedv1b1.TLSSubjectName)), secret: secret(secretToken),
			want: off(Checks{SubjectName: true, ValidityPeriod: true}),
		},
		"a validation twice": {
			why: "KubeFed allows it", cluster: cluster(unchecked(fedv1b1.TLSSubjectName, fedv1b1.TLSSubjectName)), secret: secret(secretToken), want: off(Checks{SubjectName: true}),
		},
		"one validation besides all": {
			why: "KubeFed's webhook refuses it: what is meant is not clear", cluster: cluster(unchecked(fedv1b1.TLSAll, fedv1b1.TLSSubjectName)), secret: secret(secretToken), err: allAlone,
		},
		"all twice": {
			why: "as above", cluster: cluster(unchecked(fedv1b1.TLSAll, fedv1b1.TLSAll)), secret: secret(secretToken), err: allAlone,
		},
		"a validation that nobody knows": {
			why: "to overlook it would refuse the member without saying why", cluster: cluster(unchecked(fedv1b1.TLSSubjectName, "subjectName")), secret: secret(secretToken),
			err: `spec.disabledTLSValidations: "subjectName" is none of "*", "SubjectName" and "ValidityPeriod"`,
		},
		"dates unchecked and a CA bundle that holds none": {
			why: "the authority is checked all the same", secret: secret(secretToken), err: "spec.caBundle: holds no PEM certificate",
			cluster: cluster(unchecked(fedv1b1.TLSValidityPeriod), func(s *fedv1b1.KubeFedClusterSpec) { s.CABundle = []byte("x") }),
		},

		"a host": {
			why: "KubeFed takes one; it must be https, so that no token travels bare", cluster: cluster(endpoint("member.example.io")), secret: secret(secretToken),
			want: but(func(f *facts) { f.Host = "https://member.example.io" }),
		},
		"a host with a port": {
			why: "as above", cluster: cluster(endpoint("10.0.0.1:6443")), secret: secret(secretToken), want: but(func(f *facts) { f.Host = "https://10.0.0.1:6443" }),
		},
		"a URL with a path": {
			why: "some members live behind one", cluster: cluster(endpoint("https://gateway/clusters/a")), secret: secret(secretToken),
			want: but(func(f *facts) { f.Host = "https://gateway/clusters/a" }),
		},
		"a URL without TLS": {
			why: "whoever writes it means it", cluster: cluster(endpoint("http://localhost:8001")), secret: secret(secretToken), want: but(func(f *facts) { f.Host = "http://localhost:8001" }),
		},
		"no endpoint":              {why: "there is nobody to ask", cluster: cluster(endpoint("")), secret: secret(secretToken), err: "spec.apiEndpoint: is empty"},
		"an endpoint of no host":   {why: "as above", cluster: cluster(endpoint("https://")), secret: secret(secretToken), err: `spec.apiEndpoint: "https://" must be a host, a host:port, or an http or https URL`},
		"an endpoint of no web":    {why: "as above", cluster: cluster(endpoint("ftp://member")), secret: secret(secretToken), err: `spec.apiEndpoint: "ftp://member" must be a host, a host:port, or an http or https URL`},
		"a port that is no number": {why: "as above", cluster: cluster(endpoint("member:https")), secret: secret(secretToken), err: `spec.apiEndpoint: "https://member:https" is no URL`},

		"a proxy":             {why: "it is what the connection goes through", cluster: cluster(proxied("http://proxy:3128")), secret: secret(secretToken), want: but(func(f *facts) { f.Proxy = "http://proxy:3128" })},
		"a socks proxy":       {why: "KubeFed knows three kinds", cluster: cluster(proxied("socks5://proxy")), secret: secret(secretToken), want: but(func(f *facts) { f.Proxy = "socks5://proxy" })},
		"a proxy of no kind":  {why: "going without it could leave a network that must not be left", cluster: cluster(proxied("proxy:3128")), secret: secret(secretToken), err: "spec.proxyURL: must be an http, https or socks5 URL"},
		"a proxy with a flaw": {why: "as above; and its password is nobody's business", cluster: cluster(proxied("http://me:pass w@proxy")), secret: secret(secretToken), err: "spec.proxyURL: must be an http, https or socks5 URL"},

		"no name of a Secret": {
			why: "there is nothing to look for", secret: secret(secretToken), err: "spec.secretRef.name is empty",
			cluster: cluster(func(s *fedv1b1.KubeFedClusterSpec) { s.SecretRef.Name = "" }),
		},
		"no Secret":                 {why: "it may come later", cluster: cluster(), err: `spec.secretRef.name: there is no Secret "member-secret" in namespace "kube-federation-system"`},
		"a Secret without a token":  {why: "nobody knows then who fedsync is", cluster: cluster(), secret: &corev1.Secret{}, err: `secret "member-secret": has none of the keys "token", "tls.crt" with "tls.key", and "kubeconfig"`},
		"an empty token":            {why: "the request would be one of nobody", cluster: cluster(), secret: secret("\n"), err: badToken},
		"a token with a line break": {why: "echo appends one", cluster: cluster(), secret: secret(secretToken + "\n"), want: plain},
		"a token of two lines":      {why: "a header cannot hold it", cluster: cluster(), secret: secret(secretToken + "\nX: y"), err: badToken},
		"a token with a zero byte":  {why: "as above", cluster: cluster(), secret: secret(secretToken + "\x00x"), err: badToken},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := NewCredentials(tc.cluster, tc.secret)
			if tc.err != "" || err != nil {
				text := ""
				if err != nil {
					text = err.Error()
				}
				if diff := cmp.Diff(tc.err, text); diff != "" {
					t.Errorf("error (-want +got), because %s:\n%s", tc.why, diff)
				}
				return
			}
			got := facts{Host: c.Config.Host, Token: c.Config.BearerToken, CA: string(c.Config.CAData), Insecure: c.Config.Insecure, Unchecked: c.Unchecked}
			if c.Config.Proxy != nil {
				p, err := c.Config.Proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: "member"}})
				if err != nil {
					t.Fatal(err)
				}
				got.Proxy = p.String()
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
			if c.Config.QPS >= 0 {
				t.Errorf("a client-side limit of %f", c.Config.QPS)
			}
			if _, err := newClient(c); err != nil {
				t.Errorf("no client can be made of it: %v", err)
			}
		})
	}
}

func TestGeneration(t *testing.T) {
	generationOf := func(c *fedv1b1.KubeFedCluster, token string) string {
		credentials, err := NewCredentials(c, secret(token))
		if err != nil {
			t.Fatal(err)
		}
		return credentials.Generation
	}
	ca := certificate(t)
	base := generationOf(cluster(), secretToken)
	tests := map[string]struct {
		why, other string
		same       bool
	}{
		"the same":           {why: "a reconnect for nothing would stop work", other: generationOf(cluster(), secretToken), same: true},
		"a line break":       {why: "it is not part of the token", other: generationOf(cluster(), secretToken+"\n"), same: true},
		"another token":      {why: "a rotation needs no restart", other: generationOf(cluster(), secretToken+"2")},
		"another endpoint":   {why: "it leads elsewhere", other: generationOf(cluster(func(s *fedv1b1.KubeFedClusterSpec) { s.APIEndpoint = "other" }), secretToken)},
		"another CA bundle":  {why: "it trusts others", other: generationOf(cluster(func(s *fedv1b1.KubeFedClusterSpec) { s.CABundle = ca }), secretToken)},
		"another proxy":      {why: "it leads elsewhere", other: generationOf(cluster(func(s *fedv1b1.KubeFedClusterSpec) { s.ProxyURL = "http://p" }), secretToken)},
		"another validation": {why: "it trusts others", other: generationOf(cluster(func(s *fedv1b1.KubeFedClusterSpec) { s.DisabledTLSValidations = []fedv1b1.TLSValidation{"*"} }), secretToken)},
		"one check less":     {why: "it trusts others", other: generationOf(cluster(func(s *fedv1b1.KubeFedClusterSpec) { s.DisabledTLSValidations = []fedv1b1.TLSValidation{"SubjectName"} }), secretToken)},
		"another Secret":     {why: "whose token may change by itself", other: generationOf(cluster(func(s *fedv1b1.KubeFedClusterSpec) { s.SecretRef.Name = "other" }), secretToken)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.same, base == tc.other); diff != "" {
				t.Errorf("the same generation (-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
	if base == "" || strings.Contains(base, secretToken) {
		t.Errorf("generation %q", base)
	}
}

func FuzzNewCredentials(f *testing.F) {
	f.Add("member:6443", "", secretToken, []byte(nil))
	f.Add("http://[::1]:8001/path?q#f", "socks5://a:b@proxy", "a b", []byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Add("https://%zz", "http://", "\x7f", []byte("x"))
	f.Add("://", "://", "é", []byte{0})
	f.Add(" member", "http://proxy:port", "\t", []byte(nil))
	f.Fuzz(func(t *testing.T, endpoint, proxyURL, token string, ca []byte) {
		c := cluster(func(s *fedv1b1.KubeFedClusterSpec) { s.APIEndpoint, s.ProxyURL, s.CABundle = endpoint, proxyURL, ca })
		credentials, err := NewCredentials(c, secret(token))
		if err != nil {
			if len(token) > 8 && !strings.Contains(endpoint, token) && !strings.Contains(proxyURL, token) && strings.Contains(err.Error(), token) {
				t.Errorf("the error reveals the token: %v", err)
			}
			return
		}
		if strings.ContainsAny(credentials.Config.BearerToken, "\r\n\x00") || credentials.Config.BearerToken == "" {
			t.Errorf("the token %q is none", credentials.Config.BearerToken)
		}
		u, err := url.Parse(credentials.Config.Host)
		if err != nil || u.Host == "" {
			t.Errorf("the endpoint %q leads nowhere: %v", credentials.Config.Host, err)
		}
	})
}
