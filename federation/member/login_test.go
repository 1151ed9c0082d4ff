package member

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"
)

// keyPair is an identity as PEM.
func keyPair(t *testing.T, i *identity) (certificate, key []byte) {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return bundle(i), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}

func kubeconfig(user, cluster string) []byte {
	return fmt.Appendf(nil, `{"kind":"Config","apiVersion":"v1","current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],`+
		`"clusters":[{"name":"k","cluster":{"server":"https://elsewhere"%s}}],"users":[{"name":"u","user":{%s}}]}`, cluster, user)
}

func TestLoginOf(t *testing.T) {
	authority := issue(t, nil, certifying("authority"))
	certificate, key := keyPair(t, issue(t, authority))
	encoded := func(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
	byCertificate := fmt.Sprintf(`"client-certificate-data":%q,"client-key-data":%q`, encoded(certificate), encoded(key))
	tests := map[string]struct {
		why  string
		data map[string][]byte
		want login
		err  string
	}{
		"a token":                    {why: "as KubeFed has it", data: map[string][]byte{"token": []byte(" t\n")}, want: login{token: "t"}},
		"a token beside other keys":  {why: "the Secret of an account has more", data: map[string][]byte{"token": []byte("t"), "ca.crt": nil, "value": []byte("v")}, want: login{token: "t"}},
		"a certificate":              {why: "a Secret of type kubernetes.io/tls", data: map[string][]byte{"tls.crt": certificate, "tls.key": key}, want: login{certificate: certificate, key: key}},
		"a certificate without key":  {why: "it proves nothing", data: map[string][]byte{"tls.crt": certificate}, err: `keys "tls.crt" and "tls.key" must hold a PEM certificate and its private key: tls: failed to find any PEM data in key input`},
		"a kubeconfig with a token":  {why: "as many tools make it", data: map[string][]byte{"kubeconfig": kubeconfig(`"token":"t"`, "")}, want: login{token: "t"}},
		"one of Cluster API":         {why: "it calls the key so", data: map[string][]byte{"value": kubeconfig(`"token":"t"`, "")}, want: login{token: "t"}},
		"one with a certificate":     {why: "as administrators have it", data: map[string][]byte{"kubeconfig": kubeconfig(byCertificate, "")}, want: login{certificate: certificate, key: key}},
		"one with authorities":       {why: "they count where the KubeFedCluster has none", data: map[string][]byte{"kubeconfig": kubeconfig(`"token":"t"`, fmt.Sprintf(`,"certificate-authority-data":%q`, encoded(bundle(authority))))}, want: login{token: "t", authorities: bundle(authority)}},
		"one that runs a program":    {why: "who writes the Secret is not who runs fedsync", data: map[string][]byte{"kubeconfig": kubeconfig(`"exec":{"command":"sh","apiVersion":"client.authentication.k8s.io/v1"}`, "")}, err: `key "kubeconfig": exec is not taken: embed a token, or a client certificate with its key`},
		"one that reads a file":      {why: "as above", data: map[string][]byte{"kubeconfig": kubeconfig(`"tokenFile":"/etc/passwd"`, "")}, err: `key "kubeconfig": tokenFile is not taken: embed a token, or a client certificate with its key`},
		"one that trusts anybody":    {why: "that is said in the KubeFedCluster or not at all", data: map[string][]byte{"kubeconfig": kubeconfig(`"token":"t"`, `,"insecure-skip-tls-verify":true`)}, err: `key "kubeconfig": insecure-skip-tls-verify is not taken: embed a token, or a client certificate with its key`},
		"one with nobody":            {why: "nobody knows who fedsync is", data: map[string][]byte{"kubeconfig": kubeconfig(``, "")}, err: `key "kubeconfig": its user has neither token nor client-certificate-data`},
		"one without a context":      {why: "which cluster is meant is not said", data: map[string][]byte{"kubeconfig": []byte(`{"kind":"Config","apiVersion":"v1"}`)}, err: `key "kubeconfig": has no current context`},
		"one that is something else": {why: "its content is not quoted", data: map[string][]byte{"kubeconfig": []byte(`s3cr3t: [`)}, err: `key "kubeconfig": is no kubeconfig`},
		"two kinds":                  {why: "which is meant is not said", data: map[string][]byte{"tls.crt": certificate, "tls.key": key, "kubeconfig": nil}, err: `has the keys "tls.crt" and "kubeconfig": it must hold one kind of credentials`},
		"nothing":                    {why: "there is nothing to show", err: `has none of the keys "token", "tls.crt" with "tls.key", and "kubeconfig"`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := loginOf(&corev1.Secret{Data: tc.data})
			if err != nil || tc.err != "" {
				if diff := cmp.Diff(tc.err, fmt.Sprint(err)); diff != "" {
					t.Errorf("error (-want +got), because %s:\n%s", tc.why, diff)
				}
				return
			}
			if diff := cmp.Diff(&tc.want, got, cmp.AllowUnexported(login{})); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

// A member that demands a client certificate is reached with one from either kind of Secret, and a renewed one is another generation.
func TestClientCertificateReachesTheMember(t *testing.T) {
	authority := issue(t, nil, certifying("authority"))
	serves := issue(t, authority, named("127.0.0.1"))
	client := issue(t, authority, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, between(2001, 2100))
	trusted := x509.NewCertPool()
	trusted.AddCert(authority.cert)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{serves.presents()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted}
	server.StartTLS()
	defer server.Close()
	certificate, key := keyPair(t, client)
	encoded := func(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
	secrets := map[string]*corev1.Secret{
		"tls": {Data: map[string][]byte{"tls.crt": certificate, "tls.key": key}},
		"kubeconfig": {Data: map[string][]byte{"kubeconfig": kubeconfig(
			fmt.Sprintf(`"client-certificate-data":%q,"client-key-data":%q`, encoded(certificate), encoded(key)),
			fmt.Sprintf(`,"certificate-authority-data":%q`, encoded(bundle(authority))))}},
	}
	for name, secret := range secrets {
		t.Run(name, func(t *testing.T) {
			c := cluster(func(s *fedv1b1.KubeFedClusterSpec) {
				s.APIEndpoint = server.URL
				if name == "tls" {
					s.CABundle = bundle(authority)
				}
			})
			credentials, err := NewCredentials(c, secret)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Validity{Since: year(2001), Expiry: year(2100)}, credentials.Validity); diff != "" {
				t.Errorf("validity (-want +got):\n%s", diff)
			}
			reached, closeAll, err := credentials.HTTPClient()
			if err != nil {
				t.Fatal(err)
			}
			defer closeAll()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := reached.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = answer.Body.Close() }() // it was read to its end
			var body bytes.Buffer
			if _, err := body.ReadFrom(answer.Body); err != nil || body.String() != "member" {
				t.Errorf("the member answered %q, %v", body.String(), err)
			}
		})
	}
	renewed, renewedKey := keyPair(t, issue(t, authority))
	one, errOne := NewCredentials(cluster(), secrets["tls"])
	other, errOther := NewCredentials(cluster(), &corev1.Secret{Data: map[string][]byte{"tls.crt": renewed, "tls.key": renewedKey}})
	if errOne != nil || errOther != nil {
		t.Fatal(errOne, errOther)
	}
	if one.Generation == other.Generation || strings.Contains(one.Generation, string(key)) {
		t.Error("a renewed certificate is not another generation")
	}
}

// A proxy is not told who fedsync is.
func TestProxyGetsNoClientCertificate(t *testing.T) {
	certificate, key := keyPair(t, issue(t, nil))
	c, err := NewCredentials(cluster(), &corev1.Secret{Data: map[string][]byte{"tls.crt": certificate, "tls.key": key}})
	if err != nil {
		t.Fatal(err)
	}
	ofMember, ofProxy, err := tlsConfigs(c, "member")
	if err != nil {
		t.Fatal(err)
	}
	if ofMember.GetClientCertificate == nil && len(ofMember.Certificates) == 0 {
		t.Error("the member does not get the certificate")
	}
	if ofProxy.GetClientCertificate != nil || len(ofProxy.Certificates) > 0 {
		t.Error("the proxy gets the certificate")
	}
}
