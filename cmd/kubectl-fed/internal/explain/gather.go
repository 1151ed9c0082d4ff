package explain

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/member"
	"github.com/fedsync/fedsync/federation/provenance"
	"github.com/fedsync/fedsync/federation/resolve"
	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
	"github.com/fedsync/fedsync/placement/override"
)

// memberTimeout is how long the member may take before it is gone on without it.
const memberTimeout = 5 * time.Second

// question is what is asked.
type question struct {
	word, name, member string
}

// gather reads everything and makes the explanation.
func gather(ctx context.Context, g *cli.Global, q question) (*Explanation, error) {
	t, err := g.FindObject(ctx, q.word, q.name)
	if err != nil {
		return nil, err
	}
	plane, o := t.Plane, &t.Object
	cluster, err := plane.Cluster(ctx, q.member)
	if err != nil {
		return nil, unknownMember(o, q.member, err)
	}
	s, err := subjectOf(ctx, plane, t.Types, o, t.Type)
	if err != nil {
		return nil, err
	}
	return explain(ctx, plane, s, cluster)
}

// unknownMember says more of a member that the placement lists.
func unknownMember(o *control.Object, name string, err error) error {
	for _, listed := range o.Placement.Clusters {
		if string(listed) == name {
			return cli.Next(fmt.Errorf("%w; the placement lists it, and nothing comes of that before it joins", err), "`kubectl fed join %s` registers it", name)
		}
	}
	return err
}

// subject is a federated object with what surrounds it.
type subject struct {
	resolve.Subject

	object    *control.Object
	namespace *control.Object // nil if it has no say
}

func subjectOf(ctx context.Context, plane *control.Plane, list []control.Type, o *control.Object, t fleet.Type) (*subject, error) {
	s := &subject{object: o}
	rules, err := plane.Rules(ctx)
	if err != nil {
		return nil, err
	}
	known := false
	if namespaces, err := control.Find(list, string(fleet.NamespaceType)); err == nil { // without that type nothing is known of namespaces
		ns, found, err := plane.Lookup(ctx, namespaces.Type, o.Key.Namespace, o.Key.Namespace)
		if err != nil {
			return nil, err
		}
		if known = true; found {
			s.namespace = &ns
		}
	}
	s.Subject = rules.NewSubject(o.FederatedObject, t, override.NewRenderer(o.FederatedObject, t), func(string) (*fleet.FederatedObject, bool) {
		if s.namespace == nil {
			return nil, known
		}
		return s.namespace.FederatedObject, known
	})
	return s, nil
}

func explain(ctx context.Context, plane *control.Plane, s *subject, cluster *fedv1b1.KubeFedCluster) (*Explanation, error) {
	m, _ := control.SnapshotOf([]fedv1b1.KubeFedCluster{*cluster}, s.Settings.HostUID).Member(fleet.Name(cluster.Name))
	names, err := plane.MemberNames(ctx)
	if err != nil {
		return nil, err
	}
	chosen := &selection{verdict: s.Verdict(m), object: s.object, namespace: s.namespace, member: m}
	key := s.Object.Key
	e := &Explanation{
		SchemaVersion: schemaVersion, Kind: s.Kind.Federated.Kind, Namespace: key.Namespace, Name: key.Name, Member: cluster.Name,
		Selected: chosen.selected(), Reason: string(chosen.verdict.Reason), Health: healthOf(cluster, m), Fields: []provenance.Field{},
	}
	e.Placement, e.Terms = chosen.sentence()
	e.State, e.Message = stateOf(s.object, m.Name)
	for _, w := range s.Renderer.Warnings(func(n fleet.Name) bool { return slices.Contains(names, string(n)) }) {
		if w.Member == m.Name {
			e.Warnings = append(e.Warnings, w.String())
		}
	}
	return e, explainFields(ctx, plane, s, cluster, e)
}

func healthOf(c *fedv1b1.KubeFedCluster, m fleet.Member) string {
	health := "fedsyncd has not looked at it yet"
	if len(c.Status.Conditions) > 0 {
		health = "not ready"
	}
	if m.Ready {
		health = "ready"
	}
	for _, condition := range c.Status.Conditions {
		if !m.Ready && condition.Message != nil && *condition.Message != "" {
			health = "not ready: " + *condition.Message
		}
	}
	switch {
	case m.Drained:
		health += ", drained"
	case m.Cordoned:
		health += ", cordoned: it gets no new copies"
	}
	return health
}

// explainFields says where the fields of the copy come from. A copy that is not wanted has none that would be declared.
func explainFields(ctx context.Context, plane *control.Plane, s *subject, cluster *fedv1b1.KubeFedCluster, e *Explanation) error {
	name := fleet.Name(cluster.Name)
	e.Source = "host"
	desired, problem := s.Renderer.Render(name)
	if problem != nil {
		e.Why = problem.String()
		return nil
	}
	live, why, err := liveCopy(ctx, plane, s, cluster, desired)
	if err != nil {
		return err
	}
	if e.Why = why; live != nil {
		e.Source = "member"
	} else if e.Selected != "yes" {
		return nil
	}
	var template map[string]any
	if len(s.Object.Template) > 0 {
		d := json.NewDecoder(bytes.NewReader(s.Object.Template))
		d.UseNumber()
		if err := d.Decode(&template); err != nil {
			return fmt.Errorf("read spec.template: %w", err)
		}
	}
	e.Fields = provenance.Fields(provenance.Input{
		Desired: desired, Overrides: s.Renderer.Provenance(name), Template: template, Live: live, Manager: member.FieldManager,
	})
	return nil
}

// liveCopy reads the copy in the member. If there is none to read, why says so.
func liveCopy(ctx context.Context, plane *control.Plane, s *subject, cluster *fedv1b1.KubeFedCluster, desired *fleet.Desired) (live map[string]any, why string, err error) {
	m, err := plane.Connect(ctx, cluster)
	if err != nil {
		if ctx.Err() != nil {
			return nil, "", err
		}
		return nil, err.Error() + ": what the member keeps or fills in is not shown", nil
	}
	defer m.Close()
	asking, cancel := context.WithTimeout(ctx, memberTimeout)
	defer cancel()
	if err := m.CheckIdentity(asking); errors.Is(err, control.ErrStranger) {
		return nil, err.Error() + ": what the member keeps or fills in is not shown", nil
	}
	gvr := s.Kind.Target.GVR()
	if gv, err := schema.ParseGroupVersion(desired.APIVersion); err == nil {
		gvr = gv.WithResource(gvr.Resource)
	}
	o, err := m.Dynamic.Resource(gvr).Namespace(s.Kind.CopyNamespace(s.Object.Key.Namespace)).Get(asking, s.Object.Key.Name, metav1.GetOptions{})
	switch {
	case err == nil:
		return o.Object, "", nil
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, "", err
	case apierrors.IsNotFound(err):
		if s.Verdict(fleet.Member{Name: m.Name, Labels: cluster.Labels}).Choice == placement.Chosen {
			return nil, "the member has no such object: what is shown is what it would be", nil
		}
		return nil, "the member has no such object", nil
	}
	if fault.Of(err).Class == fault.Forbidden {
		return nil, "fedsync may not read it in the member: what the member keeps or fills in is not shown", nil
	}
	return nil, "the member does not answer: what it keeps or fills in is not shown", nil
}
