package preview

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/member"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/preview"
	"github.com/fedsync/fedsync/fleet"
)

// How many members of a group are asked.
const (
	verifyAll    = "all"
	verifySample = "sample"
	verifyNone   = "none"
)

// sampleFrom is from how many members on a second one of a group is asked.
const sampleFrom = 10

// answer is what a member's API server makes of a copy's future.
type answer struct {
	// before and after are presentable and covered; nil where there is no object.
	before, after map[string]any
	// refused says that and why the member would refuse it.
	refused string
	// why says why there is no answer.
	why string
	// unknown are fields that would be left out, because the member does not know them.
	unknown []string
}

// result is a group with what became of asking.
type result struct {
	preview.Group
	answer

	asked []fleet.Name
}

// fields returns what differs.
func (r *result) fields() []preview.Field { return preview.Diff(r.before, r.after) }

// confirmer asks members by dry runs.
type confirmer struct {
	seen   *observations
	worlds *worlds
	veil   preview.Veil
	verify string

	dryRuns atomic.Int64
}

// groupsAtOnce is how many groups are asked about at a time.
const groupsAtOnce = 32

// confirm asks for each group what its copies would become. Groups stay in their order.
func (c *confirmer) confirm(ctx context.Context, groups []preview.Group, progress *cli.Progress) []result {
	made := make([][]result, len(groups))
	var done atomic.Int64
	var group errgroup.Group
	group.SetLimit(groupsAtOnce)
	for i := range groups {
		group.Go(func() error {
			made[i] = c.group(ctx, &groups[i])
			progress.Sayf("checked %d of %d changes", done.Add(1), len(groups))
			return nil
		})
	}
	_ = group.Wait() // none of them fails
	return slices.Concat(made...)
}

// group asks about one group. If a sample answers otherwise, or not at all, everybody is asked, and those that differ become groups of
// their own.
func (c *confirmer) group(ctx context.Context, g *preview.Group) []result {
	if g.Certainty != preview.Exact || c.verify == verifyNone || g.Action.Verb == plan.Wait {
		return []result{c.unasked(g)}
	}
	chosen := c.choose(g)
	answers := c.askAll(ctx, g, chosen)
	if len(chosen) == len(g.Members) || alike(answers) && answers[0].why == "" {
		return c.gather(g, chosen, answers)
	}
	return c.gather(g, g.Members, c.askAll(ctx, g, g.Members))
}

// choose returns whom to ask. Objects spread over members, so that none has to answer for all.
func (c *confirmer) choose(g *preview.Group) []fleet.Name {
	if c.verify == verifyAll {
		return g.Members
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(g.Object.String())) // it never fails
	n := uint32(len(g.Members))                  //nolint:gosec // a fleet is not that large
	first := hash.Sum32() % n
	chosen := []fleet.Name{g.Members[first]}
	if len(g.Members) > sampleFrom {
		chosen = append(chosen, g.Members[(first+n/2)%n])
	}
	return chosen
}

func (c *confirmer) askAll(ctx context.Context, g *preview.Group, whom []fleet.Name) []answer {
	answers := make([]answer, len(whom))
	var wait sync.WaitGroup
	for i, name := range whom {
		wait.Go(func() { answers[i] = c.ask(ctx, g, name) })
	}
	wait.Wait()
	return answers
}

func alike(answers []answer) bool {
	for i := range answers {
		if !same(&answers[0], &answers[i]) {
			return false
		}
	}
	return true
}

func same(a, b *answer) bool {
	if a.why != "" || b.why != "" {
		return a.why == b.why
	}
	return a.refused == b.refused && a.why == b.why && slices.Equal(a.unknown, b.unknown) && reflect.DeepEqual(preview.Diff(a.before, a.after), preview.Diff(b.before, b.after))
}

// gather puts those together that answered alike. Who was not asked goes with the first.
func (c *confirmer) gather(g *preview.Group, whom []fleet.Name, answers []answer) []result {
	var made []result
	for i, name := range whom {
		at := slices.IndexFunc(made, func(r result) bool { return same(&r.answer, &answers[i]) })
		if at < 0 {
			at = len(made)
			one := result{Group: *g, answer: answers[i]}
			if answers[i].why != "" {
				one = c.unasked(g)
				one.Certainty, one.Why, one.why = preview.Predicted, answers[i].why, answers[i].why
			}
			one.Members, one.Member = nil, name
			made = append(made, one)
		}
		made[at].Members = append(made[at].Members, name)
		made[at].asked = append(made[at].asked, name)
	}
	for _, name := range g.Members {
		if !slices.Contains(whom, name) {
			made[0].Members = append(made[0].Members, name)
		}
	}
	slices.Sort(made[0].Members)
	return made
}

