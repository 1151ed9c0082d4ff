package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// Tree is a line with lines below it.
type Tree struct {
	Text  string
	Below []*Tree
}

// Add puts a line below and returns it.
func (t *Tree) Add(format string, args ...any) *Tree {
	below := &Tree{Text: fmt.Sprintf(format, args...)}
	t.Below = append(t.Below, below)
	return below
}

// branches are the strokes that a tree is drawn with.
type branches struct{ middle, last, pass, empty string }

// Draw writes the tree, with plain characters where the locale is not UTF-8.
func (t *Tree) Draw(out io.Writer) {
	b := branches{"|- ", "`- ", "|  ", "   "}
	if isUTF8() {
		b = branches{"├─ ", "└─ ", "│  ", "   "}
	}
	fmt.Fprintln(out, t.Text)
	t.draw(out, b, "")
}

func (t *Tree) draw(out io.Writer, b branches, indent string) {
	for i, below := range t.Below {
		stroke, further := b.middle, b.pass
		if i == len(t.Below)-1 {
			stroke, further = b.last, b.empty
		}
		fmt.Fprintln(out, indent+stroke+below.Text)
		below.draw(out, b, indent+further)
	}
}

func isUTF8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := os.Getenv(name); value != "" {
			upper := strings.ToUpper(value)
			return strings.Contains(upper, "UTF-8") || strings.Contains(upper, "UTF8")
		}
	}
	return false
}
