package member

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"
)

// identity is a certificate with its key and the authorities between it and the one that is trusted.
type identity struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	via  [][]byte
}

// issue makes an identity that is signed by the issuer, or by itself if there is none. It is valid now.
func issue(t *testing.T, issuer *identity, changes ...func(*x509.Certificate)) *identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return issueFor(t, key, issuer, changes...)
}

func issueFor(t *testing.T, key *ecdsa.PrivateKey, issuer *identity, changes ...func(*x509.Certificate)) *identity {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "member"}, NotBefore: year(2000), NotAfter: year(2200),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, change := range changes {
		change(template)
	}
	made := &identity{key: key}
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.cert, issuer.key
		if issuer.cert.Issuer.String() != issuer.cert.Subject.String() {
			made.via = append([][]byte{issuer.cert.Raw}, issuer.via...)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	if made.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return made
}

func year(y int) time.Time { return time.Date(y, time.January, 1, 0, 0, 0, 0, time.UTC) }

// between makes a certificate valid for these years.
func between(first, last int) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = year(first), year(last) }
}

// named makes a certificate out to names and addresses.
func named(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		for _, n := range names {
			if ip := net.ParseIP(n); ip != nil {
				c.IPAddresses = append(c.IPAddresses, ip)
			} else {
				c.DNSNames = append(c.DNSNames, n)
			}
		}
	}
}

// certifying makes a certificate that of an authority.
func certifying(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject, c.IsCA, c.BasicConstraintsValid = pkix.Name{CommonName: name}, true, true
		c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageCertSign, nil
	}
}

// bundle is what trusts the identities.
func bundle(trusted ...*identity) []byte {
	var b bytes.Buffer
	for _, i := range trusted {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw}))
	}
	return b.Bytes()
}

// presents is what a server presents.
func (i *identity) presents() tls.Certificate {
	return tls.Certificate{Certificate: append([][]byte{i.cert.Raw}, i.via...), PrivateKey: i.key}
}
