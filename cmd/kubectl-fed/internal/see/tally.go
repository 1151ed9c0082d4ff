package see

import (
	"cmp"
	"slices"
	"time"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// Tally counts copies by how they stand.
type Tally struct {
	InStep      int `json:"inStep"`
	Pending     int `json:"pending"`
	Removing    int `json:"removing"`
	Unreachable int `json:"unreachable"`
	Failed      int `json:"failed"`
}

// Total is the number of all copies.
func (t *Tally) Total() int { return t.InStep + t.Pending + t.Removing + t.Unreachable + t.Failed }

func (t *Tally) add(word string) {
	switch report.StateOf(word) {
	case report.InStep:
		t.InStep++
	case report.Pending:
		t.Pending++
	case report.Removing:
		t.Removing++
	case report.Unreachable:
		t.Unreachable++
	default:
		t.Failed++
	}
}

// Part is the count of one type or namespace.
type Part struct {
	Name    string `json:"name"`
	Objects int    `json:"objects"`
	// AsDeclared counts the objects that every member has as declared.
	AsDeclared int   `json:"asDeclared"`
	Copies     Tally `json:"copies"`
}

// Trouble counts copies, or objects, with the same word.
type Trouble struct {
	// Word is a status of a copy, or the reason of an object's condition.
	Word string `json:"word"`
	// Count is of copies, or of objects for the reason of a condition.
	Count int `json:"count"`
	// First names the first one, and Message is what its status says.
	First   string `json:"first"`
	Message string `json:"message,omitempty"`
	Next    string `json:"next"`
}

// Oldest is the object that has been out of step for the longest.
type Oldest struct {
	Object string    `json:"object"`
	Since  time.Time `json:"since"`
	Why    string    `json:"why"`
}

// Fleet is the whole federation on one page.
type Fleet struct {
	Members    MemberCounts `json:"members"`
	Objects    int          `json:"objects"`
	AsDeclared int          `json:"asDeclared"`
	// Unseen are objects that changed since fedsyncd last wrote their status.
	Unseen     int       `json:"unseen"`
	Copies     Tally     `json:"copies"`
	Oldest     *Oldest   `json:"oldest,omitempty"`
	Types      []Part    `json:"types"`
	Namespaces []Part    `json:"namespaces"`
	Troubles   []Trouble `json:"troubles"`
	// Frozen are removals that are held back because they are more than the budget on removals allows.
	Frozen int `json:"frozen"`
	// Warnings are overrides that do nothing, and types that are not served.
	Warnings []string `json:"warnings"`
}

// InStep tells that nothing is out of step.
func (f *Fleet) InStep() bool { return f.AsDeclared == f.Objects && f.Unseen == 0 }

// typed are the objects of one type.
type typed struct {
	kind    fleet.Type
	objects []control.Object
}

// counter sums up objects.
type counter struct {
	fleet      *Fleet
	namespaces map[string]*Part
	troubles   map[string]*Trouble
}

// tally sums up the objects, which are sorted, and then everything that is listed is.
func tally(all []typed) *Fleet {
	c := &counter{fleet: &Fleet{Types: []Part{}, Namespaces: []Part{}, Troubles: []Trouble{}, Warnings: []string{}}, namespaces: map[string]*Part{}, troubles: map[string]*Trouble{}}
	for _, of := range all {
		part := Part{Name: of.kind.Federated.Plural}
		for i := range of.objects {
			c.add(&part, of.kind, &of.objects[i])
		}
		c.fleet.Types = append(c.fleet.Types, part)
	}
	for _, p := range c.namespaces {
		c.fleet.Namespaces = append(c.fleet.Namespaces, *p)
	}
	slices.SortFunc(c.fleet.Namespaces, func(a, b Part) int { return cmp.Compare(a.Name, b.Name) })
	for _, t := range c.troubles {
		c.fleet.Troubles = append(c.fleet.Troubles, *t)
	}
	slices.SortFunc(c.fleet.Troubles, func(a, b Trouble) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Word, b.Word)) })
	return c.fleet
}

func (c *counter) add(part *Part, t fleet.Type, o *control.Object) {
	f := c.fleet
	inNamespace := c.namespaces[o.Key.Namespace]
	if inNamespace == nil {
		inNamespace = &Part{Name: o.Key.Namespace}
		if o.Key.Namespace != "" {
			c.namespaces[o.Key.Namespace] = inNamespace
		}
	}
	parts := []*Part{part, inNamespace}
	condition, told := propagation(o)
	fresh := told && o.Status.ObservedGeneration == o.Generation
	f.Objects++
	if !fresh {
		f.Unseen++
	}
	fine := fresh && condition.Status == "True"
	if fine {
		f.AsDeclared++
	} else {
		c.note(t, o, condition)
	}
	for _, p := range parts {
		p.Objects++
		if fine {
			p.AsDeclared++
		}
	}
	c.addCopies(parts, t, o)
	c.warn(t, o)
}

func (c *counter) addCopies(parts []*Part, t fleet.Type, o *control.Object) {
	for i := range o.Status.Clusters {
		entry := &o.Status.Clusters[i]
		c.fleet.Copies.add(entry.Status)
		for _, p := range parts {
			p.Copies.add(entry.Status)
		}
		if entry.Status == report.ClusterWaitingForRemoval && heldBack(entry.Message) {
			c.fleet.Frozen++
		}
		if entry.Status != report.ClusterOK {
			c.trouble(entry.Status, describe(t, o)+" in "+string(entry.Name), entry.Message)
		}
	}
}

// note looks at an object that is out of step: for how long, and whether its placement is why.
func (c *counter) note(t fleet.Type, o *control.Object, condition report.Condition) {
	if condition.Reason != "" && condition.Reason != report.ReasonCheckClusters {
		c.trouble(condition.Reason, describe(t, o), condition.Message)
	}
	since, err := time.Parse(time.RFC3339, condition.LastTransitionTime)
	if err != nil || condition.Status == "True" { // it is edited and not looked at: since when is not stored
		return
	}
	if c.fleet.Oldest == nil || since.Before(c.fleet.Oldest.Since) {
		c.fleet.Oldest = &Oldest{Object: describe(t, o), Since: since, Why: cmp.Or(condition.Message, condition.Reason)}
	}
}

func (c *counter) trouble(word, first, message string) {
	t := c.troubles[word]
	if t == nil {
		t = &Trouble{Word: word, First: first, Message: message, Next: nextStep(word)}
		c.troubles[word] = t
	}
	t.Count++
}

// warn lists what is said about an object although it is in step.
func (c *counter) warn(t fleet.Type, o *control.Object) {
	for _, condition := range o.Status.Conditions {
		if condition.Type != report.ConditionPropagation && condition.Status == "False" {
			c.fleet.Warnings = append(c.fleet.Warnings, describe(t, o)+": "+cmp.Or(condition.Message, condition.Reason))
		}
	}
}

// propagation returns the condition that says how the object stands, and whether there is one.
func propagation(o *control.Object) (report.Condition, bool) {
	for _, c := range o.Status.Conditions {
		if c.Type == report.ConditionPropagation {
			return c, true
		}
	}
	return report.Condition{}, false
}

// describe names an object as the commands take it.
func describe(t fleet.Type, o *control.Object) string {
	name := t.Federated.Plural + "/" + o.Key.Name
	if o.Key.Namespace != "" {
		name += " -n " + o.Key.Namespace
	}
	return name
}
