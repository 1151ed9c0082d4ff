package override

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/fedsync/fedsync/fleet"
)

// WarningKind says what is remarkable about an override that is no fault.
type WarningKind string

// The kinds of warnings.
const (
	// UnknownMember: no member of the name is registered. It may join later.
	UnknownMember WarningKind = "UnknownMember"
	// PathMissing: a replace of a field that the template does not have. KubeFed's patches add it.
	PathMissing WarningKind = "PathMissing"
	// NoEffect: the field has the value already.
	NoEffect WarningKind = "NoEffect"
	// Shadowed: a later item for the same member overwrites all of what this one sets.
	Shadowed WarningKind = "Shadowed"
)

// Warning is about an override that does nothing, or something else than it seems to. Copies are what they would be without it.
type Warning struct {
	Kind WarningKind
	// Rule is the field of the federated object that it is about.
	Rule string
	// Member is whom the override is for.
	Member fleet.Name
	// Message says what is remarkable.
	Message string
}

// String returns RULE for MEMBER: MESSAGE.
func (w Warning) String() string { return fmt.Sprintf("%s for %s: %s", w.Rule, w.Member, w.Message) }

// itemWarning is a warning about an item, whoever has it.
type itemWarning struct {
	item    int
	kind    WarningKind
	message string
}

// Warnings returns what is remarkable about the overrides, in the order of their positions. What is a fault of the object is not among it.
// The template is looked at as it is: of an item that works on what an earlier one has made, only that a later one shadows it is told.
func (r *Renderer) Warnings(known func(fleet.Name) bool) []Warning {
	if r.overrides.problem != nil || len(r.overrides.members) == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.remarks == nil {
		r.remarks = r.remark()
	}
	var found []Warning
	for i := range r.remarks {
		if entry := &r.remarks[i]; !known(entry.member) {
			found = append(found, Warning{Kind: UnknownMember, Rule: entry.field + ".clusterName", Member: entry.member, Message: "there is no such member"})
		}
		found = append(found, r.remarks[i].warnings...)
	}
	return found
}

// remarks are what is remarkable about one entry, whoever is registered.
type remarks struct {
	field    string
	member   fleet.Name
	warnings []Warning
}

// remark looks at all entries, in the order of their positions. Items that several members have are looked at once.
func (r *Renderer) remark() []remarks {
	all := make([]remarks, 0, len(r.overrides.members))
	warned := map[string][]itemWarning{}
	template, faulty := base(r.object, r.kind) // of a faulty template nothing is remarkable
	for _, name := range r.membersByPosition() {
		m := r.overrides.members[name]
		entry := remarks{field: fmt.Sprintf("%s[%d]", overridesField, m.index), member: name}
		if m.problem != nil { // which is told elsewhere
			all = append(all, entry)
			continue
		}
		if len(m.items) == 0 {
			entry.warnings = []Warning{{Kind: NoEffect, Rule: entry.field + ".clusterOverrides", Member: name, Message: "it has no items"}}
		}
		if _, done := warned[m.content]; !done && faulty == nil {
			warned[m.content] = remarkable(template, m.items)
		}
		for _, w := range warned[m.content] {
			entry.warnings = append(entry.warnings, Warning{Kind: w.kind, Rule: m.field(w.item), Member: name, Message: w.message})
		}
		all = append(all, entry)
	}
	return all
}

func (r *Renderer) membersByPosition() []fleet.Name {
	names := make([]fleet.Name, 0, len(r.overrides.members))
	for name := range r.overrides.members {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b fleet.Name) int {
		return cmp.Or(cmp.Compare(r.overrides.members[a].index, r.overrides.members[b].index), cmp.Compare(a, b))
	})
	return names
}

// remarkable looks at the items of one member, and changes nothing.
func remarkable(content map[string]any, items []Item) []itemWarning {
	last := map[string]int{} // the position of the item with the path
	for i, item := range items {
		last[item.Path] = i
	}
	var found []itemWarning
	touched := newTouched()
	for i, item := range items {
		switch by, shadowed := shadow(item, i, last, items); {
		case shadowed:
			found = append(found, itemWarning{i, Shadowed, fmt.Sprintf("item %d overwrites all of %q", by, items[by].Path)})
		case !touched.concerns(item.Path):
			if kind, message := judge(content, item); kind != "" {
				found = append(found, itemWarning{i, kind, message})
			}
		}
		touched.add(item.Path)
	}
	return found
}

// shadow returns the later item that writes a map field above the item's path, and whether there is one. Positions in lists move: who
// shadows whom there is not judged.
func shadow(item Item, at int, last map[string]int, items []Item) (by int, shadowed bool) {
	for _, above := range ancestors(item.Path) {
		if i, there := last[above]; there && i > at && !inList(items[i].Path) {
			return i, true
		}
	}
	return 0, false
}

// judge compares an item with what the template has at its path.
func judge(content any, item Item) (WarningKind, string) {
	now, found := LookUp(content, item.Path)
	switch {
	case item.Op == "replace" && !found:
		return PathMissing, fmt.Sprintf("the template has no %q to replace: the override adds it", item.Path)
	case item.Op == "remove", !found, item.Op == "add" && inList(item.Path):
		return "", ""
	}
	var value any
	if decode(item.Value, &value) == nil && reflect.DeepEqual(now, value) {
		return NoEffect, fmt.Sprintf("the template has the same value at %q", item.Path)
	}
	return "", ""
}

// touched knows which paths the items so far may have changed.
type touched struct {
	// paths are theirs, above lie the ancestors of these, and lists are paths of lists whose positions may have moved.
	paths, above, lists map[string]bool
}

func newTouched() touched {
	return touched{paths: map[string]bool{}, above: map[string]bool{}, lists: map[string]bool{}}
}

func (t touched) add(path string) {
	t.paths[path] = true
	for _, above := range ancestors(path) {
		t.above[above] = true
	}
	if at := listPosition(path); at >= 0 {
		t.lists[path[:at]] = true
	}
}

// concerns tells that an earlier item may have changed what is at the path.
func (t touched) concerns(path string) bool {
	if t.paths[path] || t.above[path] || t.lists[path] {
		return true
	}
	return slices.ContainsFunc(ancestors(path), func(above string) bool { return t.paths[above] || t.lists[above] })
}

// ancestors are the paths above a path, the nearest first; the whole object is the empty one.
func ancestors(path string) []string {
	var all []string
	for at := strings.LastIndexByte(path, '/'); at >= 0; at = strings.LastIndexByte(path, '/') {
		path = path[:at]
		all = append(all, path)
	}
	return all
}

// inList tells that a path may lead through a list.
func inList(path string) bool { return listPosition(path) >= 0 }

// listPosition is where the first segment begins, with its slash, that may be a position in a list; -1 if there is none.
func listPosition(path string) int {
	at := 0
	for _, segment := range strings.Split(path, "/")[1:] {
		if _, err := strconv.Atoi(segment); err == nil || segment == "-" {
			return at
		}
		at += len(segment) + 1
	}
	return -1
}
