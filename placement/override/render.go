package override

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/fedsync/fedsync/fleet"
)

// Renderer renders one version of a federated object for any member. It is safe for concurrent use and renders once
// for all members that have the same overrides.
type Renderer struct {
	object    *fleet.FederatedObject
	kind      fleet.Type
	overrides overrides

	mu       sync.Mutex
	rendered map[string]rendering // by the content of the overrides
	remarks  []remarks            // of all entries; nil before anybody asked
}

type rendering struct {
	desired *fleet.Desired
	problem *fleet.Problem
}

// NewRenderer parses the object's overrides. The object must not change afterwards.
func NewRenderer(o *fleet.FederatedObject, t fleet.Type) *Renderer {
	return &Renderer{object: o, kind: t, overrides: parse(o.Overrides), rendered: map[string]rendering{}}
}

// Render returns what the object's copy in the member should be, or the one fault that keeps it from being known.
func (r *Renderer) Render(member fleet.Name) (*fleet.Desired, *fleet.Problem) {
	if r.overrides.problem != nil {
		return nil, r.overrides.problem
	}
	m := r.overrides.members[member]
	if m.problem != nil {
		return nil, m.problem
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	done, ok := r.rendered[m.content]
	if !ok {
		done.desired, done.problem = render(r.object, r.kind, m)
		if done.problem == nil { // a problem names the entry that has it: it is not shared
			r.rendered[m.content] = done
		}
	}
	return done.desired, done.problem
}

// Change is one change that an override makes to the template.
type Change struct {
	// Path is the JSON pointer that is changed.
	Path string
	// Rule is the field of the federated object that changes it.
	Rule string
	// Op is add, remove or replace.
	Op string
}

// Provenance lists what the overrides change for the member, in the order in which they apply.
func (r *Renderer) Provenance(member fleet.Name) []Change {
	m := r.overrides.members[member]
	changes := make([]Change, 0, len(m.items))
	for i, item := range m.items {
		changes = append(changes, Change{Path: item.Path, Op: item.Op, Rule: m.field(i)})
	}
	return changes
}

func (m memberOverrides) field(item int) string {
	return fmt.Sprintf("%s[%d].clusterOverrides[%d]", overridesField, m.index, item)
}

func render(o *fleet.FederatedObject, t fleet.Type, m memberOverrides) (*fleet.Desired, *fleet.Problem) {
	if p, bad := o.ProblemIn("spec.template"); bad {
		return nil, &p
	}
	content, problem := base(o, t)
	if problem != nil {
		return nil, problem
	}
	if len(m.items) > 0 {
		if content, problem = patch(content, m); problem != nil {
			return nil, problem
		}
	}
	if problem = finish(content, o, t.Target); problem != nil {
		return nil, problem
	}
	return seal(content, o.RetainReplicas && !m.setReplicas(), o)
}

// keptMetadata returns the labels and annotations.
func keptMetadata(content any, t fleet.Type) (map[string]any, *fleet.Problem) {
	kept := map[string]any{}
	metadata, isObject := content.(map[string]any)
	if content != nil && !isObject {
		return nil, &fleet.Problem{Field: "spec.template.metadata", Message: "must be an object"}
	}
	fields := []string{"labels", "annotations"}
	if t.DropAnnotations {
		fields = fields[:1]
	}
	for _, field := range fields {
		if value, ok := metadata[field]; ok && value != nil {
			kept[field] = value
		}
	}
	return kept, nil
}

// base decodes the template and leaves of its metadata only labels and annotations: names are the federated object's,
// and everything else would be another object's identity (KubeFed drops finalizers too; owner references to objects of
// the host would make a member's garbage collector delete the copy).
func base(o *fleet.FederatedObject, t fleet.Type) (map[string]any, *fleet.Problem) {
	kind := t.Target
	content := map[string]any{}
	if len(o.Template) > 0 {
		if err := decode(o.Template, &content); err != nil {
			return nil, &fleet.Problem{Field: "spec.template", Message: "must be an object"}
		}
	}
	if content == nil { // the template is null
		content = map[string]any{}
	}
	kept, problem := keptMetadata(content["metadata"], t)
	if problem != nil {
		return nil, problem
	}
	kept["name"] = o.Key.Name
	if kind.Namespaced {
		kept["namespace"] = o.Key.Namespace
	}
	content["metadata"] = kept
	content["kind"] = kind.Kind
	if version, _ := content["apiVersion"].(string); version == "" {
		content["apiVersion"] = kind.APIVersion()
	}
	if status, ok := content["status"]; ok && emptyObject(status) {
		delete(content, "status") // as printed by clients for an object that has none yet
	}
	return content, nil
}

func emptyObject(v any) bool {
	m, isMap := v.(map[string]any)
	return v == nil || isMap && len(m) == 0
}

// finish puts the copy's identity and its mark where overrides may have moved them.
func finish(content map[string]any, o *fleet.FederatedObject, kind fleet.Resource) *fleet.Problem {
	metadata, ok := content["metadata"].(map[string]any)
	if !ok {
		return &fleet.Problem{Field: overridesField, Message: "leave /metadata without an object"}
	}
	// These are preconditions or the server's own: neither template nor override may set them.
	for _, field := range fleet.ServerMetadata() {
		delete(metadata, field)
	}
	delete(metadata, "generateName")
	metadata["name"] = o.Key.Name
	delete(metadata, "namespace")
	if kind.Namespaced {
		metadata["namespace"] = o.Key.Namespace
	}
	content["kind"] = kind.Kind
	version, _ := content["apiVersion"].(string)
	if !inGroup(version, kind) {
		return &fleet.Problem{Field: "spec.template.apiVersion", Message: fmt.Sprintf("%q is not a version of %s's group; leave it out, or write %s", version, kind.Kind, kind.APIVersion())}
	}
	labels, problem := stringMap(metadata, "labels")
	if problem != nil {
		return problem
	}
	labels[fleet.ManagedLabel] = fleet.LabelTrue
	if _, problem = stringMap(metadata, "annotations"); problem != nil {
		return problem
	}
	return nil
}

// inGroup tells that the apiVersion is a plain version of the kind's group. It becomes a part of the request's path: what
// holds dots or further slashes could lead to any other path of the member.
func inGroup(apiVersion string, kind fleet.Resource) bool {
	group, version, grouped := strings.Cut(apiVersion, "/")
	if !grouped {
		group, version = "", apiVersion
	}
	return group == kind.Group && grouped == (kind.Group != "") && len(validation.IsDNS1035Label(version)) == 0
}

// stringMap returns the map in the metadata, making it when it is missing.
func stringMap(metadata map[string]any, field string) (map[string]any, *fleet.Problem) {
	switch value := metadata[field].(type) {
	case nil:
		made := map[string]any{}
		metadata[field] = made
		return made, nil
	case map[string]any:
		return value, nil
	default:
		return nil, &fleet.Problem{Field: "spec.template.metadata." + field, Message: "must be an object of strings"}
	}
}

// seal hashes the content and writes the hash into it.
func seal(content map[string]any, retain bool, o *fleet.FederatedObject) (*fleet.Desired, *fleet.Problem) {
	d := &fleet.Desired{RetainReplicas: retain, Object: content}
	d.APIVersion, _ = content["apiVersion"].(string)
	if spec, ok := content["spec"].(map[string]any); retain && ok {
		d.InitialReplicas = spec["replicas"]
		delete(spec, "replicas")
	}
	metadata, _ := content["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	delete(annotations, fleet.AppliedAnnotation)
	bare, err := json.Marshal(content)
	if err == nil {
		d.Hash = fleet.HashOf(bare)
		annotations[fleet.AppliedAnnotation] = d.Hash.String()
		d.Body, err = json.Marshal(content)
	}
	if err != nil {
		return nil, &fleet.Problem{Field: "spec.template", Message: fmt.Sprintf("%s cannot be written as JSON: %v", o.Key.Name, err)}
	}
	return d, nil
}

// decode keeps numbers as they are written, so that no integer loses digits.
func decode(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(into)
}
