package override

import (
	"encoding/json"
	"fmt"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"

	"github.com/fedsync/fedsync/fleet"
)

// patch applies the items one by one, so that a fault names the item that has it.
func patch(content map[string]any, m memberOverrides) (map[string]any, *fleet.Problem) {
	doc, err := json.Marshal(content)
	if err != nil {
		return nil, &fleet.Problem{Field: "spec.template", Message: err.Error()}
	}
	for i, item := range m.items {
		if doc, err = patchOne(doc, item); err != nil {
			return nil, &fleet.Problem{Field: m.field(i), Message: fmt.Sprintf("%s %q: %v", item.Op, item.Path, err)}
		}
	}
	patched := map[string]any{}
	if err := decode(doc, &patched); err != nil || patched == nil {
		return nil, &fleet.Problem{Field: m.field(len(m.items) - 1), Message: "leaves no object"}
	}
	return patched, nil
}

// patchOne turns a panic of the library into an error: kubefed#1466 was a process lost to a negative index.
func patchOne(doc []byte, item Item) (patched []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			patched, err = nil, fmt.Errorf("cannot be applied: %v", r)
		}
	}()
	raw, err := json.Marshal([]Item{item})
	if err != nil {
		return nil, err
	}
	p, err := jsonpatch.DecodePatch(raw)
	if err != nil {
		return nil, err
	}
	return p.Apply(doc)
}

// setReplicas tells whether an override sets spec.replicas: it then wins over the value in the member.
func (m memberOverrides) setReplicas() bool {
	for _, item := range m.items {
		if item.Path == "" || item.Path == "/spec" || item.Path == "/spec/replicas" {
			return true
		}
	}
	return false
}
