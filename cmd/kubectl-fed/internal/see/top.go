package see

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/spf13/cobra"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
)

// refreshEvery is how long a picture of the fleet stays on the screen.
const refreshEvery = 2 * time.Second

func topCommand(g *cli.Global) *cobra.Command {
	return &cobra.Command{
		Use:     "top",
		Short:   "Watch the whole federation on a live screen",
		Long:    "Watch the whole federation on a live screen. Tab changes between members, types, namespaces and what is wrong; s sorts by what is out of step; q ends it.",
		Example: "  kubectl fed top",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !cli.IsTerminal(g.Out) || !cli.IsTerminal(g.In) {
				return cli.Next(errors.New("top needs a terminal"), "`%s status` prints the same once", g.Program)
			}
			return top(c.Context(), g)
		},
	}
}

func top(ctx context.Context, g *cli.Global) error {
	plane, err := g.Plane()
	if err != nil {
		return err
	}
	quiet := *g
	quiet.ErrOut = new(bytes.Buffer) // progress would draw over the screen
	look := func() tea.Msg {
		members, w, err := gather(ctx, &quiet, plane, "")
		if err != nil {
			return picture{err: err}
		}
		f := tally(w.types)
		f.Members = count(members)
		return picture{fleet: f, members: members, at: g.Clock.Now()}
	}
	_, err = tea.NewProgram(screen{look: look}, tea.WithContext(ctx), tea.WithInput(g.In), tea.WithOutput(g.Out)).Run()
	if errors.Is(err, tea.ErrInterrupted) || ctx.Err() != nil { // which is how a person ends it
		err = nil
	}
	return err
}

// picture is the fleet at one moment.
type picture struct {
	fleet   *Fleet
	members []Member
	at      time.Time
	err     error
}

// again asks for the next picture.
type again struct{}

// views are what tab goes through.
func views() []string { return []string{"members", "types", "namespaces", "troubles"} }

// screen is the model: what is shown, and how. It is a value, as the library wants it.
type screen struct {
	look    tea.Cmd
	picture picture
	view    int
	worst   bool // what is out of step comes first
	height  int
}

// Init implements tea.Model.
func (s screen) Init() tea.Cmd { return s.look }

// Update implements tea.Model.
//
//nolint:ireturn // the library wants its interface
func (s screen) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case picture:
		if msg.err != nil { // the last picture stays, and the fault is told beside it
			s.picture.err = msg.err
		} else {
			s.picture = msg
		}
		return s, tea.Tick(refreshEvery, func(time.Time) tea.Msg { return again{} })
	case again:
		return s, s.look
	case tea.WindowSizeMsg:
		s.height = msg.Height
	case tea.KeyPressMsg:
		switch msg.String() {
		case "q", "ctrl+c", "esc":
			return s, tea.Quit
		case "tab", "right":
			s.view = (s.view + 1) % len(views())
		case "shift+tab", "left":
			s.view = (s.view + len(views()) - 1) % len(views())
		case "s":
			s.worst = !s.worst
		}
	}
	return s, nil
}

// View implements tea.Model.
func (s screen) View() tea.View {
	v := tea.NewView(s.content())
	v.AltScreen = true
	return v
}

func (s screen) content() string {
	if s.picture.fleet == nil {
		if s.picture.err != nil {
			return cli.Clean(s.picture.err.Error()) + "\n\nq ends this\n"
		}
		return "reading the host ...\n"
	}
	var out bytes.Buffer
	f := s.picture.fleet
	fmt.Fprintln(&out, "Members: ", membersInWords(f.Members))
	fmt.Fprintf(&out, "Objects:  %d of %d as declared, %d changed and not looked at yet\n", f.AsDeclared, f.Objects, f.Unseen)
	fmt.Fprintln(&out, "Copies:  ", copiesInWords(f.Copies))
	if f.Oldest != nil {
		fmt.Fprintf(&out, "Oldest:   %s, for %s: %s\n", f.Oldest.Object, age(s.picture.at, f.Oldest.Since), cli.Clean(f.Oldest.Why))
	}
	if s.picture.err != nil {
		fmt.Fprintln(&out, "The host does not answer:", cli.Clean(s.picture.err.Error()))
	}
	fmt.Fprintf(&out, "\n%s   tab: next   s: sort   q: quit\n\n", s.tabs())
	headings, rows := s.table()
	_ = cli.Table(&out, headings, rows) // a buffer takes everything
	return s.cut(out.String())
}

func (s screen) tabs() string {
	var tabs []string
	for i, name := range views() {
		if i == s.view {
			name = "[" + name + "]"
		}
		tabs = append(tabs, name)
	}
	return strings.Join(tabs, " ")
}

// table returns what the view shows.
func (s screen) table() (headings []string, rows [][]string) {
	f := s.picture.fleet
	switch views()[s.view] {
	case "types":
		return s.parts("TYPE", f.Types)
	case "namespaces":
		return s.parts("NAMESPACE", f.Namespaces)
	case "troubles":
		for _, t := range f.Troubles {
			rows = append(rows, []string{t.Word, fmt.Sprint(t.Count), t.First, t.Next})
		}
		return []string{"NOT AS DECLARED", "COUNT", "FIRST", "NEXT"}, rows
	}
	members := slices.Clone(s.picture.members)
	if s.worst {
		slices.SortStableFunc(members, func(a, b Member) int { return out(&b.Copies) - out(&a.Copies) })
	}
	for i := range members {
		rows = append(rows, members[i].row(false, s.picture.at))
	}
	return memberHeadings(false), rows
}

func (s screen) parts(heading string, parts []Part) (headings []string, rows [][]string) {
	parts = slices.Clone(parts)
	if s.worst {
		slices.SortStableFunc(parts, func(a, b Part) int { return out(&b.Copies) - out(&a.Copies) })
	}
	for _, p := range parts {
		c := p.Copies
		rows = append(rows, []string{
			p.Name, fmt.Sprintf("%d/%d", p.AsDeclared, p.Objects), fmt.Sprintf("%d/%d", c.InStep, c.Total()),
			fmt.Sprint(c.Pending), fmt.Sprint(c.Removing), fmt.Sprint(c.Unreachable), fmt.Sprint(c.Failed),
		})
	}
	return []string{heading, "OBJECTS", "COPIES", "PENDING", "REMOVING", "UNREACHABLE", "FAILED"}, rows
}

// out is how many copies are out of step.
func out(t *Tally) int { return t.Total() - t.InStep }

// cut leaves out what does not fit, and says so.
func (s screen) cut(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if s.height < 3 || len(lines) < s.height {
		return text
	}
	left := len(lines) - (s.height - 2)
	return strings.Join(append(lines[:s.height-2], fmt.Sprintf("... and %d more", left)), "\n")
}
