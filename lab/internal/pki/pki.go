package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// Keys are the PEM files of one cluster.
type Keys struct {
	CA                []byte // The certificate that clients need to verify the server.
	ServingCert       []byte
	ServingKey        []byte
	ServiceAccountKey []byte // A private key.
}

const lifetime = 10 * 365 * 24 * time.Hour

// New makes the keys of a cluster. The serving certificate is good for localhost, 127.0.0.1 and ::1.
func New(cluster string, now time.Time) (*Keys, error) {
	caKey, err := newKey()
	if err != nil {
		return nil, err
	}
	ca := caTemplate(cluster, now)
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return nil, fmt.Errorf("sign certificate authority: %w", err)
	}
	servingKey, err := newKey()
	if err != nil {
		return nil, err
	}
	servingDER, err := x509.CreateCertificate(rand.Reader, servingTemplate(now), ca, servingKey.Public(), caKey)
	if err != nil {
		return nil, fmt.Errorf("sign serving certificate: %w", err)
	}
	accountKey, err := newKey()
	if err != nil {
		return nil, err
	}
	return encode(caDER, servingDER, servingKey, accountKey)
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return key, nil
}

func caTemplate(cluster string, now time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "fedsync lab " + cluster},
		NotBefore:             now.Add(-time.Hour), // clocks differ
		NotAfter:              now.Add(lifetime),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
}

func servingTemplate(now time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "kube-apiserver"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(lifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost", "kubernetes.default.svc"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
}

func encode(ca, serving []byte, servingKey, accountKey *ecdsa.PrivateKey) (*Keys, error) {
	keys := &Keys{
		CA:          pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca}),
		ServingCert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: serving}),
	}
	for key, to := range map[*ecdsa.PrivateKey]*[]byte{servingKey: &keys.ServingKey, accountKey: &keys.ServiceAccountKey} {
		der, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("encode key: %w", err)
		}
		*to = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	}
	return keys, nil
}
