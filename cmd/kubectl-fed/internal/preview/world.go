package preview

import (
	"context"
	"encoding/json"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/preview"
	"github.com/fedsync/fedsync/fleet"
)

// worlds are the host as it is and as it would be.
type worlds struct {
	before, after *preview.World
	clusters      []fedv1b1.KubeFedCluster
	// proposed are the objects that documents propose.
	proposed map[fleet.ObjectKey]bool
}

// readWorlds reads what the proposals concern: the objects themselves; all objects of a namespace whose FederatedNamespace they change; and
// all objects if they change a member.
func readWorlds(ctx context.Context, plane *control.Plane, list []control.Type, proposals []*proposal, deleting bool) (*worlds, error) {
	clusters, err := plane.Clusters(ctx)
	if err != nil {
		return nil, err
	}
	rules, err := plane.Rules(ctx)
	if err != nil {
		return nil, err
	}
	w := &worlds{clusters: clusters, proposed: map[fleet.ObjectKey]bool{}}
	w.before = &preview.World{
		Members: control.SnapshotOf(clusters, rules.HostUID), Objects: map[fleet.ObjectKey]preview.Object{}, Namespaces: map[string]*fleet.FederatedObject{},
		Settings: rules,
	}
	if err := w.read(ctx, plane, list, proposals); err != nil {
		return nil, err
	}
	return w, w.step(proposals, deleting)
}

// read fills in the objects as they are.
func (w *worlds) read(ctx context.Context, plane *control.Plane, list []control.Type, proposals []*proposal) error {
	everywhere, inside := false, map[string]bool{}
	needed := map[string]bool{} // namespaces whose placement matters
	for _, p := range proposals {
		switch {
		case p.kind == nil:
			everywhere = everywhere || p.resource == control.ClusterResource()
		case p.kind.IsNamespace():
			inside[p.proposed.GetName()] = true
		default:
			needed[p.proposed.GetNamespace()] = true
		}
	}
	for i := range list {
		t := &list[i]
		if !t.Enabled() {
			continue
		}
		if err := w.readType(ctx, plane, t, everywhere, inside); err != nil {
			return err
		}
	}
	for _, p := range proposals {
		if p.kind == nil || p.stored == nil {
			continue
		}
		o, err := decodeOne(p.kind.Type, p.stored.Object)
		if err != nil {
			return err
		}
		w.add(o, p.kind)
	}
	return w.readNamespaces(ctx, plane, list, needed)
}

// add adds an object. One of a type that is disabled has no copies that the daemon looks after; namespaces place others all the same.
func (w *worlds) add(o *fleet.FederatedObject, t *control.Type) {
	if t.Enabled() {
		w.before.Objects[o.Key] = preview.Object{FederatedObject: o, Kind: t.Type}
	}
	if t.IsNamespace() && o.Key.Name == o.Key.Namespace {
		w.before.Namespaces[o.Key.Name] = o
	}
}

func (w *worlds) readType(ctx context.Context, plane *control.Plane, t *control.Type, everywhere bool, inside map[string]bool) error {
	var namespaces []string
	if everywhere {
		namespaces = []string{""}
	} else if t.Target.Namespaced {
		for namespace := range maps.Keys(inside) {
			namespaces = append(namespaces, namespace)
		}
	}
	for _, namespace := range namespaces {
		objects, err := plane.Objects(ctx, t.Type, namespace)
		if apierrors.IsNotFound(err) {
			continue // the type is not served: it has no objects
		}
		if err != nil {
			return err
		}
		for i := range objects {
			w.add(objects[i].FederatedObject, t)
		}
	}
	return nil
}

// readNamespaces reads the FederatedNamespaces of the namespaces that objects live in.
func (w *worlds) readNamespaces(ctx context.Context, plane *control.Plane, list []control.Type, needed map[string]bool) error {
	t, err := control.Find(list, string(fleet.NamespaceType))
	if err != nil {
		return cli.Next(err, "without that type nothing namespaced is placed: `kubectl fed enable namespaces`")
	}
	for key := range w.before.Objects {
		needed[key.Namespace] = true
	}
	for namespace := range needed {
		if w.before.Namespaces[namespace] != nil || namespace == "" {
			continue
		}
		o, found, err := plane.Lookup(ctx, t.Type, namespace, namespace)
		if err != nil {
			return err
		}
		if found {
			w.before.Namespaces[namespace] = o.FederatedObject
		}
	}
	return nil
}

// step makes the world as it would be.
func (w *worlds) step(proposals []*proposal, deleting bool) error {
	after := *w.before
	after.Objects, after.Namespaces = maps.Clone(w.before.Objects), maps.Clone(w.before.Namespaces)
	w.after = &after
	for _, p := range proposals {
		if p.kind == nil {
			if err := w.stepMember(p); err != nil {
				return err
			}
			continue
		}
		o, err := decodeOne(p.kind.Type, p.proposed.Object)
		if err != nil {
			return err
		}
		o.Deleting = o.Deleting || deleting
		w.proposed[o.Key] = true
		if p.kind.Enabled() { // else the daemon leaves its copies alone; namespaces place others all the same
			after.Objects[o.Key] = preview.Object{FederatedObject: o, Kind: p.kind.Type}
		}
		if p.kind.IsNamespace() && o.Key.Name == o.Key.Namespace {
			after.Namespaces[o.Key.Name] = o
		}
	}
	return nil
}

func (w *worlds) stepMember(p *proposal) error {
	if p.resource != control.ClusterResource() {
		return nil
	}
	m, _ := w.before.Members.Member(fleet.Name(p.proposed.GetName()))
	marked := &fedv1b1.KubeFedCluster{}
	marked.Annotations = p.proposed.GetAnnotations()
	m.Labels = p.proposed.GetLabels()
	m.Cordoned, m.Drained = host.Marked(marked, host.CordonedAnnotation), host.Marked(marked, host.DrainedAnnotation)
	w.after.Members = w.after.Members.With(m)
	return nil
}

// decodeOne reads a federated object as the daemon does.
func decodeOne(t fleet.Type, content map[string]any) (*fleet.FederatedObject, error) {
	body, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	o, err := control.Decode(t, body)
	return o.FederatedObject, err
}
