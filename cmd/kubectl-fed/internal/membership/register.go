package membership

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/member"
)

// memberLabel on a Secret of the host tells that join made it, for the member of this name.
const memberLabel = "fedsync.io/member"

// join makes the account and registers the member. It returns what it registered, and what a person should know.
func (j *joining) join(ctx context.Context) (*fedv1b1.KubeFedCluster, []string, error) {
	var notes []string
	secret, err := j.hostSecret(ctx)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case j.fromSecret != "":
	case j.credentials == "certificate":
		loaded := rest.CopyConfig(j.config)
		if err := rest.LoadTLSFiles(loaded); err != nil {
			return nil, nil, err
		}
		secret.Data = map[string][]byte{corev1.TLSCertKey: loaded.CertData, corev1.TLSPrivateKeyKey: loaded.KeyData}
	default:
		if err := j.account.ensure(ctx, j.cluster); err != nil {
			return nil, nil, fmt.Errorf("in the member: %w", err)
		}
		expires, err := j.giveToken(ctx, secret)
		if err != nil {
			return nil, nil, fmt.Errorf("in the member: %w", err)
		}
		if !expires.IsZero() {
			notes = append(notes, fmt.Sprintf("the member issues no lasting tokens: this one expires on %s; `%s rotate %s` renews it", expires.Format(time.DateOnly), j.g.Program, j.member))
		}
	}
	cluster, err := j.kubeFedCluster(secret.Name)
	if err != nil {
		return nil, nil, err
	}
	who, err := verify(ctx, cluster, secret)
	if err != nil {
		return nil, nil, err
	}
	if err := j.checkIdentity(j.clusters, who); err != nil {
		return nil, nil, err
	}
	if isLoopback(cluster.Spec.APIEndpoint) && !isLoopback(j.plane.Config.Host) {
		notes = append(notes, cluster.Spec.APIEndpoint+" leads to the machine that uses it: fedsyncd may need another, given with --api-endpoint")
	}
	return cluster, notes, j.write(ctx, cluster, secret)
}

// hostSecret returns the Secret that the KubeFedCluster is to name. One that somebody else made is used only if --from-secret names it, and
// never written.
func (j *joining) hostSecret(ctx context.Context) (*corev1.Secret, error) {
	if j.fromSecret != "" {
		return j.storedSecret(ctx, j.fromSecret)
	}
	if j.secretName == "" && j.before != nil && j.before.Spec.SecretRef.Name != "" {
		if secret, err := j.storedSecret(ctx, j.before.Spec.SecretRef.Name); err != nil || ourSecret(secret, j.member) {
			return secret, err
		}
	}
	name := cmp.Or(j.secretName, j.member+"-credentials")
	secret, err := j.storedSecret(ctx, name)
	if err == nil && secret.ResourceVersion != "" && !ourSecret(secret, j.member) {
		return nil, cli.Next(fmt.Errorf("the host has a Secret %q that join did not make", name), "choose another name with --secret-name, or use it as it is with --from-secret")
	}
	return secret, err
}

// storedSecret returns the Secret of the name, or a new one for the member.
func (j *joining) storedSecret(ctx context.Context, name string) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := j.plane.Client.Get(ctx, types.NamespacedName{Namespace: j.plane.Namespace, Name: name}, secret)
	if apierrors.IsNotFound(err) {
		secret.ObjectMeta = metav1.ObjectMeta{Namespace: j.plane.Namespace, Name: name, Labels: map[string]string{memberLabel: j.member}}
		return secret, nil
	}
	if err != nil {
		return nil, fmt.Errorf("on the host: get Secret %q: %w", name, err)
	}
	return secret, nil
}

// giveToken puts a token of the account into the Secret. One that is there and works stays.
func (j *joining) giveToken(ctx context.Context, secret *corev1.Secret) (time.Time, error) {
	if isOf(secret.Data[corev1.ServiceAccountTokenKey], j.account.namespace, j.account.name) {
		if cluster, err := j.kubeFedCluster(secret.Name); err == nil {
			if _, err := verify(ctx, cluster, secret); err == nil {
				return time.Time{}, nil
			}
		}
	}
	token, expires, err := j.account.token(ctx, j.cluster, j.account.name)
	if err != nil {
		return time.Time{}, err
	}
	secret.Data = map[string][]byte{corev1.ServiceAccountTokenKey: token}
	return expires, nil
}

// kubeFedCluster returns how the host is to reach the member, with what it has of it now kept.
func (j *joining) kubeFedCluster(secret string) (*fedv1b1.KubeFedCluster, error) {
	c := &fedv1b1.KubeFedCluster{ObjectMeta: metav1.ObjectMeta{Namespace: j.plane.Namespace, Name: j.member}}
	if j.before != nil {
		c = j.before.DeepCopy()
	}
	c.Labels = maps.Clone(c.Labels)
	for k, v := range j.labels {
		metav1.SetMetaDataLabel(&c.ObjectMeta, k, v)
	}
	if j.replace {
		delete(c.Annotations, host.MemberUIDAnnotation)
	}
	c.Spec.SecretRef.Name = secret
	bundle, err := j.caBundle()
	if err != nil {
		return nil, err
	}
	if len(bundle) > 0 && (j.before == nil || j.replace || j.caFile != "") {
		c.Spec.CABundle = bundle
	}
	if j.config != nil && (j.before == nil || j.replace) { // how the host reaches a member that it knows is not for a kubeconfig to say
		c.Spec.APIEndpoint = j.config.Host
		c.Spec.DisabledTLSValidations = nil
		if j.config.Insecure {
			c.Spec.DisabledTLSValidations = []fedv1b1.TLSValidation{fedv1b1.TLSAll}
			c.Spec.CABundle = nil
		}
		if c.Spec.ProxyURL, err = proxyOf(j.config); err != nil {
			return nil, err
		}
	}
	if j.endpoint != "" {
		c.Spec.APIEndpoint = j.endpoint
	}
	return c, nil
}

