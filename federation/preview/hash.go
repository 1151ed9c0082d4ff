package preview

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/fedsync/fedsync/fleet"
)

// Read is what a plan was made from, piece by piece: what each piece is called, and what it was. Two plans that read the same, and
// propose the same, do the same.
type Read map[string]string

// Note adds a piece. Its content is kept as a hash.
func (r Read) Note(name string, content any) {
	body, err := json.Marshal(content)
	if err != nil {
		body = fmt.Append(nil, content)
	}
	r[name] = fleet.HashOf(body).String()
}

// NoteWorld adds all that the world decides by.
func (r Read) NoteWorld(w *World) {
	for key, o := range w.Objects {
		r.Note(o.Kind.Federated.Kind+" "+key.String(), objectContent(o.FederatedObject))
	}
	for namespace, o := range w.Namespaces {
		r.Note("FederatedNamespace "+namespace, objectContent(o))
	}
	for _, m := range w.Members.Members() {
		r.Note("member "+string(m.Name), []any{m.Labels, m.UID, m.Cordoned, m.Drained})
	}
	r.Note("settings", w.Settings)
}

func objectContent(o *fleet.FederatedObject) []any {
	return []any{o.UID, o.Generation, o.Deleting, o.Orphan, o.DeleteOptions, o.RetainReplicas, string(o.Template), string(o.Overrides), o.Placement.Clusters, fmt.Sprint(o.Placement.Selector)}
}

// NoteSeen adds what was seen of a copy.
func (r Read) NoteSeen(key fleet.ObjectKey, m fleet.Name, s Seen) {
	o := s.Observed
	r.Note(fmt.Sprintf("copy %s in %s", key, m), []any{s.Known, s.Present, s.Foreign, s.NamespaceAbsent, o.UID, o.Applied.String(), o.Owned.FieldsV1(), o.OptedOut, o.Deleting})
}

// hashLength is how many hexadecimal digits name a plan.
const hashLength = 16

// Hash names a plan: what it read, and what it proposes.
func (r Read) Hash() string {
	pieces := make([][2]string, 0, len(r))
	for _, name := range slices.Sorted(maps.Keys(r)) {
		pieces = append(pieces, [2]string{name, r[name]})
	}
	body, err := json.Marshal(pieces)
	if err != nil { // strings always marshal
		return ""
	}
	sum := fleet.HashOf(body)
	return hex.EncodeToString(sum[:])[:hashLength]
}
