package preview

import (
	"fmt"
	"io"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"sigs.k8s.io/yaml"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/federation/preview"
	"github.com/fedsync/fedsync/fleet"
)

// printer prints a plan for a person.
type printer struct {
	out    io.Writer
	colour cli.Colour
	plan   *computed
	diff   bool
}

// budgetFrom is from how many removals on fedsyncd's budget may hold them back: its default count.
const budgetFrom = 100

func (p *printer) print() {
	n := p.plan.counts()
	var parts []string
	if n.Removed > 0 {
		parts = append(parts, p.colour.Red(fmt.Sprintf("%d REMOVED", n.Removed)))
	}
	parts = append(parts, fmt.Sprintf("%d created", n.Created), fmt.Sprintf("%d changed", n.Changed))
	if n.Refused > 0 {
		parts = append(parts, p.colour.Red(fmt.Sprintf("%d refused", n.Refused)))
	}
	fmt.Fprintln(p.out, "Copies:", strings.Join(parts, ", "))
	if n.Removed > budgetFrom {
		fmt.Fprintln(p.out, p.colour.Yellow("Warning:"), "fedsyncd holds back removals above its budget until somebody lets them go")
	}
	for _, one := range p.plan.proposals {
		p.host(one)
	}
	last := fleet.ObjectKey{}
	for i := range p.plan.results {
		r := &p.plan.results[i]
		if i == 0 || r.Object != last {
			fmt.Fprintf(p.out, "\n%s %s\n", p.colour.Bold(r.Kind.Federated.Kind), name(r.Object))
			last = r.Object
		}
		p.group(r)
	}
}

func name(key fleet.ObjectKey) string {
	if key.Namespace == "" {
		return key.Name
	}
	return key.Namespace + "/" + key.Name
}

// host says what becomes of an object on the host.
func (p *printer) host(one *proposal) {
	fields := one.paths()
	more := ""
	if len(fields) > maxNamed {
		more = fmt.Sprintf(" and %d more", len(fields)-maxNamed)
		fields = fields[:maxNamed]
	}
	text := "Host:   " + one.title() + " " + one.fate()
	if len(fields) > 0 {
		text += ": " + strings.Join(fields, ", ") + more
	}
	fmt.Fprintln(p.out, text)
	if one.kind == nil {
		return
	}
	for _, warning := range p.plan.warnings(one) {
		fmt.Fprintln(p.out, p.colour.Yellow("Warning:"), cli.Clean(warning))
	}
}

func (p *printer) group(r *result) {
	who := membersInWords(r.Members)
	switch {
	case r.refusal() != "":
		fmt.Fprintf(p.out, "  %s %s: would be refused: %s %s\n", p.colour.Red("!"), who, cli.Clean(r.refusal()), r.certainty())
	case r.action() == "release":
		fmt.Fprintf(p.out, "  %s %s: RELEASED, the object stays: %s %s\n", p.colour.Red("-"), who, removalWords(p.plan.reason(r)), r.certainty())
		return
	case r.Removal():
		fmt.Fprintf(p.out, "  %s %s: %s: %s %s\n", p.colour.Red("-"), who, p.colour.Red("REMOVED"), removalWords(p.plan.reason(r)), r.certainty())
		return
	case r.action() == "create":
		fmt.Fprintf(p.out, "  %s %s: created%s %s\n", p.colour.Green("+"), who, overridesInWords(r), r.certainty())
	default:
		taken := ""
		if r.Seen.Foreign {
			taken = ", an object that exists is taken over"
		}
		fmt.Fprintf(p.out, "  %s %s: changed%s%s %s\n", p.colour.Yellow("~"), who, taken, overridesInWords(r), r.certainty())
		if !p.diff {
			p.fields(r.fields())
		}
	}
	if len(r.unknown) > 0 {
		fmt.Fprintf(p.out, "      left out, because the member does not know it: %s\n", strings.Join(r.unknown, ", "))
	}
	if p.diff && r.after != nil {
		p.unified(r)
	}
}

func overridesInWords(r *result) string {
	if len(r.Overrides) == 0 {
		return ""
	}
	var rules []string
	for _, o := range r.Overrides {
		rules = append(rules, o.Path)
	}
	more := ""
	if len(rules) > maxNamed {
		more = fmt.Sprintf(" and %d more", len(rules)-maxNamed)
		rules = rules[:maxNamed]
	}
	return " (override of " + strings.Join(rules, ", ") + more + ")"
}

// maxFields is how many fields of a group are printed.
const maxFields = 10

func (p *printer) fields(fields []preview.Field) {
	for i, f := range fields {
		if i == maxFields {
			fmt.Fprintf(p.out, "      and %d more fields: --diff shows all\n", len(fields)-maxFields)
			return
		}
		fmt.Fprintf(p.out, "      %s: %s -> %s\n", cli.Clean(f.Path), cli.Value(f.Before, maxValue), cli.Value(f.After, maxValue))
	}
}

// maxValue is how many bytes of a value are printed.
const maxValue = 60

func (p *printer) unified(r *result) {
	before, after := text(r.before), text(r.after)
	label := strings.ToLower(r.Kind.Target.Kind) + "/" + r.Object.Name
	for line := range strings.Lines(udiff.Unified(label+" now", label+" then", before, after)) {
		switch line[0] {
		case '+':
			line = p.colour.Green(strings.TrimSuffix(line, "\n")) + "\n"
		case '-':
			line = p.colour.Red(strings.TrimSuffix(line, "\n")) + "\n"
		}
		fmt.Fprint(p.out, "      ", line)
	}
}

func text(o map[string]any) string {
	if o == nil {
		return ""
	}
	body, err := yaml.Marshal(o)
	if err != nil {
		return ""
	}
	return string(body)
}
