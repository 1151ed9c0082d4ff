package preview

import (
	"maps"
	"slices"

	"github.com/fedsync/fedsync/federation/preview"
	"github.com/fedsync/fedsync/fleet"
)

// schemaVersion of what -o json prints. It grows when a field changes its meaning or goes; new fields may come at any time.
const schemaVersion = 1

// Plan is what -o json and -o yaml print.
type Plan struct {
	SchemaVersion int `json:"schemaVersion"`
	// Hash names the plan for `apply --plan`.
	Hash   string `json:"hash"`
	Copies counts `json:"copies"`
	// Host are the objects that would change on the host, in the order of the files.
	Host []HostObject `json:"host"`
	// Objects are the federated objects whose copies would change, sorted.
	Objects []PlannedObject `json:"objects"`
	// DryRuns is how many dry runs members were asked for.
	DryRuns int64 `json:"dryRuns"`
}

// HostObject is what would become of an object on the host.
type HostObject struct {
	Object    string `json:"object"`
	Namespace string `json:"namespace,omitempty"`
	Source    string `json:"source"`
	// Then is created, changed, unchanged or deleted.
	Then string `json:"then"`
	// Fields are the paths that would change. Their values are not told.
	Fields   []string `json:"fields,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

// PlannedObject is a federated object with what would become of its copies.
type PlannedObject struct {
	Type      string         `json:"type"`
	Kind      string         `json:"kind"`
	Namespace string         `json:"namespace,omitempty"`
	Name      string         `json:"name"`
	Groups    []PlannedGroup `json:"groups"`
}

// PlannedGroup are members in which the same would become of the copy.
type PlannedGroup struct {
	// Action is create, change, remove, release or none.
	Action string `json:"action"`
	// Reason is why, in one word.
	Reason  string       `json:"reason"`
	Members []fleet.Name `json:"members"`
	// Certainty is exact, predicted or unknown; Why says why it is not exact.
	Certainty string `json:"certainty"`
	Why       string `json:"why,omitempty"`
	// Asked are the members whose API server was asked.
	Asked []fleet.Name `json:"asked,omitempty"`
	// Refused says that and why the member would refuse it.
	Refused string `json:"refused,omitempty"`
	// UnknownFields would be left out of the copy, because the member does not know them.
	UnknownFields []string `json:"unknownFields,omitempty"`
	// Fields are what would change in the copy; values of Secrets are keyed hashes.
	Fields []preview.Field `json:"fields,omitempty"`
	// Overrides are the fields of the federated object that make the copy differ from the template.
	Overrides []string `json:"overrides,omitempty"`
}

func (c *computed) schema() *Plan {
	p := &Plan{SchemaVersion: schemaVersion, Hash: c.read.Hash(), Copies: c.counts(), Host: []HostObject{}, Objects: []PlannedObject{}, DryRuns: c.dryRuns}
	for _, one := range c.proposals {
		h := HostObject{Object: one.title(), Namespace: one.proposed.GetNamespace(), Source: one.source, Then: one.fate(), Fields: one.paths()}
		if one.kind != nil {
			h.Warnings = c.warnings(one)
		}
		p.Host = append(p.Host, h)
	}
	byKey := map[fleet.ObjectKey]*PlannedObject{}
	for i := range c.results {
		r := &c.results[i]
		o := byKey[r.Object]
		if o == nil {
			o = &PlannedObject{Type: string(r.Object.Type), Kind: r.Kind.Federated.Kind, Namespace: r.Object.Namespace, Name: r.Object.Name}
			byKey[r.Object] = o
		}
		o.Groups = append(o.Groups, c.plannedGroup(r))
	}
	for _, key := range slices.SortedFunc(maps.Keys(byKey), func(a, b fleet.ObjectKey) int { return compareText(a.String(), b.String()) }) {
		p.Objects = append(p.Objects, *byKey[key])
	}
	return p
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (c *computed) plannedGroup(r *result) PlannedGroup {
	g := PlannedGroup{
		Action: r.action(), Reason: c.reason(r), Members: r.Members, Certainty: string(r.Certainty), Why: r.Why, Asked: r.asked, Refused: r.refusal(), UnknownFields: r.unknown,
	}
	if !r.Removal() {
		g.Fields = r.fields()
	}
	for _, o := range r.Overrides {
		g.Overrides = append(g.Overrides, o.Rule+": "+o.Op+" "+o.Path)
	}
	return g
}
