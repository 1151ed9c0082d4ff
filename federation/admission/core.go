package admission

import (
	"encoding/json"
	"errors"
	"fmt"

	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"
	"sigs.k8s.io/kubefed/pkg/apis/core/v1beta1/defaults"

	"github.com/fedsync/fedsync/federation/host"
)

// Cluster judges a KubeFedCluster, or its status alone.
func Cluster(raw []byte, status bool) Judgement {
	cluster := &fedv1b1.KubeFedCluster{}
	if err := json.Unmarshal(raw, cluster); err != nil {
		return malformed("KubeFedCluster", err)
	}
	if status {
		return Judgement{Faults: faultsOf(clusterStatus(&cluster.Status))}
	}
	return Judgement{Faults: faultsOf(clusterSpec(&cluster.Spec))}
}

// TypeConfig judges a FederatedTypeConfig, or its status alone. What KubeFed accepts and no daemon can use is warned of.
func TypeConfig(raw []byte, status bool) Judgement {
	config := &fedv1b1.FederatedTypeConfig{}
	if err := json.Unmarshal(raw, config); err != nil {
		return malformed("FederatedTypeConfig", err)
	}
	if status {
		return Judgement{Faults: faultsOf(typeStatus(&config.Status))}
	}
	j := Judgement{Faults: faultsOf(typeSpec(config))}
	if len(j.Faults) > 0 {
		return j
	}
	if _, err := host.DecodeType(config); err != nil {
		j.Warnings = []string{err.Error()}
	}
	return j
}

// Config judges a KubeFedConfig; before is the one that it replaces, empty if it is new. What it leaves out is no fault: it has a default.
func Config(raw, before []byte) Judgement {
	config := &fedv1b1.KubeFedConfig{}
	if err := json.Unmarshal(raw, config); err != nil {
		return malformed("KubeFedConfig", err)
	}
	j := Judgement{}
	if _, err := host.DecodeConfig(config); err != nil {
		j.Faults = eachOf(err)
	}
	if was := scopeOf(before); was != "" && string(config.Spec.Scope) != was {
		j.Faults = append(j.Faults, fmt.Sprintf("spec.scope: is %s and may not be changed: every object would have to be decided about anew", was))
	}
	return j
}

// scopeOf reads nothing else: what cannot be read of a KubeFedConfig as it was must not keep anybody from correcting it.
func scopeOf(raw []byte) string {
	var config struct {
		Spec struct {
			Scope string `json:"scope"`
		} `json:"spec"`
	}
	if json.Unmarshal(raw, &config) != nil {
		return ""
	}
	return config.Spec.Scope
}

// eachOf returns the texts of errors that were joined.
func eachOf(err error) (texts []string) {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []string{err.Error()}
	}
	for _, e := range joined.Unwrap() {
		texts = append(texts, e.Error())
	}
	return texts
}

// Defaults returns the spec of a KubeFedConfig with KubeFed's defaults for what it leaves out, as JSON.
func Defaults(raw []byte) (spec []byte, j Judgement) {
	config := &fedv1b1.KubeFedConfig{}
	if err := json.Unmarshal(raw, config); err != nil {
		return nil, malformed("KubeFedConfig", err)
	}
	defaults.SetDefaultKubeFedConfig(config)
	spec, err := json.Marshal(config.Spec)
	if err != nil {
		return nil, malformed("KubeFedConfig", err)
	}
	return spec, Judgement{}
}
