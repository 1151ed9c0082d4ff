package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/spf13/pflag"
	"k8s.io/client-go/kubernetes"
	ctrl "sigs.k8s.io/controller-runtime"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/fedsync/fedsync/cmd/fedsyncd/internal/certificate"
	"github.com/fedsync/fedsync/cmd/fedsyncd/internal/webhook"
	"github.com/fedsync/fedsync/federation/resolve"
)

// WebhookConfig is how the host's API server asks about objects before it stores them.
type WebhookConfig struct {
	// Addr is where it asks, empty for nowhere.
	Addr string
	// CertDir has a certificate that somebody else keeps; empty for one of our own, which goes into the Secret.
	CertDir string
	// Names are in the certificate of our own.
	Names  []string
	Secret string
	// Configuration is the name of both webhook configurations, which are made to trust the certificate of our own.
	Configuration string
	// Strict refuses faulty federated objects.
	Strict bool
}

func (c *WebhookConfig) addFlags(f *pflag.FlagSet) {
	f.StringVar(&c.Addr, "webhook-addr", "", "address of the admission webhook, such as :8443; none if empty")
	f.BoolVar(&c.Strict, "webhook-strict", false, "refuse faulty federated objects, of which the author is only warned otherwise")
	f.StringVar(&c.CertDir, "webhook-cert-dir", "", "directory with tls.crt and tls.key, which are read again when they change; without it fedsyncd keeps a certificate itself")
	f.StringSliceVar(&c.Names, "webhook-names", nil, "DNS names and IP addresses in the certificate that fedsyncd keeps (default fedsyncd-webhook.NAMESPACE.svc)")
	f.StringVar(&c.Secret, "webhook-secret", "fedsyncd-webhook", "Secret in the KubeFed namespace that the certificate is kept in")
	f.StringVar(&c.Configuration, "webhook-configuration", "fedsyncd", "ValidatingWebhookConfiguration and MutatingWebhookConfiguration that are made to trust the certificate")
}

// validate says what is wrong with the flags.
func (c *WebhookConfig) validate() error {
	if c.Addr == "" {
		return nil
	}
	_, _, err := c.listen()
	if c.CertDir == "" && (c.Secret == "" || c.Configuration == "") {
		err = errors.Join(err, errors.New("--webhook-secret and --webhook-configuration must not be empty without --webhook-cert-dir"))
	}
	return err
}

// listen splits the address.
func (c *WebhookConfig) listen() (host string, port int, err error) {
	host, text, err := net.SplitHostPort(c.Addr)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil || port < 1 || port > 65535 {
		return "", 0, fmt.Errorf("--webhook-addr must be HOST:PORT or :PORT, not %q", c.Addr)
	}
	return host, port, nil
}

// addWebhook has the manager answer the API server, whether it leads or stands by.
func addWebhook(mgr ctrl.Manager, c *Config, settings *startConfig) error {
	if c.Webhook.Addr == "" {
		return nil
	}
	host, port, err := c.Webhook.listen()
	if err != nil {
		return err
	}
	o := ctrlwebhook.Options{Host: host, Port: port, CertDir: c.Webhook.CertDir}
	if c.Webhook.CertDir == "" {
		keeper, err := newKeeper(mgr, c)
		if err != nil {
			return err
		}
		if err := mgr.Add(keeper); err != nil {
			return err
		}
		o.TLSOpts = append(o.TLSOpts, func(t *tls.Config) { t.GetCertificate = keeper.GetCertificate })
	}
	server := ctrlwebhook.NewServer(o)
	webhook.Register(server, webhook.Options{
		Reader:   mgr.GetClient(),
		Settings: resolve.Settings{Namespace: c.Namespace, Limited: settings.Limited},
		Strict:   c.Webhook.Strict,
	})
	return errors.Join(mgr.Add(server), mgr.AddReadyzCheck("webhook", server.StartedChecker()))
}

func newKeeper(mgr ctrl.Manager, c *Config) (*certificate.Keeper, error) {
	client, err := kubernetes.NewForConfig(mgr.GetConfig())
	if err != nil {
		return nil, fmt.Errorf("connect to the host: %w", err)
	}
	names := c.Webhook.Names
	if len(names) == 0 {
		names = []string{"fedsyncd-webhook." + c.Namespace + ".svc"}
	}
	return certificate.New(client, certificate.Options{
		Namespace: c.Namespace, Secret: c.Webhook.Secret, Names: names, Configuration: c.Webhook.Configuration, Log: mgr.GetLogger().WithName("certificate"),
	}), nil
}
