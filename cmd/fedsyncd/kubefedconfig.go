package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"
	"sigs.k8s.io/yaml"

	"github.com/fedsync/fedsync/federation/host"
)

// startConfig is the configuration at the start.
type startConfig struct {
	host.Config

	// watched tells that the host serves KubeFedConfigs, so that changes can be followed.
	watched bool
}

// loadConfig reads the KubeFedConfig from the file that was given, or else from the host. A faulty one on the host is
// waited for: a start with guessed settings could take over objects that it must not touch.
func loadConfig(ctx context.Context, config *rest.Config, scheme *runtime.Scheme, c *Config, log logr.Logger) (*startConfig, error) {
	if c.KubeFedConfig != "" {
		return readConfig(c, log)
	}
	reader, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("connect to the host: %w", err)
	}
	for pause := time.Second; ; pause = min(2*pause, 10*time.Second) {
		loaded, err := fetchConfig(ctx, reader, c.Namespace, log)
		if err == nil {
			return loaded, nil
		}
		log.Info("the KubeFedConfig cannot be used, nothing is started", "namespace", c.Namespace, "name", host.ConfigName, "reason", err.Error(), "retryAfter", pause.String())
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

func readConfig(c *Config, log logr.Logger) (*startConfig, error) {
	raw, err := os.ReadFile(c.KubeFedConfig)
	if err != nil {
		return nil, fmt.Errorf("read KubeFedConfig: %w", err)
	}
	stored := &fedv1b1.KubeFedConfig{}
	if err := yaml.UnmarshalStrict(raw, stored); err != nil {
		return nil, fmt.Errorf("read KubeFedConfig %q: %w", c.KubeFedConfig, err)
	}
	decoded, err := host.DecodeConfig(stored)
	if err != nil {
		return nil, fmt.Errorf("read KubeFedConfig %q: %w", c.KubeFedConfig, err)
	}
	log.Info("using KubeFedConfig of a file, which is not watched", "file", c.KubeFedConfig)
	return &startConfig{Config: decoded}, nil
}

func fetchConfig(ctx context.Context, reader client.Client, namespace string, log logr.Logger) (*startConfig, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	stored := &fedv1b1.KubeFedConfig{}
	err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: host.ConfigName}, stored)
	switch {
	case meta.IsNoMatchError(err):
		log.Info("the host serves no KubeFedConfigs: using the defaults")
		return &startConfig{Config: host.DefaultConfig()}, nil
	case apierrors.IsNotFound(err):
		log.Info("there is no KubeFedConfig: using the defaults", "namespace", namespace, "name", host.ConfigName)
		return &startConfig{Config: host.DefaultConfig(), watched: true}, nil
	case err != nil:
		return nil, err
	}
	decoded, err := host.DecodeConfig(stored)
	if err != nil {
		return nil, err
	}
	log.Info(fmt.Sprintf("Using valid KubeFedConfig %q", namespace+"/"+host.ConfigName)) // KubeFed's words, which scripts wait for
	return &startConfig{Config: decoded, watched: true}, nil
}
