package report

import (
	"bytes"
	"crypto/md5" //nolint:gosec // KubeFed's choice; nothing depends on its strength
	"encoding/hex"
	"encoding/json"
	"fmt"

	kubejson "k8s.io/apimachinery/pkg/util/json"

	"github.com/fedsync/fedsync/fleet"
)

// Versions is the status of a PropagatedVersion: what KubeFed remembers of the copies that it wrote. Hashes and versions are
// those that KubeFed v0.10 would write, so that it takes over without writing one copy.
type Versions struct {
	TemplateVersion  string           `json:"templateVersion"`
	OverridesVersion string           `json:"overridesVersion"`
	ClusterVersions  []ClusterVersion `json:"clusterVersions"`
}

// ClusterVersion is the version of the copy in one member.
type ClusterVersion struct {
	ClusterName fleet.Name `json:"clusterName"`
	Version     string     `json:"version"`
}

// HashDeclaration fills in the hashes of what the object declares. An error means that KubeFed could not read it either.
func HashDeclaration(o *fleet.FederatedObject) (Versions, error) {
	v := Versions{ClusterVersions: []ClusterVersion{}}
	if len(o.Template) > 0 {
		var template map[string]any
		if err := kubejson.Unmarshal(o.Template, &template); err != nil {
			return v, fmt.Errorf("read template: %w", err)
		}
		v.TemplateVersion = md5Of(template)
	}
	var items []overrideItem
	if len(o.Overrides) > 0 {
		if err := json.Unmarshal(o.Overrides, &items); err != nil {
			return v, fmt.Errorf("read overrides: %w", err)
		}
	}
	v.OverridesVersion = md5Of(map[string]any{"overrides": items})
	return v, nil
}

// overrideItem has KubeFed's fields in KubeFed's order, which the hash depends on.
type overrideItem struct {
	ClusterName      string          `json:"clusterName"`
	ClusterOverrides []overridePatch `json:"clusterOverrides,omitempty"`
}

type overridePatch struct {
	Op    string `json:"op,omitempty"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// md5Of hashes what [json.Encoder] writes: sorted keys, HTML escaped, with a line feed.
func md5Of(content any) string {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(content); err != nil {
		return "" // decoded JSON always encodes
	}
	sum := md5.Sum(b.Bytes()) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

// VersionOf names the state of a copy as KubeFed does: by its generation, or by its resource version where the API server
// counts no generations.
func VersionOf(o fleet.Observed) string {
	if o.Generation != 0 {
		return fmt.Sprintf("gen:%d", o.Generation)
	}
	return "rv:" + o.ResourceVersion
}
