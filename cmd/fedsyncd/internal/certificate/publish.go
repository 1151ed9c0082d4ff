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
	validating := k.client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	mutating := k.client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	return errors.Join(
		publishIn(ctx, validating, k.options.Configuration, bundle, func(c *admissionregistrationv1.ValidatingWebhookConfiguration) (all []*admissionregistrationv1.WebhookClientConfig) {
			for i := range c.Webhooks {
				all = append(all, &c.Webhooks[i].ClientConfig)
			}
			return all
		}),
		publishIn(ctx, mutating, k.options.Configuration, bundle, func(c *admissionregistrationv1.MutatingWebhookConfiguration) (all []*admissionregistrationv1.WebhookClientConfig) {
			for i := range c.Webhooks {
				all = append(all, &c.Webhooks[i].ClientConfig)
			}
			return all
		}),
	)
}

// configurations are those of one kind.
type configurations[T any] interface {
	Get(ctx context.Context, name string, o metav1.GetOptions) (*T, error)
	Update(ctx context.Context, c *T, o metav1.UpdateOptions) (*T, error)
}

func publishIn[T any](ctx context.Context, all configurations[T], name string, bundle []byte, clients func(*T) []*admissionregistrationv1.WebhookClientConfig) error {
	c, err := all.Get(ctx, name, metav1.GetOptions{})
	if err == nil && trust(clients(c), bundle) {
		_, err = all.Update(ctx, c, metav1.UpdateOptions{})
	}
	if err == nil || apierrors.IsNotFound(err) {
		return nil
	}
	return fmt.Errorf("have the API server trust the certificate in %T %q: %w", c, name, err)
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
