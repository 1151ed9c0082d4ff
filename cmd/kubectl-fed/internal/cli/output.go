package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/yaml"
)

// Output is the value of -o.
type Output struct {
	// Format is empty for a table.
	Format string

	allowed []string
}

// AddFlag adds -o with the formats that the command knows, out of json, yaml, wide and name.
func (o *Output) AddFlag(f *pflag.FlagSet, formats ...string) {
	o.allowed = formats
	f.StringVarP(&o.Format, "output", "o", "", "output format: "+strings.Join(formats, ", "))
}

// Validate refuses a format that the command does not know.
func (o *Output) Validate() error {
	if o.Format == "" || slices.Contains(o.allowed, o.Format) {
		return nil
	}
	return Next(fmt.Errorf("there is no output format %q", o.Format), "-o takes %s", strings.Join(o.allowed, ", "))
}

// Structured tells that objects are wanted and not a table.
func (o *Output) Structured() bool { return o.Format == "json" || o.Format == "yaml" }

// Wide tells that a table with all columns is wanted.
func (o *Output) Wide() bool { return o.Format == "wide" }

// Print writes a value as JSON or YAML.
func (o *Output) Print(out io.Writer, value any) error {
	if o.Format == "yaml" {
		body, err := yaml.Marshal(value)
		if err != nil {
			return fmt.Errorf("write as YAML: %w", err)
		}
		_, err = out.Write(body)
		return err
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "    ")
	e.SetEscapeHTML(false)
	return e.Encode(value)
}

// WriteDocuments writes values as a YAML stream, a document each.
func WriteDocuments[T any](out io.Writer, values []T) error {
	for _, value := range values {
		body, err := yaml.Marshal(value)
		if err != nil {
			return fmt.Errorf("write as YAML: %w", err)
		}
		if _, err := fmt.Fprintf(out, "---\n%s", body); err != nil {
			return err
		}
	}
	return nil
}

// Value writes a value as JSON on one line, cut to the given number of bytes; 0 means all of it. What is not there is "(none)".
func Value(v any, limit int) string {
	if v == nil {
		return "(none)"
	}
	body, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return Shortened(Clean(string(body)), limit)
}

// Shortened cuts a text to the given number of bytes, without breaking a character; 0 means all of it.
func Shortened(text string, limit int) string {
	if limit == 0 || len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "..."
}

// Table writes rows below their headings, as kubectl does. A cell is one line: line breaks in it are shown as spaces, and
// characters that steer a terminal as question marks, for a member may say anything.
func Table(out io.Writer, headings []string, rows [][]string) error {
	w := printers.GetNewTabWriter(out)
	fmt.Fprintln(w, strings.Join(headings, "\t"))
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = Clean(cell)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

// Clean makes a text that comes from a cluster safe to show on one line of a terminal.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case r < ' ', r == 0x7f, r >= 0x80 && r < 0xa0:
			return '?'
		default:
			return r
		}
	}, text)
}

// IsTerminal tells that a stream is a terminal which may be coloured and redrawn.
func IsTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd()))
}

// Colour marks text where the stream is a terminal and NO_COLOR is not set.
type Colour struct{ on bool }

// ColourFor returns the colours for a stream.
func ColourFor(stream any) Colour {
	return Colour{on: IsTerminal(stream) && os.Getenv("NO_COLOR") == ""}
}

// Red is for what goes or is wrong.
func (c Colour) Red(text string) string { return c.with("31", text) }

// Green is for what comes or is well.
func (c Colour) Green(text string) string { return c.with("32", text) }

// Yellow is for what changes or waits.
func (c Colour) Yellow(text string) string { return c.with("33", text) }

// Bold is for headings.
func (c Colour) Bold(text string) string { return c.with("1", text) }

func (c Colour) with(code, text string) string {
	if !c.on {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
