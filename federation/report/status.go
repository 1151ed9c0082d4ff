package report

import (
	"encoding/json"
	"slices"
	"time"

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
}

// Published is what is remembered of the status that the host stores: enough to know whether another one says the same.
type Published struct {
	// Content is the hash of all but the times; Bare is the hash without the messages too, which KubeFed's CRDs drop.
	Content, Bare fleet.Hash
	// Condition is the stored Propagation condition.
	Condition Condition
}

// Digest reduces a status to what is remembered of it.
func Digest(s Status) Published {
	p := Published{}
	if i := slices.IndexFunc(s.Conditions, func(c Condition) bool { return c.Type == ConditionPropagation }); i >= 0 {
		p.Condition = s.Conditions[i]
	}
	timeless := Status{ObservedGeneration: s.ObservedGeneration, Clusters: slices.Clone(s.Clusters)}
	for _, c := range s.Conditions {
		c.LastUpdateTime, c.LastTransitionTime = "", ""
		timeless.Conditions = append(timeless.Conditions, c)
	}
	p.Content = contentHash(timeless)
	for i := range timeless.Conditions {
		timeless.Conditions[i].Message = ""
	}
	for i := range timeless.Clusters {
		timeless.Clusters[i].Message = ""
	}
	p.Bare = contentHash(timeless)
	return p
}

func contentHash(s Status) fleet.Hash {
	b, err := json.Marshal(s)
	if err != nil { // strings and integers always marshal
		return fleet.Hash{}
	}
	return fleet.HashOf(b)
}

// stamp gives the condition its times: those of the stored one as far as it says the same.
func stamp(c Condition, before Published, sameContent bool, now time.Time) Condition {
	at := now.UTC().Format(time.RFC3339)
	c.LastUpdateTime, c.LastTransitionTime = at, at
	if before.Condition.Status == c.Status && before.Condition.Reason == c.Reason && before.Condition.LastTransitionTime != "" {
		c.LastTransitionTime = before.Condition.LastTransitionTime
		if sameContent {
			c.LastUpdateTime = before.Condition.LastUpdateTime
		}
	}
	return c
}
