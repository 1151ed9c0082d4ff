package override

import (
	"strconv"
	"strings"
)

// LookUp returns what a JSON pointer leads to in decoded JSON, and whether there is anything.
func LookUp(content any, path string) (any, bool) {
	if path == "" {
		return content, true
	}
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for _, segment := range strings.Split(path, "/")[1:] {
		switch node := content.(type) {
		case map[string]any:
			next, ok := node[unescape.Replace(segment)]
			if !ok {
				return nil, false
			}
			content = next
		case []any:
			i, err := strconv.Atoi(segment)
			if err != nil || i < 0 || i >= len(node) {
				return nil, false
			}
			content = node[i]
		default:
			return nil, false
		}
	}
	return content, true
}
