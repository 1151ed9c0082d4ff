package member

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Validity is from when to when credentials are good. It is for people to see: the member itself judges them.
type Validity struct {
	// Since is when the token was issued or the certificate begins or, if it does not say, when the Secret was written; zero if neither is known.
	Since time.Time
	// Expiry is when the token or certificate ends, zero if it does not say.
	Expiry time.Time
}

// claims are those of a JSON Web Token (RFC 7519) that tell times, in seconds since 1970.
type claims struct {
	IssuedAt int64 `json:"iat"`
	Expiry   int64 `json:"exp"`
}

// validityOf reads the certificate, or the claims of the token without checking its signature. Any other token says nothing of itself.
func validityOf(who *login, secret *corev1.Secret) Validity {
	v := Validity{Since: writtenAt(secret)}
	if block, _ := pem.Decode(who.certificate); block != nil {
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			return Validity{Since: c.NotBefore, Expiry: c.NotAfter}
		}
	}
	parts := strings.Split(who.token, ".")
	if len(parts) != 3 { //nolint:mnd // header, claims, signature
		return v
	}
	body, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	var c claims
	if err != nil || json.Unmarshal(body, &c) != nil {
		return v
	}
	if c.IssuedAt > 0 {
		v.Since = time.Unix(c.IssuedAt, 0)
	}
	if c.Expiry > 0 {
		v.Expiry = time.Unix(c.Expiry, 0)
	}
	return v
}

// writtenAt is when the data of the Secret was last written.
func writtenAt(secret *corev1.Secret) time.Time {
	at := secret.CreationTimestamp.Time
	for _, entry := range secret.ManagedFields {
		if entry.Time != nil && entry.FieldsV1 != nil && strings.Contains(entry.FieldsV1.GetRawString(), `"f:data"`) && entry.Time.After(at) {
			at = entry.Time.Time
		}
	}
	return at
}
