package provenance

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement/override"
)

// Fields returns the fields of the copy, sorted by where they stand: maps by key, lists in their order. Its status is left out.
func Fields(in Input) []Field {
	w := &walker{in: in, secret: in.Desired.Object["kind"] == "Secret"}
	live := in.Live
	if live == nil {
		live = in.Desired.Object
	}
	place := place{live: live, hasLive: true, declared: in.Desired.Object, isDeclared: true, holdings: holdingsOf(in.Live)}
	w.visitMap(place)
	return w.found
}

// place is where the walk stands: the same place in the copy as it is and as it should be.
type place struct {
	path, pointer       string // pointer is the JSON pointer in the declared object
	live, declared      any
	hasLive, isDeclared bool
	holdings            []holding
}

type walker struct {
	in     Input
	secret bool
	found  []Field
}

func (w *walker) visitMap(p place) {
	live, _ := p.live.(map[string]any)
	declared, _ := p.declared.(map[string]any)
	keys := maps.Clone(live)
	if keys == nil {
		keys = map[string]any{}
	}
	maps.Copy(keys, declared)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if p.path == "" && key == "status" || p.path == "metadata" && slices.Contains(fleet.ServerMetadata(), key) {
			continue
		}
		next := place{path: join(p.path, key), pointer: p.pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)}
		next.live, next.hasLive = live[key], has(live, key)
		next.declared, next.isDeclared = declared[key], has(declared, key) && declared[key] != nil
		next.holdings = below(p.holdings, key)
		w.visit(next)
	}
}

func has(m map[string]any, key string) bool {
	_, there := m[key]
	return there
}

func join(path, key string) string {
	switch {
	case path == "":
		return key
	case strings.ContainsAny(key, "./[] "):
		return path + "[" + key + "]"
	}
	return path + "." + key
}

// visit goes down to the leaves: what is no map or list, or an empty one.
func (w *walker) visit(p place) {
	liveMap, isMap := p.live.(map[string]any)
	liveList, isList := p.live.([]any)
	declaredMap, declaresMap := p.declared.(map[string]any)
	declaredList, declaresList := p.declared.([]any)
	switch {
	case isMap && len(liveMap) > 0, !p.hasLive && declaresMap && len(declaredMap) > 0:
		w.visitMap(p)
	case isList && len(liveList) > 0, !p.hasLive && declaresList && len(declaredList) > 0:
		w.visitList(p, liveList, declaredList)
	default:
		w.found = append(w.found, w.leaf(p))
	}
}

func (w *walker) visitList(p place, live, declared []any) {
	met := map[int]bool{}
	for i, value := range live {
		holdings, keys := item(p.holdings, live, i)
		next := place{path: fmt.Sprintf("%s[%s]", p.path, label(keys, value, i)), live: value, hasLive: p.hasLive, holdings: holdings}
		if at := counterpart(declared, keys, value, i); at >= 0 && !met[at] {
			met[at] = true
			next.declared, next.isDeclared, next.pointer = declared[at], true, fmt.Sprintf("%s/%d", p.pointer, at)
		}
		w.visit(next)
	}
	for i, value := range declared {
		if !met[i] {
			w.visit(place{path: fmt.Sprintf("%s[%s]", p.path, label(nil, value, i)), pointer: fmt.Sprintf("%s/%d", p.pointer, i), declared: value, isDeclared: true})
		}
	}
}

// leaf says where a field comes from.
func (w *walker) leaf(p place) Field {
	f := Field{Path: p.path, Value: w.veiled(p.path, p.live)}
	ours := false
	for _, h := range p.holdings {
		if h.owner.Manager == w.in.Manager && h.owner.Operation == "Apply" && h.owner.Subresource == "" {
			ours = true
		} else if owns(h) {
			f.Owners = append(f.Owners, h.owner)
		}
	}
	switch {
	case isFederations(p.path):
		f.Origin = FromFederation
	case p.isDeclared && !p.hasLive:
		f.Origin, f.Value = Missing, w.veiled(p.path, p.declared)
		w.source(&f, p)
	case p.isDeclared && w.in.Live != nil && !sameJSON(p.live, p.declared) && !ours:
		f.Origin, f.Declared = Drifted, w.veiled(p.path, p.declared)
		w.source(&f, p)
	case p.isDeclared:
		f.Origin = FromTemplate
		w.source(&f, p)
	case p.path == "spec.replicas" && w.in.Desired.RetainReplicas:
		f.Origin, f.Note = FromMember, "spec.retainReplicas leaves it to the member"
	case ours:
		f.Origin, f.Note = Leaving, "it is not declared any more"
	case len(f.Owners) > 0:
		f.Origin = FromMember
	default:
		f.Origin = FromServer
	}
	return f
}

// owns tells that a holding is of the place itself, and not only of something that was below it.
func owns(h holding) bool {
	_, self := h.node["."]
	return len(h.node) == 0 || self
}

// isFederations tells that a field is the copy's identity or mark.
func isFederations(path string) bool {
	switch path {
	case "apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.labels[" + fleet.ManagedLabel + "]", "metadata.annotations[" + fleet.AppliedAnnotation + "]":
		return true
	}
	return false
}

// source names what declares the field: the last override at or above it, or the template.
func (w *walker) source(f *Field, p place) {
	f.Rule = "spec.template"
	for _, o := range w.in.Overrides {
		if o.Path != p.pointer && !strings.HasPrefix(p.pointer, o.Path+"/") && !appended(o.Path, p.pointer) {
			continue
		}
		f.Rule = o.Rule + " (" + o.Op + " " + o.Path + ")"
		if f.Origin == FromTemplate {
			f.Origin = FromOverride
		}
		if had, found := override.LookUp(w.in.Template, p.pointer); found {
			f.Template = w.veiled(p.path, had)
		}
	}
}

// appended tells that an override which appends to a list may have made what the pointer leads to.
func appended(path, pointer string) bool {
	list, last := strings.CutSuffix(path, "/-")
	return last && strings.HasPrefix(pointer, list+"/")
}

// hidden stands for what is not told.
const hidden = "(hidden)"

// veiled hides the content of Secrets.
func (w *walker) veiled(path string, value any) any {
	if w.secret && value != nil && (strings.HasPrefix(path, "data.") || strings.HasPrefix(path, "data[") || strings.HasPrefix(path, "stringData") || strings.Contains(path, "last-applied-configuration")) {
		return hidden
	}
	return value
}
