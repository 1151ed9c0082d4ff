package member

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"time"

	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"
)

// Checks are checks of the certificate that a member presents. Each can be left out by itself; the others stay, and that
// an authority which is trusted has signed the certificate is always among them.
type Checks struct {
	// SubjectName: the certificate is made out to the name or address that the member was asked for under.
	SubjectName bool
	// ValidityPeriod: the certificate and its authorities have begun and not expired.
	ValidityPeriod bool
}

// disabledChecks reads spec.disabledTLSValidations. all tells that nothing at all is to be checked.
func disabledChecks(values []fedv1b1.TLSValidation) (off Checks, all bool, err error) {
	for _, v := range values {
		switch v {
		case fedv1b1.TLSAll:
			all = true
		case fedv1b1.TLSSubjectName:
			off.SubjectName = true
		case fedv1b1.TLSValidityPeriod:
			off.ValidityPeriod = true
		default:
			return Checks{}, false, fmt.Errorf("%q is none of %q, %q and %q", v, fedv1b1.TLSAll, fedv1b1.TLSSubjectName, fedv1b1.TLSValidityPeriod)
		}
	}
	if all && len(values) > 1 {
		return Checks{}, false, fmt.Errorf("%q stands for all of them: list it alone", fedv1b1.TLSAll)
	}
	return off, all, nil
}

// verifier makes the checks that are not left out.
type verifier struct {
	off Checks
	// roots are the authorities that are trusted, nil for the system's.
	roots *x509.CertPool
	// host is the host of the member's endpoint.
	host string
}

// leaveOut makes the configuration leave out the checks in off. crypto/tls can leave out all checks or none: it is told to
// leave out all, and what stays is checked at the end of every handshake, that of a resumed session included.
func leaveOut(off Checks, config *tls.Config, host string, caBundle []byte) {
	v := &verifier{off: off, roots: config.RootCAs, host: host}
	if off.ValidityPeriod && len(caBundle) > 0 {
		v.roots = timelessPool(caBundle)
	}
	config.InsecureSkipVerify = true
	config.VerifyConnection = v.verify
}

// verify is for tls.Config.VerifyConnection. Its errors are those of crypto/tls.
//
// Without the validity period, no single time will do to verify at. An authority that was renewed is younger than the
// certificates of its key, one that was forgotten may have expired before its last certificate began, and KubeFed, which
// verifies one second after the certificate began, refuses both. So the chain is verified with all its dates taken away.
// The one date that cannot be taken away is that of an authority of the system: it counts if it is valid now, as it would
// with the check, or was when the certificate began, as it did for KubeFed.
func (v *verifier) verify(s tls.ConnectionState) error {
	chain, o := s.PeerCertificates, x509.VerifyOptions{Roots: v.roots, Intermediates: x509.NewCertPool()}
	if v.off.ValidityPeriod {
		chain = timeless(chain)
	}
	for _, c := range chain[1:] {
		o.Intermediates.AddCert(c)
	}
	if !v.off.SubjectName {
		o.DNSName = cmp.Or(s.ServerName, v.host) // the first is what the member was asked for, but empty for an address
	}
	_, err := chain[0].Verify(o)
	if err != nil && v.off.ValidityPeriod {
		o.CurrentTime = s.PeerCertificates[0].NotBefore.Add(time.Second)
		_, err = chain[0].Verify(o)
	}
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: s.PeerCertificates, Err: err}
	}
	return nil
}

// timeless returns copies that are always valid. What was signed is kept in them as the bytes that it was, so that
// signatures still count.
func timeless(certificates []*x509.Certificate) []*x509.Certificate {
	copies := slices.Clone(certificates)
	for i, c := range certificates {
		always := *c
		always.NotBefore, always.NotAfter = time.Time{}, time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)
		copies[i] = &always
	}
	return copies
}

// timelessPool returns the certificates of a CA bundle, timeless. Like crypto/x509 it skips what it cannot read.
func timelessPool(caBundle []byte) *x509.CertPool {
	pool := x509.NewCertPool()
	for block, rest := pem.Decode(caBundle); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" || len(block.Headers) != 0 {
			continue
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			pool.AddCert(timeless([]*x509.Certificate{c})[0])
		}
	}
	return pool
}
