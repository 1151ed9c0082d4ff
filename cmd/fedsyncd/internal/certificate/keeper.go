package certificate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"
)

// Options say what certificate is kept where.
type Options struct {
	// Namespace and Secret name the Secret.
	Namespace, Secret string
	// Names are the DNS names and IP addresses that the API server may call the webhook by; at least one.
	Names []string
	// Configuration is the name of the ValidatingWebhookConfiguration and of the MutatingWebhookConfiguration.
	Configuration string
	// Life is how long a certificate is good, counted from an hour before it is made; a year if zero. It is renewed when a third of that is
	// left.
	Life time.Duration
	// Period is how often all of it is looked at, a minute if zero.
	Period time.Duration
	Clock  clock.WithTicker
	Log    logr.Logger
}

// Keeper keeps a certificate. Every replica has one: it needs no leader.
type Keeper struct {
	client  kubernetes.Interface
	options Options
	serving atomic.Pointer[pair]
	said    string // the last trouble that was logged
}

// New returns a keeper that serves nothing until it is started.
func New(client kubernetes.Interface, o Options) *Keeper {
	if o.Life == 0 {
		o.Life = 365 * 24 * time.Hour
	}
	if o.Period == 0 {
		o.Period = time.Minute
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	return &Keeper{client: client, options: o}
}

// NeedLeaderElection tells controller-runtime that a standby keeps the certificate too: it answers as well.
func (k *Keeper) NeedLeaderElection() bool { return false }

// GetCertificate is for a [tls.Config].
func (k *Keeper) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p := k.serving.Load()
	if p == nil {
		return nil, errors.New("there is no certificate yet")
	}
	return p.served, nil
}

// Start looks after the certificate until the context ends. What goes wrong is logged when it changes, and tried again: at first soon,
// because nothing is served before it has worked once, and then less often, because each try may cost a new key.
func (k *Keeper) Start(ctx context.Context) error {
	for first := time.Second; ; first *= 2 {
		k.say(k.Keep(ctx))
		pause := k.options.Period
		if k.serving.Load() == nil {
			first = min(first, pause)
			pause = first
		}
		timer := k.options.Clock.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C():
		}
	}
}

func (k *Keeper) say(err error) {
	said := ""
	if err != nil {
		said = err.Error()
	}
	switch said {
	case k.said:
	case "":
		k.options.Log.Info("the webhook's certificate is in order")
	default:
		k.options.Log.Info("the webhook's certificate is not in order", "reason", said)
	}
	k.said = said
}

// Keep looks once: at the Secret, at the webhook configurations, and then at what is served.
func (k *Keeper) Keep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	p, bundle, err := k.stored(ctx)
	if err != nil {
		return err
	}
	if err := k.publish(ctx, bundle); err != nil {
		if old := k.serving.Load(); old == nil || !old.fits(k.options.Names, k.options.Clock.Now()) {
			k.serving.Store(p) // better than nothing: somebody else may have published it
		}
		return err
	}
	if !p.equal(k.serving.Load()) {
		k.options.Log.Info("the webhook has a certificate", "names", k.options.Names, "until", p.leaf.NotAfter.UTC().Format(time.RFC3339))
		k.serving.Store(p)
	}
	return nil
}

// stored returns the certificate in the Secret, a new one if that is missing, unfit or near its end, and the authorities to be trusted.
// Of two replicas that write at once one is refused, and takes the other's.
func (k *Keeper) stored(ctx context.Context) (*pair, []byte, error) {
	for {
		secret, err := k.client.CoreV1().Secrets(k.options.Namespace).Get(ctx, k.options.Secret, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			secret = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: k.options.Secret}}
		} else if err != nil {
			return nil, nil, fmt.Errorf("read the Secret of the certificate: %w", err)
		}
		if other := stranger(secret); other != "" {
			return nil, nil, fmt.Errorf("keep the certificate in Secret %q: it holds %q and is somebody else's", k.options.Secret, other)
		}
		now, earlier := k.options.Clock.Now(), secret.Data[authorityKey]
		if served := k.serving.Load(); served != nil { // and by others, even if somebody has emptied the Secret
			earlier = append(served.bundle(nil, now), earlier...)
		}
		if p := k.usable(secret, now); p != nil {
			return p, p.bundle(earlier, now), nil
		}
		p, err := newPair(k.options.Names, k.options.Life)
		if err != nil {
			return nil, nil, err
		}
		bundle := p.bundle(earlier, now)
		secret.Data = map[string][]byte{corev1.TLSCertKey: p.chain, corev1.TLSPrivateKeyKey: p.key, authorityKey: bundle}
		err = k.store(ctx, secret)
		switch {
		case err == nil:
			return p, bundle, nil
		case !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err):
			return nil, nil, fmt.Errorf("store the certificate: %w", err)
		}
	}
}

func (k *Keeper) store(ctx context.Context, secret *corev1.Secret) (err error) {
	secrets := k.client.CoreV1().Secrets(k.options.Namespace)
	if secret.ResourceVersion == "" {
		_, err = secrets.Create(ctx, secret, metav1.CreateOptions{})
	} else {
		_, err = secrets.Update(ctx, secret, metav1.UpdateOptions{})
	}
	return err
}

// authorityKey is where cert-manager puts the authority too.
const authorityKey = "ca.crt"

// stranger returns a key that is not ours, empty if there is none: what somebody else keeps in a Secret of that name must not be lost.
func stranger(secret *corev1.Secret) string {
	for _, key := range slices.Sorted(maps.Keys(secret.Data)) {
		if key != corev1.TLSCertKey && key != corev1.TLSPrivateKeyKey && key != authorityKey {
			return key
		}
	}
	return ""
}

// usable returns the pair that is stored, nil if a new one is needed.
func (k *Keeper) usable(secret *corev1.Secret, now time.Time) *pair {
	p, err := readPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil || !p.fits(k.options.Names, now) || p.due(now) {
		return nil
	}
	return p
}
