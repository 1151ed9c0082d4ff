package report

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	kubejson "k8s.io/apimachinery/pkg/util/json"

	"github.com/fedsync/fedsync/fleet"
)

// Status is the status of a federated object as it is stored on the host.
type Status struct {
	ObservedGeneration int64       `json:"observedGeneration,omitempty"`
	Conditions         []Condition `json:"conditions,omitempty"`
	Clusters           []Cluster   `json:"clusters,omitempty"`
}

// Condition is KubeFed's condition with a message. A CRD made by KubeFed has no field for the message and drops it.
type Condition struct {
	Type               string `json:"type"`
	Status             string `json:"status"`
	Reason             string `json:"reason,omitempty"`
	Message            string `json:"message,omitempty"`
	LastUpdateTime     string `json:"lastUpdateTime,omitempty"`
	LastTransitionTime string `json:"lastTransitionTime,omitempty"`
}

// Cluster is the entry of one member.
type Cluster struct {
	Name    fleet.Name `json:"name"`
	Status  string     `json:"status,omitempty"`
	Message string     `json:"message,omitempty"`
	// RemoteStatus is the status of the copy, of types that have it collected.
	RemoteStatus json.RawMessage `json:"remoteStatus,omitempty"`
}

// Published is what is remembered of the status that the host stores: enough to know whether another one says the same.
type Published struct {
	// Content is the hash of all but the times; Bare is the hash without the messages and the remote status too, which CRDs
	// made by KubeFed, or by an old one, drop.
	Content, Bare fleet.Hash
	// Condition is the stored Propagation condition.
	Condition Condition
	// Overrides is the stored condition about overrides, nil if there is none.
	Overrides *Condition
	// ObservedGeneration is the generation that the status speaks of.
	ObservedGeneration int64
	// Trouble is what the status says is not in step.
	Trouble Trouble
}

// Digest reduces a status to what is remembered of it.
func Digest(s Status) Published {
	p := Published{ObservedGeneration: s.ObservedGeneration, Trouble: TroubleIn(s)}
	if i := slices.IndexFunc(s.Conditions, func(c Condition) bool { return c.Type == ConditionPropagation }); i >= 0 {
		p.Condition = s.Conditions[i]
	}
	if i := slices.IndexFunc(s.Conditions, func(c Condition) bool { return c.Type == ConditionOverrides }); i >= 0 {
		stored := s.Conditions[i]
		p.Overrides = &stored
	}
	timeless := timelessOf(s)
	p.Content = contentHash(timeless)
	for i := range timeless.Conditions {
		timeless.Conditions[i].Message = ""
	}
	for i := range timeless.Clusters {
		timeless.Clusters[i].Message, timeless.Clusters[i].RemoteStatus = "", nil
	}
	p.Bare = contentHash(timeless)
	return p
}

// timelessOf returns a copy of the status without its times, equal content in equal bytes.
func timelessOf(s Status) Status {
	timeless := Status{ObservedGeneration: s.ObservedGeneration, Clusters: slices.Clone(s.Clusters), Conditions: slices.Clone(s.Conditions)}
	for i := range timeless.Clusters {
		timeless.Clusters[i].RemoteStatus = canonical(timeless.Clusters[i].RemoteStatus)
	}
	for i := range timeless.Conditions {
		timeless.Conditions[i].LastUpdateTime, timeless.Conditions[i].LastTransitionTime = "", ""
	}
	return timeless
}

// canonical makes equal content equal bytes: keys sorted, and no nulls, which a merge patch drops.
func canonical(content json.RawMessage) json.RawMessage {
	if len(content) == 0 {
		return nil
	}
	var decoded any
	if kubejson.Unmarshal(content, &decoded) != nil {
		return content
	}
	made, err := json.Marshal(withoutNulls(decoded))
	if err != nil { // what was decoded always encodes
		return content
	}
	return made
}

func withoutNulls(content any) any {
	switch content := content.(type) {
	case map[string]any:
		maps.DeleteFunc(content, func(_ string, v any) bool { return v == nil })
		for k, v := range content {
			content[k] = withoutNulls(v)
		}
	case []any:
		for i, v := range content {
			content[i] = withoutNulls(v)
		}
	}
	return content
}

func contentHash(s Status) fleet.Hash {
	b, err := json.Marshal(s)
	if err != nil { // strings and integers always marshal
		return fleet.Hash{}
	}
	return fleet.HashOf(b)
}

// stamp gives the condition its times: those of the stored one as far as it says the same.
func stamp(c, before Condition, sameContent bool, now time.Time) Condition {
	at := now.UTC().Format(time.RFC3339)
	c.LastUpdateTime, c.LastTransitionTime = at, at
	if before.Status == c.Status && before.Reason == c.Reason && before.LastTransitionTime != "" {
		c.LastTransitionTime = before.LastTransitionTime
		if sameContent {
			c.LastUpdateTime = before.LastUpdateTime
		}
	}
	return c
}
