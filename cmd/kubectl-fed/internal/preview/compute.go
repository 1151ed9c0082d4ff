package preview

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/client-go/dynamic"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/manifest"
	"github.com/fedsync/fedsync/federation/preview"
)

// request is what plan and apply have in common.
type request struct {
	g        *cli.Global
	sources  manifest.Sources
	deleting bool
	verify   string
}

func (r *request) addFlags(c *cobra.Command) {
	r.sources.AddFlags(c.Flags())
	c.Flags().BoolVar(&r.deleting, "delete", false, "the objects would be deleted on the host, instead of stored")
}

// computed is a plan.
type computed struct {
	plane     *control.Plane
	client    dynamic.Interface
	proposals []*proposal
	worlds    *worlds
	read      preview.Read
	results   []result
	dryRuns   int64
}

// compute makes the plan.
func (r *request) compute(ctx context.Context) (*computed, error) {
	if !r.sources.Given() {
		return nil, cli.Next(errors.New("name what is proposed"), "-f FILE, -f DIRECTORY, or -k DIRECTORY")
	}
	documents, err := r.sources.Read(r.g.In)
	if err != nil {
		return nil, cli.Next(err, "correct it; nothing was asked or written")
	}
	c := &computed{read: preview.Read{}}
	if c.plane, err = r.g.Plane(); err != nil {
		return nil, err
	}
	if c.client, err = dynamic.NewForConfig(c.plane.Config); err != nil {
		return nil, err
	}
	progress := cli.StartProgress(r.g.ErrOut, "asking the host")
	defer progress.Stop()
	list, err := c.plane.Types(ctx)
	if err != nil {
		return nil, err
	}
	namespace, err := r.g.Namespace()
	if err != nil {
		return nil, err
	}
	p := &proposer{plane: c.plane, client: c.client, types: list, namespace: namespace, deleting: r.deleting, namespaces: map[string]bool{}}
	if c.proposals, err = p.propose(ctx, documents); err != nil {
		return nil, err
	}
	c.read.Note("to be deleted", r.deleting) // the same files, stored and deleted, are two plans
	if c.worlds, err = readWorlds(ctx, c.plane, list, c.proposals, r.deleting); err != nil {
		return nil, err
	}
	return c, c.look(ctx, r.verify, progress)
}

// look asks the members.
func (c *computed) look(ctx context.Context, verify string, progress *cli.Progress) error {
	seen := connectAll(ctx, c.plane, c.worlds.clusters)
	seen.look(ctx, c.worlds.after.Objects, progress)
	changes := preview.Changes(c.worlds.before, c.worlds.after, c.worlds.proposed, seen.of)
	c.note(changes)
	key := make([]byte, 32) //nolint:mnd // bytes of a key
	if _, err := rand.Read(key); err != nil {
		return err
	}
	confirmer := &confirmer{seen: seen, worlds: c.worlds, veil: preview.NewVeil(key), verify: verify}
	c.results = confirmer.confirm(ctx, preview.Groups(changes), progress)
	c.dryRuns = confirmer.dryRuns.Load()
	return ctx.Err()
}

// note remembers all that the plan was made from.
func (c *computed) note(changes []preview.Change) {
	c.read.NoteWorld(c.worlds.before)
	for _, p := range c.proposals {
		c.read.Note("proposed "+p.title()+" "+p.proposed.GetNamespace(), []any{p.proposed.Object["spec"], p.proposed.GetLabels(), p.proposed.GetAnnotations()})
		if p.stored != nil { // a copy's status moves all the time; what a person wrote is meant
			c.read.Note("stored "+p.title()+" "+p.proposed.GetNamespace(), []any{p.stored.GetUID(), p.stored.Object["spec"], p.stored.GetLabels(), p.stored.GetAnnotations()})
		}
	}
	for i := range changes {
		c.read.NoteSeen(changes[i].Object, changes[i].Member, changes[i].Seen)
	}
}

// counts are how many copies have which future.
type counts struct {
	Created int `json:"created"`
	Changed int `json:"changed"`
	Removed int `json:"removed"`
	Refused int `json:"refused"`
}

func (c *computed) counts() counts {
	var n counts
	for i := range c.results {
		r := &c.results[i]
		switch {
		case r.refused != "" || r.Action.Verb.Waits():
			n.Refused += len(r.Members)
		case r.Removal():
			n.Removed += len(r.Members)
		case r.Seen.Present || r.Seen.Foreign:
			n.Changed += len(r.Members)
		default:
			n.Created += len(r.Members)
		}
	}
	return n
}

// changed tells that the plan changes anything, on the host or in members.
func (c *computed) changed() bool {
	return len(c.results) > 0 || slices.ContainsFunc(c.proposals, func(p *proposal) bool { return p.fate() != fateUnchanged })
}

// What becomes of an object on the host.
const (
	fateCreated   = "created"
	fateChanged   = "changed"
	fateUnchanged = "unchanged"
	fateDeleted   = "deleted"
)

func (p *proposal) fate() string {
	switch {
	case p.stored == nil:
		return fateCreated
	case p.proposed == p.stored:
		return fateDeleted
	case len(preview.Diff(preview.Presentable(p.stored.Object), preview.Presentable(p.proposed.Object))) == 0:
		return fateUnchanged
	}
	return fateChanged
}

// paths are the fields of the object that would change on the host. Their values are not told: it may be a FederatedSecret.
func (p *proposal) paths() []string {
	if p.fate() != fateChanged {
		return nil
	}
	var paths []string
	for _, f := range preview.Diff(preview.Presentable(p.stored.Object), preview.Presentable(p.proposed.Object)) {
		paths = append(paths, f.Path)
	}
	return paths
}

// warnings are what a person should know about an object, although nothing is wrong with it.
func (c *computed) warnings(p *proposal) []string {
	var all []string
	if !p.kind.Enabled() {
		all = append(all, fmt.Sprintf("the propagation of %s is disabled: nothing happens to copies", p.kind.Name))
	}
	if c.worlds.after.Settings.Ignored(p.kind.Type, p.key()) {
		all = append(all, "fedsyncd makes no copies of it: its namespace is the system's or not the one that it lies in, or outside of the scope of the control plane")
	}
	for _, name := range c.worlds.after.Unregistered(p.key()) {
		all = append(all, fmt.Sprintf("spec.placement.clusters lists %q, which is not a member", name))
	}
	return append(all, c.worlds.after.Warnings(p.key())...)
}
