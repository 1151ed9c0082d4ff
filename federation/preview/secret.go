package preview

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
)

// Veil replaces the content of Secrets by hashes with a key: equal values give equal hashes, and nobody without the key can try out
// which value it was.
type Veil struct{ key []byte }

// NewVeil returns a veil with the key, which must not be known to those who see the hashes.
func NewVeil(key []byte) Veil { return Veil{key: slices.Clone(key)} }

// Cover returns an object as it may be shown. Everything in a Secret but its metadata and type is covered, and kubectl's record of what
// was applied.
func (v Veil) Cover(o map[string]any) map[string]any {
	if o["kind"] != "Secret" {
		return o
	}
	shown := maps.Clone(o)
	for _, field := range []string{"data", "stringData"} {
		values, ok := o[field].(map[string]any)
		if !ok {
			continue
		}
		covered := make(map[string]any, len(values))
		for key, value := range values {
			covered[key] = v.hash(field, value)
		}
		shown[field] = covered
	}
	metadata, ok := o["metadata"].(map[string]any)
	if !ok {
		return shown
	}
	metadata = maps.Clone(metadata)
	if annotations, ok := metadata["annotations"].(map[string]any); ok {
		annotations = maps.Clone(annotations)
		for key, value := range annotations {
			if key == "kubectl.kubernetes.io/last-applied-configuration" {
				annotations[key] = v.hash("annotation", value)
			}
		}
		metadata["annotations"] = annotations
	}
	shown["metadata"] = metadata
	return shown
}

// hash gives data and stringData of the same content the same hash.
func (v Veil) hash(field string, value any) string {
	content, err := json.Marshal(value)
	if err != nil {
		return "hidden"
	}
	if text, isText := value.(string); isText {
		content = []byte(text)
		if decoded, err := base64.StdEncoding.DecodeString(text); field == "data" && err == nil {
			content = decoded
		}
	}
	mac := hmac.New(sha256.New, v.key)
	mac.Write(content)
	return "hidden:" + hex.EncodeToString(mac.Sum(nil)[:6])
}
