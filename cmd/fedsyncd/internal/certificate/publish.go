package certificate

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// publish has the API server trust the authorities. A configuration that is not there asks nobody: it may come later.
func (k *Keeper) publish(ctx context.Context, bundle []byte) error {
	return errors.Join(k.publishValidating(ctx, bundle), k.publishMutating(ctx, bundle))
}

func (k *Keeper) publishValidating(ctx context.Context, bundle []byte) error {
	configurations := k.client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	c, err := configurations.Get(ctx, k.options.Configuration, metav1.GetOptions{})
	if err != nil {
		return published("ValidatingWebhookConfiguration", err)
	}
	var old []*admissionregistrationv1.WebhookClientConfig
	for i := range c.Webhooks {
		old = append(old, &c.Webhooks[i].ClientConfig)
	}
	if !trust(old, bundle) {
		return nil
	}
	_, err = configurations.Update(ctx, c, metav1.UpdateOptions{})
	return published("ValidatingWebhookConfiguration", err)
}

func (k *Keeper) publishMutating(ctx context.Context, bundle []byte) error {
	configurations := k.client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	c, err := configurations.Get(ctx, k.options.Configuration, metav1.GetOptions{})
	if err != nil {
		return published("MutatingWebhookConfiguration", err)
	}
	var old []*admissionregistrationv1.WebhookClientConfig
	for i := range c.Webhooks {
		old = append(old, &c.Webhooks[i].ClientConfig)
	}
	if !trust(old, bundle) {
		return nil
	}
	_, err = configurations.Update(ctx, c, metav1.UpdateOptions{})
	return published("MutatingWebhookConfiguration", err)
}

// trust puts the authorities into the configurations and tells whether that changed any.
func trust(configs []*admissionregistrationv1.WebhookClientConfig, bundle []byte) (changed bool) {
	for _, c := range configs {
		if !bytes.Equal(c.CABundle, bundle) {
			c.CABundle, changed = bundle, true
		}
	}
	return changed
}

func published(kind string, err error) error {
	if err == nil || apierrors.IsNotFound(err) {
		return nil
	}
	return fmt.Errorf("have the API server trust the certificate: %s: %w", kind, err)
}
