package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func TestServingCertificateVerifies(t *testing.T) {
	ours, theirs := newKeys(t, "member1"), newKeys(t, "member2")
	cases := map[string]struct {
		ca   []byte
		host string
		when time.Time
		want bool
	}{
		"address":                 {ours.CA, "127.0.0.1", now, true},
		"name":                    {ours.CA, "localhost", now, true},
		"clock a bit behind":      {ours.CA, "127.0.0.1", now.Add(-time.Minute), true},
		"a year later":            {ours.CA, "127.0.0.1", now.AddDate(1, 0, 0), true},
		"another host":            {ours.CA, "10.0.0.1", now, false},
		"another cluster's CA":    {theirs.CA, "127.0.0.1", now, false},
		"after its lifetime":      {ours.CA, "127.0.0.1", now.AddDate(11, 0, 0), false},
		"long before it was made": {ours.CA, "127.0.0.1", now.AddDate(-1, 0, 0), false},
	}
	pair, err := tls.X509KeyPair(ours.ServingCert, ours.ServingKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			pool := x509.NewCertPool()
			if !pool.AppendCertsFromPEM(c.ca) {
				t.Fatal("the authority is no certificate")
			}
			_, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: c.host, CurrentTime: c.when})
			if (err == nil) != c.want {
				t.Errorf("Verify() = %v, want success: %v", err, c.want)
			}
		})
	}
}

func TestServiceAccountKeyIsItsOwn(t *testing.T) {
	keys := newKeys(t, "host")
	block, _ := pem.Decode(keys.ServiceAccountKey)
	if block == nil {
		t.Fatal("the key is not PEM")
	}
	if _, err := x509.ParseECPrivateKey(block.Bytes); err != nil {
		t.Error(err)
	}
	if string(keys.ServiceAccountKey) == string(keys.ServingKey) {
		t.Error("tokens and connections use one key")
	}
}

func newKeys(t *testing.T, cluster string) *Keys {
	t.Helper()
	keys, err := New(cluster, now)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
