package override

import (
	"encoding/json"
	"fmt"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"

	"github.com/fedsync/fedsync/fleet"
)

// patch applies all items as one patch, as KubeFed does. The library reads and writes the whole object for each patch, so
// an object of many items would take minutes if each were one.
func patch(content map[string]any, m memberOverrides) (map[string]any, *fleet.Problem) {
	doc, err := json.Marshal(content)
	if err != nil {
		return nil, &fleet.Problem{Field: "spec.template", Message: err.Error()}
	}
	made, err := apply(doc, m.items)
	if err != nil {
		i, err := firstFault(doc, m.items, err)
		return nil, &fleet.Problem{Field: m.field(i), Message: fmt.Sprintf("%s %q: %v", m.items[i].Op, m.items[i].Path, err)}
	}
	patched := map[string]any{}
	if err := decode(made, &patched); err != nil || patched == nil {
		return nil, &fleet.Problem{Field: m.field(len(m.items) - 1), Message: "leaves no object"}
	}
	return patched, nil
}

// firstFault returns the item that the given fault of all items comes from, and its fault: the last item of the shortest
// list that cannot be applied.
func firstFault(doc []byte, items []Item, fault error) (int, error) {
	fine, faulty := 0, len(items)
	for faulty-fine > 1 {
		middle := (fine + faulty) / 2
		if _, err := apply(doc, items[:middle]); err != nil {
			faulty, fault = middle, err
		} else {
			fine = middle
		}
	}
	return faulty - 1, fault
}

// apply turns a panic of the library into an error: kubefed#1466 was a process lost to a negative index.
func apply(doc []byte, items []Item) (patched []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			patched, err = nil, fmt.Errorf("cannot be applied: %v", r)
		}
	}()
	raw, err := json.Marshal(items)
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
