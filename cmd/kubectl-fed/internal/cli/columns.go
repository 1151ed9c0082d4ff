package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Columns writes a table row by row, as rows come: columns are as wide as what was written in them so far.
type Columns struct {
	out      io.Writer
	headings []string
	widths   []int
}

// NewColumns returns a table without rows. The headings are written with the first row.
func NewColumns(out io.Writer, headings []string) *Columns {
	return &Columns{out: out, headings: headings}
}

const columnGap = 3

// Write writes a row.
func (c *Columns) Write(row []string) error {
	if c.widths == nil {
		c.widths = make([]int, len(c.headings))
		c.widen(row)
		if err := c.line(c.headings); err != nil {
			return err
		}
	}
	return c.line(row)
}

func (c *Columns) widen(row []string) {
	for i := range c.widths {
		c.widths[i] = max(c.widths[i], utf8.RuneCountInString(row[i]))
	}
}

func (c *Columns) line(row []string) error {
	c.widen(row)
	var text strings.Builder
	for i, cell := range row {
		cell = Clean(cell)
		text.WriteString(cell)
		if i < len(row)-1 {
			text.WriteString(strings.Repeat(" ", c.widths[i]-utf8.RuneCountInString(cell)+columnGap))
		}
	}
	_, err := fmt.Fprintln(c.out, text.String())
	return err
}
