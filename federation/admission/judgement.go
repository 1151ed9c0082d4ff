package admission

import (
	"fmt"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/fedsync/fedsync/fleet"
)

// Judgement is what is thought of an object.
type Judgement struct {
	// Malformed says why the object cannot be read at all; empty if it can.
	Malformed string
	// Faults are reasons to refuse the object, as FIELD: MESSAGE.
	Faults []string
	// Warnings are for the author to read; the object is stored all the same.
	Warnings []string
}

// faultsOf says the faults in KubeFed's words and order, each once.
func faultsOf(list field.ErrorList) (faults []string) {
	for _, fault := range list {
		if len(faults) >= mostKept {
			break
		}
		if said := fault.Error(); !slices.Contains(faults, said) {
			faults = append(faults, said)
		}
	}
	return faults
}

// malformed is the judgement about what cannot be read.
func malformed(kind string, err error) Judgement {
	return Judgement{Malformed: fmt.Sprintf("read %s: %v", kind, err)}
}

// with returns the judgement with one more fault, unless it is there: a template's are found when it is read and when it is rendered.
func (j Judgement) with(p fleet.Problem) Judgement {
	if len(j.Faults) >= mostKept {
		return j
	}
	if said := p.String(); !slices.Contains(j.Faults, said) {
		j.Faults = append(j.Faults, said)
	}
	return j
}

// mostKept is how many faults are looked for: nobody reads more, and an author may make a hundred thousand.
const mostKept = 100

// Without returns the judgement without the faults that the other one, of the object as it was, has too, in whatever place of a list.
func (j Judgement) Without(before Judgement) Judgement {
	old := map[string]int{}
	for _, fault := range before.Faults {
		old[anywhere(fault)]++
	}
	j.Faults = slices.DeleteFunc(slices.Clone(j.Faults), func(fault string) bool {
		old[anywhere(fault)]--
		return old[anywhere(fault)] >= 0
	})
	return j
}

// position is one in a list.
var position = regexp.MustCompile(`\[[0-9]+\]`)

func anywhere(fault string) string { return position.ReplaceAllString(fault, "[]") }

// Within returns the judgement with at most that many faults and that many warnings, and a line that counts the others.
func (j Judgement) Within(most int) Judgement {
	j.Faults, j.Warnings = cut(j.Faults, most), cut(j.Warnings, most)
	return j
}

func cut(lines []string, most int) []string {
	if len(lines) <= most {
		return lines
	}
	return append(slices.Clone(lines[:most]), fmt.Sprintf("and %d more", len(lines)-most))
}

// Lenient turns faults into warnings.
func (j Judgement) Lenient() Judgement {
	j.Warnings, j.Faults = slices.Concat(j.Faults, j.Warnings), nil
	return j
}
