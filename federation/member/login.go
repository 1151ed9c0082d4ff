package member

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Keys of Secrets that hold credentials.
const (
	// tokenKey is the key of KubeFed's Secrets that holds the bearer token.
	tokenKey = corev1.ServiceAccountTokenKey
	// certificateKey and privateKeyKey are those of Secrets of type kubernetes.io/tls.
	certificateKey = corev1.TLSCertKey
	privateKeyKey  = corev1.TLSPrivateKeyKey
	// kubeconfigKey holds a kubeconfig, and so does clusterAPIKey in Secrets that Cluster API made.
	kubeconfigKey = "kubeconfig"
	clusterAPIKey = "value"
)

// login is how fedsync shows a member who it is: by a token or by a certificate.
type login struct {
	token            string
	certificate, key []byte
	// authorities are those of a kubeconfig, PEM; the KubeFedCluster's count before them.
	authorities []byte
}

// loginOf reads the Secret. The error names the key that is wrong, and quotes nothing of what it holds.
func loginOf(secret *corev1.Secret) (*login, error) {
	var kinds []string
	if given, has := secret.Data[tokenKey]; has { // it counts whatever else there is, as for KubeFed
		return byToken(string(given), fmt.Sprintf("key %q", tokenKey))
	}
	for _, key := range []string{certificateKey, kubeconfigKey, clusterAPIKey} {
		if _, has := secret.Data[key]; has {
			kinds = append(kinds, key)
		}
	}
	switch {
	case len(kinds) == 0:
		return nil, fmt.Errorf("has none of the keys %q, %q with %q, and %q", tokenKey, certificateKey, privateKeyKey, kubeconfigKey)
	case len(kinds) > 1:
		return nil, fmt.Errorf("has the keys %q and %q: it must hold one kind of credentials", kinds[0], kinds[1])
	case kinds[0] == certificateKey:
		return byCertificate(secret.Data[certificateKey], secret.Data[privateKeyKey], fmt.Sprintf("keys %q and %q", certificateKey, privateKeyKey))
	default:
		l, err := byKubeconfig(secret.Data[kinds[0]])
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", kinds[0], err)
		}
		return l, nil
	}
}

func byToken(given, where string) (*login, error) {
	token := strings.TrimSpace(given)
	if token == "" || strings.ContainsAny(token, "\r\n\x00") {
		return nil, fmt.Errorf("%s must hold a bearer token on one line", where)
	}
	return &login{token: token}, nil
}

func byCertificate(certificate, key []byte, where string) (*login, error) {
	if _, err := tls.X509KeyPair(certificate, key); err != nil { // whose text speaks of forms, not of content
		return nil, fmt.Errorf("%s must hold a PEM certificate and its private key: %w", where, err)
	}
	return &login{certificate: certificate, key: key}, nil
}

// byKubeconfig takes the user of the current context. What would have fedsync run a program, read files of its own machine, or trust
// anybody is refused: who may write the Secret is not who runs fedsync.
func byKubeconfig(content []byte) (*login, error) {
	config, err := clientcmd.Load(content)
	if err != nil {
		return nil, errors.New("is no kubeconfig") // the error could quote it
	}
	context, known := config.Contexts[config.CurrentContext]
	if config.CurrentContext == "" || !known {
		return nil, errors.New("has no current context")
	}
	user, named := config.AuthInfos[context.AuthInfo]
	if !named {
		return nil, errors.New("its current context names no user")
	}
	cluster := config.Clusters[context.Cluster]
	if cluster == nil {
		cluster = &clientcmdapi.Cluster{}
	}
	if field := refused(user, cluster); field != "" {
		return nil, fmt.Errorf("%s is not taken: embed a token, or a client certificate with its key", field)
	}
	var l *login
	switch {
	case user.Token != "" && len(user.ClientCertificateData) > 0:
		return nil, errors.New("its user has a token and a client certificate: it must have one of them")
	case user.Token != "":
		l, err = byToken(user.Token, "token")
	case len(user.ClientCertificateData) > 0:
		l, err = byCertificate(user.ClientCertificateData, user.ClientKeyData, "client-certificate-data and client-key-data")
	default:
		return nil, errors.New("its user has neither token nor client-certificate-data")
	}
	if err != nil {
		return nil, err
	}
	if pem := cluster.CertificateAuthorityData; len(pem) > 0 && !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return nil, errors.New("certificate-authority-data holds no PEM certificate")
	}
	l.authorities = cluster.CertificateAuthorityData
	return l, nil
}

// refused returns the first field of a kubeconfig that is not taken, or "".
func refused(u *clientcmdapi.AuthInfo, c *clientcmdapi.Cluster) string {
	given := map[string]bool{
		"exec": u.Exec != nil, "auth-provider": u.AuthProvider != nil, "tokenFile": u.TokenFile != "", "client-certificate": u.ClientCertificate != "",
		"client-key": u.ClientKey != "", "username": u.Username != "", "password": u.Password != "", "as": u.Impersonate != "",
		"insecure-skip-tls-verify": c.InsecureSkipTLSVerify, "certificate-authority": c.CertificateAuthority != "",
	}
	var found []string
	for field, is := range given {
		if is {
			found = append(found, field)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return slices.Min(found)
}
