package member

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/connrotation"

	"github.com/fedsync/fedsync/federation/watch"
)

// These are client-go's own.
const (
	dialTimeout      = 30 * time.Second
	keepAlive        = 30 * time.Second
	handshakeTimeout = 10 * time.Second
	idlePerHost      = 25
)

// transport is a member's own. client-go would share one among the members that trust the same authorities, so that none
// of them could close it, and would not ping the connections of those that trust the system's.
type transport struct {
	client *http.Client
	pool   *http.Transport
	wires  *connrotation.ConnectionTracker
	closed atomic.Bool
	load   *load
}

// newTransport speaks HTTP/2 where the member does, finds broken connections by pings as client-go does, and goes
// through the proxy of the configuration or, without one, of the environment.
func newTransport(c *Credentials) (*transport, error) {
	endpoint, _, err := rest.DefaultServerUrlFor(c.Config)
	if err != nil {
		return nil, fmt.Errorf("read endpoint: %w", err)
	}
	ofMember, ofProxy, err := tlsConfigs(c, endpoint.Hostname())
	if err != nil {
		return nil, fmt.Errorf("make TLS configuration: %w", err)
	}
	t := &transport{wires: connrotation.NewConnectionTracker(), load: &load{}}
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}
	t.pool = &http.Transport{
		Proxy:               c.Config.Proxy,
		DialContext:         t.track(dialer.DialContext),
		TLSClientConfig:     ofMember,
		TLSHandshakeTimeout: handshakeTimeout,
		MaxIdleConnsPerHost: idlePerHost,
	}
	if viaTLS(c.Config, endpoint) {
		t.pool.DialTLSContext = t.track((&tls.Dialer{NetDialer: dialer, Config: ofProxy}).DialContext)
	}
	wrapped, err := rest.HTTPWrappersForConfig(c.Config, utilnet.SetTransportDefaults(t.pool))
	if err != nil {
		return nil, fmt.Errorf("wrap transport: %w", err)
	}
	t.load.next = watch.Plain(wrapped)
	t.client = &http.Client{Transport: t.load}
	return t, nil
}

// tlsConfigs returns how to speak to the member and to a proxy. What may be left out is a check of the member: a proxy
// is unchecked only if everything is.
func tlsConfigs(c *Credentials, host string) (ofMember, ofProxy *tls.Config, err error) {
	ofProxy, err = rest.TLSConfigFor(c.Config)
	if err != nil {
		return nil, nil, err
	}
	if ofProxy == nil { // there is nothing to configure
		ofProxy = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	ofMember = ofProxy.Clone()
	ofProxy.Certificates, ofProxy.GetClientCertificate = nil, nil // who fedsync is, is the member's to know
	if c.Unchecked != (Checks{}) {
		leaveOut(c.Unchecked, ofMember, host, c.Config.CAData)
	}
	return ofMember, ofProxy, nil
}

// viaTLS tells that the way to the member leads through an https proxy. Such a proxy is dialed with a TLS configuration
// of its own: [http.Transport] would use the member's, and so offer the proxy HTTP/2, in which it cannot ask for a tunnel.
func viaTLS(config *rest.Config, endpoint *url.URL) bool {
	if config.Proxy == nil {
		return false
	}
	u, err := config.Proxy(&http.Request{URL: endpoint})
	return err == nil && u != nil && u.Scheme == "https"
}

// track makes close reach the connections that were dialed, and those that are being dialed meanwhile.
func (t *transport) track(dial connrotation.DialFunc) func(context.Context, string, string) (net.Conn, error) {
	tracked := connrotation.NewDialerWithTracker(dial, t.wires)
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := tracked.DialContext(ctx, network, address)
		if err == nil && t.closed.Load() {
			_ = conn.Close()
			return nil, net.ErrClosed
		}
		return conn, err
	}
}

// close cuts all connections, those in use too, and lets no other be made. It is for the time after the last request.
func (t *transport) close() {
	t.closed.Store(true)
	t.pool.CloseIdleConnections()
	t.wires.CloseAll()
}

// HTTPClient returns a client that reaches the member as the daemon does: over the same proxy, and with the same checks left out. It must
// be closed by the function that comes with it, after the last request.
func (c *Credentials) HTTPClient() (client *http.Client, closeAll func(), err error) {
	t, err := newTransport(c)
	if err != nil {
		return nil, nil, err
	}
	return t.client, t.close, nil
}
