package explain

import (
	"encoding/json"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/federation/provenance"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
)

// Explanation is what -o json and -o yaml print.
type Explanation struct {
	SchemaVersion int    `json:"schemaVersion"`
	Kind          string `json:"kind"`
	Namespace     string `json:"namespace,omitempty"`
	Name          string `json:"name"`
	Member        string `json:"member"`
	// Selected is yes, no or unknown; Reason is placement's word for why.
	Selected string `json:"selected"`
	Reason   string `json:"reason"`
	// Placement says why in a sentence; Terms are those of the selector that decided, if one did.
	Placement string            `json:"placement"`
	Terms     []provenance.Term `json:"terms,omitempty"`
	// Health is what the KubeFedCluster says of the member.
	Health string `json:"health"`
	// State is the word of the status for this member, "InStep" if it has none; Message is what it says.
	State   string `json:"state"`
	Message string `json:"message,omitempty"`
	// Source is member if the copy was read there, or host with Why it was not.
	Source   string             `json:"source"`
	Why      string             `json:"why,omitempty"`
	Warnings []string           `json:"warnings,omitempty"`
	Fields   []provenance.Field `json:"fields"`
}

// schemaVersion of what -o json prints.
const schemaVersion = 1

// selection says whether and why a member is selected.
type selection struct {
	verdict placement.Verdict
	// object and namespace are what was decided from; namespace is nil if it has no say.
	object, namespace *control.Object
	member            fleet.Member
}

func (s *selection) selected() string {
	switch s.verdict.Choice {
	case placement.Chosen:
		return "yes"
	case placement.Excluded:
		return "no"
	default:
		return "unknown"
	}
}

// sentence says why, and returns the terms of the selector that decided.
func (s *selection) sentence() (string, []provenance.Term) {
	terms := func(o *control.Object) []provenance.Term { return termsOf(o, s.member) }
	switch s.verdict.Reason {
	case placement.Listed:
		return "spec.placement.clusters lists the member", nil
	case placement.Selected:
		return "spec.placement.clusterSelector matches the labels of the member", terms(s.object)
	case placement.NotListed:
		return "spec.placement.clusters does not list the member", nil
	case placement.NotSelected:
		if s.object.Placement.Selector == nil {
			return "spec.placement has neither clusters nor clusterSelector, which selects nobody", nil
		}
		return "spec.placement.clusterSelector does not match the labels of the member", terms(s.object)
	case placement.NamespaceExcludes:
		return s.namespaceSentence()
	case placement.NamespaceDeleting:
		return "the FederatedNamespace is being deleted, and what is in it goes with it", nil
	case placement.NamespaceNotFederated:
		return fmt.Sprintf("there is no FederatedNamespace %s: nothing is placed or removed", s.object.Key.Namespace), nil
	case placement.MemberDrained:
		return "the member is drained: everything but namespaces moves off it", nil
	case placement.PlacementInvalid:
		if p, bad := s.object.ProblemIn("spec.placement"); bad {
			return p.String() + ": nothing is placed or removed", nil
		}
		return "the placement of the FederatedNamespace cannot be read: nothing is placed or removed", nil
	}
	return string(s.verdict.Reason), nil
}

func (s *selection) namespaceSentence() (string, []provenance.Term) {
	ns := s.namespace
	switch {
	case ns.Placement.Listed:
		return fmt.Sprintf("spec.placement.clusters of FederatedNamespace %s does not list the member", ns.Key.Name), nil
	case ns.Placement.Selector == nil:
		return fmt.Sprintf("spec.placement of FederatedNamespace %s has neither clusters nor clusterSelector", ns.Key.Name), nil
	}
	return fmt.Sprintf("spec.placement.clusterSelector of FederatedNamespace %s does not match the labels of the member", ns.Key.Name), termsOf(ns, s.member)
}

// termsOf takes the object's selector apart.
func termsOf(o *control.Object, m fleet.Member) []provenance.Term {
	var spec struct {
		Placement struct {
			ClusterSelector metav1.LabelSelector `json:"clusterSelector"`
		} `json:"placement"`
	}
	if json.Unmarshal(o.Stored.Spec, &spec) != nil {
		return nil
	}
	return provenance.Terms(&spec.Placement.ClusterSelector, m.Labels)
}

// stateOf returns the word and message of the status for a member.
func stateOf(o *control.Object, m fleet.Name) (word, message string) {
	for i := range o.Status.Clusters {
		entry := &o.Status.Clusters[i]
		if entry.Name != m {
			continue
		}
		if entry.Status == report.ClusterOK {
			return "InStep", entry.Message
		}
		return entry.Status, entry.Message
	}
	return "NoCopy", ""
}

// origin says in words where a field comes from.
func origin(f *provenance.Field, ago func(provenance.Owner) string) string {
	owners := make([]string, 0, len(f.Owners))
	for _, o := range f.Owners {
		owners = append(owners, fmt.Sprintf("%q (%s%s)", o.Manager, strings.ToLower(o.Operation), ago(o)))
	}
	by := strings.Join(owners, ", ")
	switch f.Origin {
	case provenance.FromTemplate:
		return "template"
	case provenance.FromOverride:
		if f.Template == nil {
			return f.Rule + "; the template has none"
		}
		return f.Rule + "; the template has " + cli.Value(f.Template, 0)
	case provenance.FromFederation:
		return "fedsync"
	case provenance.FromMember:
		return with("the member", by, f.Note)
	case provenance.FromServer:
		return "default of the API server"
	case provenance.Missing:
		return "MISSING in the copy; declared by " + f.Rule
	case provenance.Drifted:
		return with("CHANGED in the member", by, "declared "+cli.Value(f.Declared, 0)+" by "+f.Rule)
	case provenance.Leaving:
		return with("fedsync", "", f.Note)
	}
	return string(f.Origin)
}

func with(what, by, note string) string {
	if by != "" {
		what += " by " + by
	}
	if note != "" {
		what += ": " + note
	}
	return what
}