func proxyOf(config *rest.Config) (string, error) {
	if config.Proxy == nil {
		return "", nil
	}
	request, err := http.NewRequest(http.MethodGet, config.Host, http.NoBody) //nolint:noctx // it is never sent
	if err != nil {
		return "", err
	}
	u, err := config.Proxy(request)
	if err != nil || u == nil {
		return "", err
	}
	return u.String(), nil
}

// verify uses the credentials as fedsyncd will, from here. A token that was just issued may take a moment to be known.
func verify(ctx context.Context, cluster *fedv1b1.KubeFedCluster, secret *corev1.Secret) (who types.UID, err error) {
	credentials, err := member.NewCredentials(cluster, secret)
	if err != nil {
		return "", fmt.Errorf("the credentials cannot be used: %w", err)
	}
	reached, closeAll, err := credentials.HTTPClient()
	if err != nil {
		return "", err
	}
	defer closeAll()
	c, err := client.New(credentials.Config, client.Options{HTTPClient: reached})
	if err != nil {
		return "", err
	}
	var last error
	err = cli.Until(ctx, 2*askTimeout, func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		who, last = control.Identity(ctx, c)
		if apierrors.IsUnauthorized(last) {
			return false, nil
		}
		return true, last
	})
	if err != nil {
		if errors.Is(err, cli.ErrStillWaiting) {
			err = last
		}
		return "", cli.Next(fmt.Errorf("the credentials do not work at %s: %w", cluster.Spec.APIEndpoint, err), "nothing was written on the host; --api-endpoint and --ca-bundle say how the member is reached")
	}
	return who, nil
}

// isOf tells that a token says to be that of a service account.
func isOf(token []byte, namespace, name string) bool {
	parts := strings.Split(string(token), ".")
	if len(parts) != 3 { //nolint:mnd // header, claims, signature
		return false
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Subject string `json:"sub"`
	}
	return err == nil && json.Unmarshal(body, &claims) == nil && claims.Subject == "system:serviceaccount:"+namespace+":"+name
}

// write registers the member. The Secret goes first: a KubeFedCluster without one is reported as malformed.
func (j *joining) write(ctx context.Context, cluster *fedv1b1.KubeFedCluster, secret *corev1.Secret) error {
	if j.fromSecret == "" {
		if err := createOrUpdate(ctx, j.plane.Client, secret); err != nil {
			return fmt.Errorf("on the host: write Secret %q: %w", secret.Name, err)
		}
	}
	if err := createOrUpdate(ctx, j.plane.Client, cluster); err != nil {
		return fmt.Errorf("on the host: write KubeFedCluster %q: %w", cluster.Name, err)
	}
	return nil
}

// createOrUpdate creates an object that was not read, and updates one that was; somebody's change in between is a conflict.
func createOrUpdate(ctx context.Context, c client.Client, o client.Object) error {
	if o.GetResourceVersion() == "" {
		return c.Create(ctx, o, client.FieldOwner(control.FieldOwner))
	}
	return c.Update(ctx, o, client.FieldOwner(control.FieldOwner))
}

// await waits until fedsyncd has said what it thinks of the member.
func (j *joining) await(ctx context.Context, registered *fedv1b1.KubeFedCluster) error {
	fmt.Fprintf(j.g.Out, "%s joined: %s, %s\n", j.member, registered.Spec.APIEndpoint, j.rightsInWords())
	if j.wait <= 0 {
		return nil
	}
	progress := cli.StartProgress(j.g.ErrOut, "waiting until fedsyncd calls "+j.member+" ready")
	defer progress.Stop()
	now := &fedv1b1.KubeFedCluster{}
	err := cli.Until(ctx, j.wait, func(ctx context.Context) (bool, error) {
		err := j.plane.Client.Get(ctx, client.ObjectKeyFromObject(registered), now)
		return err == nil && control.Ready(now), err
	})
	if !errors.Is(err, cli.ErrStillWaiting) {
		if err == nil {
			fmt.Fprintf(j.g.Out, "%s is ready\n", j.member)
		}
		return err
	}
	if len(now.Status.Conditions) == 0 {
		fmt.Fprintf(j.g.ErrOut, "note:  fedsyncd has not looked at %s yet: does it run?\n", j.member)
		return nil
	}
	reason := "it does not say why"
	for _, c := range now.Status.Conditions {
		if c.Message != nil && *c.Message != "" {
			reason = *c.Message
		}
	}
	return cli.Next(fmt.Errorf("%s is registered, and not ready after %s: %s", j.member, j.wait, reason), "`%s members` shows it; joining again does no harm", j.g.Program)
}

func (j *joining) rightsInWords() string {
	switch {
	case j.fromSecret != "":
		return "with the credentials of Secret " + j.fromSecret
	case j.credentials == "certificate":
		return "with your client certificate"
	case j.clusterAdmin:
		return "with all rights"
	}
	types := 0
	for _, r := range j.account.rules {
		if len(r.Verbs) > 1 {
			types++
		}
	}
	return fmt.Sprintf("with the rights for %d types", types)
}
