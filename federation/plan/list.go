package plan

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// listNode is a node whose children are items of a list. They are indexed, because a list may have thousands of items, and
// to compare each with each child would take minutes.
type listNode struct {
	node

	// values are those of the "v:" children, in their canonical form.
	values map[string]bool
	// keys are the `k:{...}` children, those with equal names together. A schema gives all of them the same names.
	keys []*keySet
}

// keySet are `k:{...}` children with the same names.
type keySet struct {
	names []string // sorted
	items []keyedItem
	// index finds items by their values of some of the names. It is made as needed: most lists need only that of all names.
	index map[string]map[string][]int
}

type keyedItem struct {
	node

	values map[string]string // of each name, in canonical form
	// named tells that an item of the list gives all of the names these values.
	named bool
}

func (n node) coversList(list []any) (field string, covered bool) {
	l := n.indexed()
	for _, item := range list {
		for _, k := range l.keys {
			k.name(item)
		}
	}
	for i, item := range list {
		if field, covered = l.coversItem(item, i); !covered {
			return "[" + strconv.Itoa(i) + "]" + field, false
		}
	}
	return "", true
}

func (n node) indexed() listNode {
	l := listNode{node: n, values: map[string]bool{}}
	byNames := map[string]*keySet{}
	for _, child := range slices.Sorted(maps.Keys(n)) {
		if raw, isValue := strings.CutPrefix(child, "v:"); isValue {
			if value, ok := canonical([]byte(raw)); ok {
				l.values[value] = true
			}
			continue
		}
		raw, isKey := strings.CutPrefix(child, "k:")
		item := keyedItem{node: n[child], values: map[string]string{}}
		if !isKey || !item.parse(raw) {
			continue
		}
		names := slices.Sorted(maps.Keys(item.values))
		id := idOf(names)
		if byNames[id] == nil {
			byNames[id] = &keySet{names: names, index: map[string]map[string][]int{}}
			l.keys = append(l.keys, byNames[id])
		}
		byNames[id].items = append(byNames[id].items, item)
	}
	return l
}

func (k *keyedItem) parse(raw string) bool {
	var values map[string]json.RawMessage
	if json.Unmarshal([]byte(raw), &values) != nil {
		return false
	}
	for name, rawValue := range values {
		value, ok := canonical(rawValue)
		if !ok {
			return false
		}
		k.values[name] = value
	}
	return true
}

// coversItem looks for the list item among the positional, keyed and set children. A key that another item names in full
// is that item's: port 53 without a protocol is not the one that says UDP.
func (l listNode) coversItem(item any, index int) (field string, covered bool) {
	if c, ok := l.node["i:"+strconv.Itoa(index)]; ok {
		field, covered = c.covers(item)
		return below(field), covered
	}
	for _, k := range l.keys {
		matches, full := k.matching(item)
		for _, i := range matches {
			if k.items[i].named && !full {
				continue
			}
			changed, all := k.items[i].covers(item)
			if all {
				return "", true
			}
			if field == "" {
				field = below(changed)
			}
		}
	}
	if field != "" {
		return field, false
	}
	return "", l.hasValue(item)
}

// hasValue compares as decoded JSON, because the server and we may write the same value differently.
func (l listNode) hasValue(item any) bool {
	if len(l.values) == 0 {
		return false
	}
	value, ok := canonicalOf(item)
	return ok && l.values[value]
}

// name marks the children that the list item names in full.
func (k *keySet) name(item any) {
	if matches, full := k.matching(item); full {
		for _, i := range matches {
			k.items[i].named = true
		}
	}
}

// matching returns the children whose key values the list item has, and tells whether it names them all. A key value that
// it leaves out was defaulted by the server, and matches.
func (k *keySet) matching(item any) (matches []int, full bool) {
	object, isMap := item.(map[string]any)
	if !isMap {
		return nil, false
	}
	var names, values []string
	for _, name := range k.names {
		value, given := object[name]
		if !given {
			continue
		}
		c, ok := canonicalOf(value)
		if !ok {
			return nil, false
		}
		names, values = append(names, name), append(values, c)
	}
	return k.by(names)[idOf(values)], len(names) == len(k.names)
}

// by returns the children by their values of the names.
func (k *keySet) by(names []string) map[string][]int {
	id := idOf(names)
	if made, ok := k.index[id]; ok {
		return made
	}
	made := map[string][]int{}
	for i, item := range k.items {
		values := make([]string, 0, len(names))
		for _, name := range names {
			values = append(values, item.values[name])
		}
		key := idOf(values)
		made[key] = append(made[key], i)
	}
	k.index[id] = made
	return made
}

// idOf joins texts so that different lists give different ids.
func idOf(texts []string) string {
	var id strings.Builder
	for _, text := range texts {
		id.WriteString(strconv.Itoa(len(text)))
		id.WriteByte(':')
		id.WriteString(text)
	}
	return id.String()
}

// canonicalOf returns the canonical form of a decoded value.
func canonicalOf(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		if text := `"` + v + `"`; isPlain(text) {
			return text, true
		}
	case json.Number:
		if isPlain(v) {
			return v.String(), true
		}
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return "", false
	}
	return canonical(raw)
}

// canonical writes JSON so that equal values have equal texts: 1 and 1.0 are one value.
func canonical(raw []byte) (string, bool) {
	if isPlain(raw) {
		return string(raw), true
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil || decoder.InputOffset() != int64(len(raw)) {
		return "", false
	}
	written, err := json.Marshal(withPlainNumbers(value))
	return string(written), err == nil
}

// isPlain tells that the JSON is its canonical form already, as nearly all keys of lists are: a string of ASCII that nothing is
// escaped in, or a natural number.
func isPlain[T ~string | ~[]byte](raw T) bool {
	last := len(raw) - 1
	if last < 1 || raw[0] != '"' {
		return isNatural(raw)
	}
	for i := 1; i < last; i++ {
		switch c := raw[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return raw[last] == '"'
}

// isNatural tells that the JSON is an integer without a sign that has few enough digits for an int64.
func isNatural[T ~string | ~[]byte](raw T) bool {
	const maxDigits = 18
	if len(raw) == 0 || len(raw) > maxDigits || raw[0] == '0' && len(raw) > 1 {
		return false
	}
	for i := range len(raw) {
		if raw[i] < '0' || raw[i] > '9' {
			return false
		}
	}
	return true
}

func withPlainNumbers(value any) any {
	switch v := value.(type) {
	case json.Number:
		return plainNumber(v)
	case map[string]any:
		for key := range v {
			v[key] = withPlainNumbers(v[key])
		}
	case []any:
		for i := range v {
			v[i] = withPlainNumbers(v[i])
		}
	}
	return value
}

// plainNumber reads a number as the API server does: an int64 if it is written as one, else a float64. What is neither
// stays as it is written.
func plainNumber(n json.Number) any {
	if i, err := n.Int64(); err == nil {
		return i
	}
	f, err := n.Float64()
	if err != nil {
		return n
	}
	if f == math.Trunc(f) && math.Abs(f) < 1<<63 {
		return int64(f)
	}
	return f
}
