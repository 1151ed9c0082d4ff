package member

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"
)

// Credentials are what it takes to reach a member. Two with the same Generation reach the same member the same way.
type Credentials struct {
	// Config has no client-side rate limit: bounded workers and the server's own fairness are the limit. Its Insecure
	// leaves out every check of certificates; its Transport and Dial are not used.
	Config *rest.Config
	// Unchecked are the checks of the member's certificate that are left out.
	Unchecked Checks
	// Generation changes with everything that the connection depends on. It reveals none of it.
	Generation string
	// Validity is from when to when they are good, as far as that is known.
	Validity Validity
}

// NewCredentials reads a KubeFedCluster and its Secret, which is nil if it does not exist. The error says to the user
// which field is wrong.
func NewCredentials(cluster *fedv1b1.KubeFedCluster, secret *corev1.Secret) (*Credentials, error) {
	spec := &cluster.Spec
	switch {
	case spec.SecretRef.Name == "":
		return nil, fmt.Errorf("spec.secretRef.name is empty")
	case secret == nil:
		return nil, fmt.Errorf("spec.secretRef.name: there is no Secret %q in namespace %q", spec.SecretRef.Name, cluster.Namespace)
	}
	who, err := loginOf(secret)
	if err != nil {
		return nil, fmt.Errorf("secret %q: %w", spec.SecretRef.Name, err)
	}
	endpoint, err := parseEndpoint(spec.APIEndpoint)
	if err != nil {
		return nil, fmt.Errorf("spec.apiEndpoint: %w", err)
	}
	c := &rest.Config{Host: endpoint, BearerToken: who.token, QPS: -1, UserAgent: "fedsync"}
	var off Checks
	if c.TLSClientConfig, off, err = tlsConfig(spec); err != nil {
		return nil, err
	}
	if len(c.CAData) == 0 && !c.Insecure {
		c.CAData = who.authorities
	}
	c.CertData, c.KeyData = who.certificate, who.key
	if c.Proxy, err = proxy(spec.ProxyURL); err != nil {
		return nil, fmt.Errorf("spec.proxyURL: %w", err)
	}
	return &Credentials{Config: c, Unchecked: off, Generation: generation(spec, who), Validity: validityOf(who, secret)}, nil
}

// parseEndpoint accepts a host, a host with a port, or a URL; without a scheme it is https, so that no token travels bare.
func parseEndpoint(endpoint string) (string, error) {
	if endpoint == "" {
		return "", fmt.Errorf("is empty")
	}
	if !strings.Contains(endpoint, "://") {
		endpoint = "https://" + endpoint
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", fmt.Errorf("%q is no URL", endpoint)
	}
	if u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("%q must be a host, a host:port, or an http or https URL", endpoint)
	}
	return endpoint, nil
}

func tlsConfig(spec *fedv1b1.KubeFedClusterSpec) (rest.TLSClientConfig, Checks, error) {
	off, all, err := disabledChecks(spec.DisabledTLSValidations)
	switch {
	case err != nil:
		return rest.TLSClientConfig{}, off, fmt.Errorf("spec.disabledTLSValidations: %w", err)
	case all: // together with a bundle, client-go takes it for a mistake
		return rest.TLSClientConfig{Insecure: true}, off, nil
	case len(spec.CABundle) > 0 && !x509.NewCertPool().AppendCertsFromPEM(spec.CABundle):
		return rest.TLSClientConfig{}, off, errors.New("spec.caBundle: holds no PEM certificate")
	}
	return rest.TLSClientConfig{CAData: spec.CABundle}, off, nil
}

func proxy(raw string) (func(*http.Request) (*url.URL, error), error) {
	if raw == "" {
		return nil, nil //nolint:nilnil // no proxy is a valid answer, and what rest.Config takes for one
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
		return nil, errors.New("must be an http, https or socks5 URL") // which may hold a password: it is not repeated
	}
	return http.ProxyURL(u), nil
}

func generation(spec *fedv1b1.KubeFedClusterSpec, who *login) string {
	parts, err := json.Marshal([]any{spec, who.token, who.certificate, who.key, who.authorities})
	if err != nil { // plain strings and bytes always marshal
		return ""
	}
	sum := sha256.Sum256(parts)
	return hex.EncodeToString(sum[:8])
}
