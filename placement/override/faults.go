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
	for _, name := range r.membersByPosition() {
		m := r.overrides.members[name]
		for i, item := range m.items {
			if item.Path != "" && item.Path[0] != '/' {
				tell(&fleet.Problem{Field: m.field(i) + ".path", Message: fmt.Sprintf("path %q must start with / (RFC 6901): what is before the first / is not looked at", item.Path)})
			}
		}
		_, problem := r.Render(name)
		tell(problem)
	}
	return found
}
