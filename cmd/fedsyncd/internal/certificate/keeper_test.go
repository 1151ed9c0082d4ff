package certificate_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/util/cert"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/fedsync/fedsync/cmd/fedsyncd/internal/certificate"
)

const name = "fedsyncd-webhook.system.svc"

// scene is a host with an empty Secret and a configuration of each kind, and a clock.
type scene struct {
	client *fake.Clientset
	clock  *clocktesting.FakeClock
	said   []string
}

func newScene() *scene {
	meta := metav1.ObjectMeta{Name: "fedsyncd", ResourceVersion: "1"}
	return &scene{
		client: fake.NewClientset(
			&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "webhook", ResourceVersion: "1", Labels: map[string]string{"kept": "yes"}}},
			&admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: meta, Webhooks: []admissionregistrationv1.ValidatingWebhook{{Name: "a"}, {Name: "b"}}},
			&admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: meta, Webhooks: []admissionregistrationv1.MutatingWebhook{{Name: "a"}}},
		),
		clock: clocktesting.NewFakeClock(time.Now().Add(time.Minute)), // certificates begin at the real time
	}
}

func (s *scene) keeper() *certificate.Keeper { return s.keeperFor(0) }

func (s *scene) keeperFor(life time.Duration) *certificate.Keeper {
	return certificate.New(s.client, certificate.Options{
		Namespace: "system", Secret: "webhook", Names: []string{name, "10.0.0.1"}, Configuration: "fedsyncd", Life: life, Clock: s.clock,
		Log: funcr.New(func(_, line string) { s.said = append(s.said, line) }, funcr.Options{}),
	})
}

// bundle returns what the API server trusts; all configurations must say the same.
func (s *scene) bundle(t *testing.T) []byte {
	t.Helper()
	v, err := s.client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), "fedsyncd", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), "fedsyncd", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range [][]byte{v.Webhooks[1].ClientConfig.CABundle, m.Webhooks[0].ClientConfig.CABundle} {
		if !bytes.Equal(v.Webhooks[0].ClientConfig.CABundle, other) {
			t.Error("the configurations trust different authorities")
		}
	}
	return v.Webhooks[0].ClientConfig.CABundle
}

// trusted fails unless the API server would believe the keeper now.
func (s *scene) trusted(t *testing.T, k *certificate.Keeper) *tls.Certificate {
	t.Helper()
	served, err := k.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.bundle(t))
	for _, host := range []string{name, "10.0.0.1"} {
		if _, err := served.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, CurrentTime: s.clock.Now()}); err != nil {
			t.Errorf("not trusted as %s: %v", host, err)
		}
	}
	return served
}

