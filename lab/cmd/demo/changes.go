package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

var (
	configMaps          = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	federatedConfigMaps = schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedconfigmaps"}
)

const (
	namespace   = "demo"
	greeting    = "greeting"
	settleLimit = 30 * time.Second
	look        = 2 * time.Millisecond
)

// edit changes a key that no member overrides, and waits until every member has it and the status says so.
func (d *demo) edit(ctx context.Context) error {
	began := time.Now()
	edited, err := patch(ctx, d.host.Resource(federatedConfigMaps), `{"spec":{"template":{"data":{"edited":"now"}}}}`)
	if err != nil {
		return err
	}
	for _, name := range d.names() {
		if err := until(ctx, "the edit is in "+name, func() (bool, error) {
			value, err := d.value(ctx, name, "edited")
			return value == "now", err
		}); err != nil {
			return err
		}
		d.sayf("%s has it after %s", name, took(began))
	}
	err = until(ctx, "the status tells the edit", func() (bool, error) {
		o, err := d.host.Resource(federatedConfigMaps).Namespace(namespace).Get(ctx, greeting, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		s := statusOf(o)
		return s.ObservedGeneration >= edited.GetGeneration() && s.inStep(), nil
	})
	if err != nil {
		return err
	}
	d.sayf("its status says so after %s", took(began))
	return nil
}

// drift changes a declared value in a member, and waits until it is back.
func (d *demo) drift(ctx context.Context) error {
	const member, key = "member1", "region"
	declared, err := d.value(ctx, member, key)
	if err != nil {
		return err
	}
	began := time.Now()
	if _, err := patch(ctx, d.member[member].Resource(configMaps), fmt.Sprintf(`{"data":{%q:"changed behind its back"}}`, key)); err != nil {
		return err
	}
	if err := until(ctx, "the change is undone", func() (bool, error) {
		value, err := d.value(ctx, member, key)
		return value == declared, err
	}); err != nil {
		return err
	}
	d.sayf("%s: data.%s is %q again after %s", member, key, declared, took(began))
	return nil
}

func patch(ctx context.Context, r dynamic.NamespaceableResourceInterface, body string) (*unstructured.Unstructured, error) {
	return r.Namespace(namespace).Patch(ctx, greeting, types.MergePatchType, []byte(body), metav1.PatchOptions{FieldManager: "a-person"})
}

// value returns a key of ConfigMap greeting in a member.
func (d *demo) value(ctx context.Context, member, key string) (string, error) {
	o, err := d.member[member].Resource(configMaps).Namespace(namespace).Get(ctx, greeting, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	value, _, err := unstructured.NestedString(o.Object, "data", key)
	return value, err
}

// until looks again and again until something is true.
func until(ctx context.Context, what string, isTrue func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		done, err := isTrue()
		if err != nil || done {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}
