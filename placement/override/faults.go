package override

import (
	"fmt"

	"github.com/fedsync/fedsync/fleet"
)

// Faults returns what keeps copies from being known, in the order of its positions: faults of the template, and of overrides for
// whomever they are, registered or not. Each is told once. A path that is no JSON pointer is among them: KubeFed's patches read something out
// of it, and so do ours, which is hardly what the author meant.
func (r *Renderer) Faults() []fleet.Problem {
	if r.overrides.problem != nil {
		return []fleet.Problem{*r.overrides.problem}
	}
	var found []fleet.Problem
	told := map[fleet.Problem]bool{}
	tell := func(p *fleet.Problem) {
		if p != nil && !told[*p] {
			told[*p] = true
			found = append(found, *p)
		}
	}
	_, problem := r.Render("") // nobody's name: the template as it is
	tell(problem)
	spent := 0
	for _, name := range r.membersByPosition() {
		m := r.overrides.members[name]
		for i, item := range m.items {
			if item.Path != "" && item.Path[0] != '/' {
				tell(&fleet.Problem{Field: m.field(i) + ".path", Message: fmt.Sprintf("path %q must start with / (RFC 6901): what is before the first / is not looked at", item.Path)})
			}
		}
		if m.problem != nil {
			tell(m.problem)
			continue
		}
		if spent += len(r.object.Template) + len(m.content); spent <= mostRendered {
			_, problem := r.Render(name)
			tell(problem)
		}
	}
	return found
}

// mostRendered bounds what is rendered to find faults, in bytes: thousands of overrides for nobody of a large template would take minutes. What
// is not looked at is told by the status of the members that have it.
const mostRendered = 16 << 20
