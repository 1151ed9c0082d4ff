package certificate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"k8s.io/client-go/util/cert"
)

// pair is a certificate with its key, as it is stored.
type pair struct {
	// chain and key are PEM: the certificate and after it its authority, and the certificate's key.
	chain, key []byte
	served     *tls.Certificate
	leaf       *x509.Certificate
	authority  *x509.Certificate
}

// newPair makes an authority, whose key is forgotten, and a certificate of it for all the names.
func newPair(names []string, life time.Duration) (*pair, error) {
	o := cert.SelfSignedCertKeyOptions{Host: names[0], MaxAge: life}
	for _, name := range names[1:] {
		if ip := net.ParseIP(name); ip != nil {
			o.AlternateIPs = append(o.AlternateIPs, ip)
		} else {
			o.AlternateDNS = append(o.AlternateDNS, name)
		}
	}
	chain, key, err := cert.GenerateSelfSignedCertKeyWithOptions(o)
	if err != nil {
		return nil, fmt.Errorf("make a certificate for %q: %w", names, err)
	}
	return readPair(chain, key)
}

func readPair(chain, key []byte) (*pair, error) {
	served, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return nil, err
	}
	all, err := cert.ParseCertsPEM(chain)
	if err != nil {
		return nil, err
	}
	if len(all) < 2 {
		return nil, errors.New("the certificate comes without its authority")
	}
	return &pair{chain: chain, key: key, served: &served, leaf: all[0], authority: all[len(all)-1]}, nil
}

// fits tells that the pair is good for all the names now.
func (p *pair) fits(names []string, now time.Time) bool {
	for _, name := range names {
		if p.leaf.VerifyHostname(name) != nil {
			return false
		}
	}
	return now.After(p.leaf.NotBefore) && now.Before(p.leaf.NotAfter)
}

// due tells that less than a third of the pair's life is left.
func (p *pair) due(now time.Time) bool {
	return p.leaf.NotAfter.Sub(now) < p.leaf.NotAfter.Sub(p.leaf.NotBefore)/3
}

func (p *pair) equal(other *pair) bool {
	return p != nil && other != nil && bytes.Equal(p.chain, other.chain) && bytes.Equal(p.key, other.key)
}

// bundle returns, as PEM, the pair's authority and after it those of the earlier bundle that may still be needed: of certificates that have
// not ended. The newest of these is enough, because a replica has none that is older.
func (p *pair) bundle(earlier []byte, now time.Time) []byte {
	authorities := []*x509.Certificate{p.authority}
	if before, err := cert.ParseCertsPEM(earlier); err == nil && len(earlier) > 0 {
		for _, authority := range before {
			if !authority.Equal(p.authority) && now.Before(authority.NotAfter) {
				authorities = append(authorities, authority)
				break
			}
		}
	}
	made, err := cert.EncodeCertificates(authorities...)
	if err != nil { // of what has just been parsed
		return nil
	}
	return made
}