// unasked is what can be said without asking: the difference between what the copy was declared to be and what it is declared to be now.
func (c *confirmer) unasked(g *preview.Group) result {
	r := result{Group: *g}
	if r.Certainty == preview.Exact && g.Action.Verb != plan.Wait {
		r.Certainty, r.Why = preview.Predicted, "the member was not asked"
	}
	if g.Desired == nil {
		return r
	}
	r.after = c.show(g.Desired.Object)
	if was, ok := c.worlds.before.Desired(g.Object, g.Member); ok && g.Seen.Present {
		r.before = c.show(was.Object)
	}
	return r
}

// show returns an object as it may be printed.
func (c *confirmer) show(o map[string]any) map[string]any {
	if o == nil {
		return nil
	}
	return c.veil.Cover(preview.Presentable(o))
}

// ask asks one member what would become of one copy.
func (c *confirmer) ask(ctx context.Context, g *preview.Group, name fleet.Name) answer {
	m := c.seen.members[name]
	if m == nil {
		return answer{why: "the member does not answer"}
	}
	if why := m.down.Load(); why != nil {
		return answer{why: *why}
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	gvr := g.Kind.Target.GVR()
	if g.Desired != nil {
		if gv, err := schema.ParseGroupVersion(g.Desired.APIVersion); err == nil {
			gvr = gv.WithResource(gvr.Resource)
		}
	}
	of := m.Dynamic.Resource(gvr).Namespace(g.Kind.CopyNamespace(g.Object.Namespace))
	live, err := of.Get(ctx, g.Object.Name, metav1.GetOptions{})
	var content map[string]any
	switch {
	case err == nil:
		content = live.Object
	case !apierrors.IsNotFound(err):
		return c.failed(m, err)
	}
	a := answer{before: c.show(content)}
	after, unknown, err := c.dryRun(ctx, m, of, g, content)
	if err != nil {
		failed := c.failed(m, err)
		if a.why = failed.why; a.why == "" {
			a.refused = discreet(g.Kind, failed.refused, err)
		}
		return a
	}
	a.after, a.unknown = c.show(after), unknown
	return a
}

// discreet leaves out what a member says of a Secret: it could quote the content.
func discreet(t fleet.Type, said string, err error) string {
	if t.IsSecret() {
		return fmt.Sprintf("%s; what the member says could quote the content, and is not shown", fault.Of(err).Class)
	}
	return said
}

// failed says what an error means: the member refuses, or gives no answer.
func (c *confirmer) failed(m *asked, err error) answer {
	switch f := fault.Of(m.note(err)); f.Class {
	case fault.Unreachable, fault.TimedOut, fault.Unauthorized, fault.Overloaded, fault.Retry:
		return answer{why: "the member does not answer: " + f.Message()}
	default:
		return answer{refused: f.Message()}
	}
}

// dryRun does what the daemon would do, for show. It returns the object as it would be, nil if it would be gone, and the fields that would be
// left out.
func (c *confirmer) dryRun(ctx context.Context, m *asked, of dynamic.ResourceInterface, g *preview.Group, live map[string]any) (map[string]any, []string, error) {
	c.dryRuns.Add(1)
	name, all := g.Object.Name, []string{metav1.DryRunAll}
	switch g.Action.Verb {
	case plan.Delete:
		uid := g.Seen.Observed.UID
		if metadata, ok := live["metadata"].(map[string]any); ok { // each member's copy has its own
			if text, isText := metadata["uid"].(string); isText {
				uid = types.UID(text)
			}
		}
		err := of.Delete(ctx, name, metav1.DeleteOptions{DryRun: all, Preconditions: &metav1.Preconditions{UID: &uid}})
		if apierrors.IsNotFound(err) { // it has gone meanwhile
			err = nil
		}
		return nil, nil, err
	case plan.Release:
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
			"labels": map[string]any{fleet.ManagedLabel: nil}, "annotations": map[string]any{fleet.AppliedAnnotation: nil},
		}})
		if err != nil {
			return nil, nil, err
		}
		made, err := of.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{DryRun: all, FieldManager: member.FieldManager})
		if err != nil {
			return nil, nil, err
		}
		return made.Object, nil, nil
	default:
	}
	if g.Action.Verb == plan.Create && live != nil {
		return nil, nil, apierrors.NewAlreadyExists(schema.GroupResource{Group: g.Kind.Target.Group, Resource: g.Kind.Target.Plural}, name)
	}
	return member.PreviewApply(ctx, m.REST, member.Preview{Kind: g.Kind, Object: g.Object, Desired: g.Desired, Seen: g.Seen.Observed}, live)
}
