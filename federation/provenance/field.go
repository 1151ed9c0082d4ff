package provenance

import (
	"time"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement/override"
)

// Origin says where a field comes from.
type Origin string

// The origins.
const (
	// FromTemplate: spec.template has it.
	FromTemplate Origin = "template"
	// FromOverride: an override for the member set it.
	FromOverride Origin = "override"
	// FromFederation: it is the copy's identity or mark.
	FromFederation Origin = "federation"
	// FromMember: somebody else than fedsync set it in the member, and nobody declares it.
	FromMember Origin = "member"
	// FromServer: nobody set it: the member's API server fills it in, by its defaults or by allocating it.
	FromServer Origin = "server"
	// Missing: it is declared, and the copy lacks it.
	Missing Origin = "missing"
	// Drifted: it is declared, and the copy has another value.
	Drifted Origin = "drifted"
	// Leaving: fedsync set it, and it is declared no more.
	Leaving Origin = "leaving"
)

// Owner is a field manager that owns a field.
type Owner struct {
	Manager string `json:"manager"`
	// Operation is Apply or Update.
	Operation string `json:"operation"`
	// Subresource is where it wrote, empty for the object itself.
	Subresource string `json:"subresource,omitempty"`
	// Since is when it last wrote any of its fields, zero if that is not stored.
	Since time.Time `json:"since,omitzero"`
}

// Field is a field of a copy.
type Field struct {
	// Path is such as spec.template.spec.containers[name=web].image.
	Path string `json:"path"`
	// Value is what the copy has, or should have if it was not looked at.
	Value any `json:"value,omitempty"`
	// Declared is what it should be, where the copy has something else.
	Declared any    `json:"declared,omitempty"`
	Origin   Origin `json:"origin"`
	// Rule is the field of the federated object that it comes from, with the operation of an override.
	Rule string `json:"rule,omitempty"`
	// Template is what the template has, where an override changed it.
	Template any `json:"template,omitempty"`
	// Owners are those who own the field in the member beside fedsync, or instead of it.
	Owners []Owner `json:"owners,omitempty"`
	// Note says more, or is empty.
	Note string `json:"note,omitempty"`
}

// Input is what is known of a copy.
type Input struct {
	// Desired is the copy as it should be.
	Desired *fleet.Desired
	// Overrides are those for the member, in their order.
	Overrides []override.Change
	// Template is spec.template, decoded.
	Template map[string]any
	// Live is the copy as it is, decoded, with managedFields; nil if it was not looked at or does not exist.
	Live map[string]any
	// Manager is the name under which fedsync writes.
	Manager string
}
