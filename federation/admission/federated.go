package admission

import (
	"encoding/json"
	"fmt"

	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/federation/resolve"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement/override"
)

// World is what a federated object is judged by, besides itself.
type World struct {
	Settings resolve.Settings
	// Type is the object's, and Off tells that its propagation is switched off.
	Type fleet.Type
	Off  bool
	// Running tells that somebody works on objects of the type, and will take the finalizer off again.
	Running bool
	// Members are those that are registered.
	Members fleet.Snapshot
}

// Federated judges a federated object. Faults keep copies from being what the author wants, or from being at all.
func (w World) Federated(sent []byte) Judgement {
	o, err := w.decode(sent)
	if err != nil {
		return malformed(w.Type.Federated.Kind, err)
	}
	j := Judgement{}
	for _, p := range o.Problems {
		j = j.with(p)
	}
	j = w.judgeClusters(sent, o, j)
	renderer := override.NewRenderer(o, w.Type)
	for _, p := range renderer.Faults() {
		j = j.with(p)
	}
	for _, warning := range renderer.Warnings(w.known) {
		j.Warnings = append(j.Warnings, warning.String())
	}
	if why := w.whyIdle(o.Key); why != "" {
		j.Warnings = append(j.Warnings, "nothing is made of it: "+why)
	}
	return j
}

// Holds tells that a new federated object gets the finalizer at once: copies will be made of it.
func (w World) Holds(sent []byte) bool {
	o, err := w.decode(sent)
	return err == nil && w.Running && !o.Held && !o.Deleting && w.whyIdle(o.Key) == ""
}

func (w World) decode(sent []byte) (*fleet.FederatedObject, error) {
	decoded := &raw.Object{}
	if err := json.Unmarshal(sent, decoded); err != nil {
		return nil, err
	}
	o, _ := host.Decode(w.Type.Name, decoded)
	return o, nil
}

// judgeClusters looks at the names of a placement. A name that is given twice is a slip of the pen, one that nobody has may be a typo.
func (w World) judgeClusters(sent []byte, o *fleet.FederatedObject, j Judgement) Judgement {
	if !o.Placement.Listed {
		return j
	}
	var object struct {
		Spec struct {
			Placement struct {
				Clusters []struct {
					Name fleet.Name `json:"name"`
				} `json:"clusters"`
			} `json:"placement"`
		} `json:"spec"`
	}
	if json.Unmarshal(sent, &object) != nil { // which is a fault of its own
		return j
	}
	first := map[fleet.Name]int{}
	for i, c := range object.Spec.Placement.Clusters {
		field := fmt.Sprintf("spec.placement.clusters[%d].name", i)
		at, twice := first[c.Name]
		switch {
		case c.Name == "":
		case twice:
			j = j.with(fleet.Problem{Field: field, Message: fmt.Sprintf("cluster %q is listed already, in spec.placement.clusters[%d]", c.Name, at)})
		default:
			first[c.Name] = i
			if !w.known(c.Name) {
				j.Warnings = append(j.Warnings, fmt.Sprintf("%s: there is no member %q", field, c.Name))
			}
		}
	}
	return j
}

func (w World) known(name fleet.Name) bool {
	_, known := w.Members.Member(name)
	return known
}

// whyIdle says why no copies are made of an object, empty if they are.
func (w World) whyIdle(key fleet.ObjectKey) string {
	switch {
	case w.Off:
		return fmt.Sprintf("propagation of %s is switched off in its FederatedTypeConfig", w.Type.Name)
	case !w.Settings.Ignored(w.Type, key):
		return ""
	case w.Settings.Limited:
		return fmt.Sprintf("the control plane is limited to namespace %q", w.Settings.Namespace)
	case w.Settings.System(key.Name):
		return fmt.Sprintf("namespace %q is a system namespace", key.Name)
	default:
		return "it must lie in the namespace that it names"
	}
}