func keep(t *testing.T, k *certificate.Keeper) {
	t.Helper()
	if err := k.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func serial(c *tls.Certificate) string { return c.Leaf.SerialNumber.String() }

// TestRotation has two replicas, one of which looks later than the other. Certificates begin at the real time, which the clock leaves behind.
func TestRotation(t *testing.T) {
	s := newScene()
	early, late := s.keeperFor(30*time.Hour), s.keeperFor(30*time.Hour)
	if _, err := early.GetCertificate(nil); err == nil {
		t.Error("there is a certificate before anybody made one")
	}
	keep(t, early)
	keep(t, late)
	first := s.trusted(t, early)
	if serial(s.trusted(t, late)) != serial(first) {
		t.Error("two replicas have two certificates")
	}
	s.clock.Step(15 * time.Hour)
	keep(t, early)
	if serial(s.trusted(t, early)) != serial(first) {
		t.Error("it was renewed although more than a third of its life was left")
	}
	s.clock.Step(6 * time.Hour)
	early = s.keeperFor(300 * time.Hour)
	keep(t, early)
	second := s.trusted(t, early)
	if serial(second) == serial(first) {
		t.Error("it was not renewed")
	}
	s.trusted(t, late) // which has not looked yet
	keep(t, late)
	if serial(s.trusted(t, late)) != serial(second) {
		t.Error("the other replica has not taken the new one")
	}
	if got := authorities(t, s.bundle(t)); got != 2 {
		t.Errorf("%d authorities are trusted, not the new one and the one before", got)
	}
	s.clock.Step(100 * time.Hour)
	keep(t, early)
	if got := authorities(t, s.bundle(t)); got != 1 {
		t.Errorf("%d authorities are trusted after the end of the first", got)
	}
	if serial(s.trusted(t, early)) != serial(second) {
		t.Error("it was renewed again")
	}
}

func authorities(t *testing.T, bundle []byte) int {
	t.Helper()
	all, err := cert.ParseCertsPEM(bundle)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestTrouble(t *testing.T) {
	broken := errors.New("broken")
	cases := map[string]struct {
		why     string
		prepare func(t *testing.T, s *scene)
		says    string // of the first try
		serves  bool   // after the first try
	}{
		"no Secret": {why: "whoever may create it does", prepare: func(t *testing.T, s *scene) {
			t.Helper()
			if err := s.client.CoreV1().Secrets("system").Delete(t.Context(), "webhook", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
		}, serves: true},
		"rubbish in the Secret": {why: "it is replaced", prepare: func(t *testing.T, s *scene) {
			t.Helper()
			if _, err := s.client.CoreV1().Secrets("system").Update(t.Context(), &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Name: "webhook", ResourceVersion: "1"}, Data: map[string][]byte{"tls.crt": []byte("x"), "tls.key": []byte("y"), "ca.crt": []byte("z")},
			}, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
		}, serves: true},
		"somebody else's Secret": {why: "a wrong flag must not cost a member its credentials", prepare: func(t *testing.T, s *scene) {
			t.Helper()
			if _, err := s.client.CoreV1().Secrets("system").Update(t.Context(), &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Name: "webhook", ResourceVersion: "1"}, Data: map[string][]byte{"token": []byte("x")},
			}, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
		}, says: `keep the certificate in Secret "webhook": it holds "token" and is somebody else's`},
		"no configurations": {why: "they may come later", prepare: func(t *testing.T, s *scene) {
			t.Helper()
			s.fail("get", "validatingwebhookconfigurations", apierrors.NewNotFound(schema.GroupResource{}, "fedsyncd"))
			s.fail("get", "mutatingwebhookconfigurations", apierrors.NewNotFound(schema.GroupResource{}, "fedsyncd"))
		}, serves: true},
		"a Secret that cannot be read": {why: "nothing can be served", prepare: func(t *testing.T, s *scene) {
			t.Helper()
			s.fail("get", "secrets", broken)
		}, says: "read the Secret of the certificate: broken"},
		"a Secret that cannot be written": {why: "a certificate of one replica alone would be trusted by chance", prepare: func(t *testing.T, s *scene) {
			t.Helper()
			s.fail("update", "secrets", broken)
		}, says: "store the certificate: broken"},
		"configurations that cannot be written": {why: "another replica may have written them", prepare: func(t *testing.T, s *scene) {
			t.Helper()
			s.fail("update", "validatingwebhookconfigurations", broken)
		}, says: "have the API server trust the certificate in *v1.ValidatingWebhookConfiguration \"fedsyncd\": broken", serves: true},
		"another replica was faster": {why: "its certificate is taken", prepare: func(t *testing.T, s *scene) {
			t.Helper()
			other := newScene()
			keep(t, other.keeper())
			theirs, err := other.client.CoreV1().Secrets("system").Get(t.Context(), "webhook", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			lost := false
			s.client.PrependReactor("update", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
				if lost {
					return false, nil, nil
				}
				lost = true
				if err := s.client.Tracker().Update(corev1.SchemeGroupVersion.WithResource("secrets"), theirs, "system"); err != nil {
					t.Error(err)
				}
				return true, nil, apierrors.NewConflict(schema.GroupResource{Resource: "secrets"}, "webhook", broken)
			})
		}, serves: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			c.prepare(t, s)
			k := s.keeper()
			says := ""
			if err := k.Keep(t.Context()); err != nil {
				says = err.Error()
			}
			if diff := cmp.Diff(c.says, says); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
			if _, err := k.GetCertificate(nil); (err == nil) != c.serves {
				t.Errorf("%s: %v", c.why, err)
			}
		})
	}
}

func (s *scene) fail(verb, resource string, err error) {
	s.client.PrependReactor(verb, resource, func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, err })
}

// TestNothingIsWrittenTwice counts the writes of a keeper that has nothing to do.
func TestNothingIsWrittenTwice(t *testing.T) {
	s := newScene()
	k := s.keeper()
	keep(t, k)
	s.client.ClearActions()
	keep(t, k)
	for _, action := range s.client.Actions() {
		if action.GetVerb() != "get" {
			t.Errorf("%s of %s", action.GetVerb(), action.GetResource().Resource)
		}
	}
	secret, err := s.client.CoreV1().Secrets("system").Get(t.Context(), "webhook", metav1.GetOptions{})
	if err != nil || secret.Labels["kept"] != "yes" {
		t.Errorf("what the Secret had besides is gone: %v, %v", secret.Labels, err)
	}
	if lines := strings.Join(s.said, "\n"); !strings.Contains(lines, name) || strings.Count(lines, "\n") > 0 {
		t.Errorf("said: %s", lines)
	}
}
